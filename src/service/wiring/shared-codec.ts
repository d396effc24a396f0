import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { type Codec, jsonCodec } from '../../library/redis/index.ts';
import { EngineListSchema, EngineStatsByIdSchema, TotalStatsSchema } from '../api/schemas/engines.ts';
import { NodeListSchema } from '../api/schemas/nodes.ts';
import { StatusSchema } from '../api/schemas/status.ts';
import { VpnStatusSchema } from '../api/schemas/vpn.ts';

const CHECKSUM_BYTES = 4;

/**
 * JSON with a checksum. It shows that a value was written by this codec and is complete, so its parts need no
 * checks of their own.
 */
export function checkedCodec<V>(): Codec<V> {
  const json = jsonCodec<V>();
  return {
    encode(value) {
      const bytes = json.encode(value);
      const checksum = Buffer.alloc(CHECKSUM_BYTES);
      checksum.writeUInt32LE(crc32(bytes));
      return Buffer.concat([checksum, bytes]);
    },
    decode(bytes) {
      const { buffer, byteOffset, byteLength } = bytes;
      const checked = Buffer.from(buffer, byteOffset, byteLength);
      const value = checked.subarray(CHECKSUM_BYTES);
      if (byteLength <= CHECKSUM_BYTES || checked.readUInt32LE(0) !== crc32(value))
        throw new Error('a value in Redis is corrupt: checksum mismatch');
      return json.decode(value);
    },
  };
}

/**
 * Identifies the shape of the shared values. During a rolling upgrade, orchestrators whose values have
 * different shapes do not read each other's.
 * @param version version of Roundhouse
 */
export function shapeOf(version: string): string {
  const schemas = [
    EngineListSchema,
    EngineStatsByIdSchema,
    TotalStatsSchema,
    StatusSchema,
    NodeListSchema,
    VpnStatusSchema,
  ];
  return createHash('sha256')
    .update(JSON.stringify([version, schemas]))
    .digest('hex')
    .slice(0, 12);
}
