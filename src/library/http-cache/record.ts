import { crc32 } from 'node:zlib';
import type { StoredResponse } from './stored-response.ts';

/** A stored response within a record. */
export interface RecordEntry {
  readonly response: StoredResponse;
  /** How long the response had been stored when the record was written, in milliseconds. */
  readonly residentMs: number;
  /** How long after it was received the response is worth storing, in milliseconds. */
  readonly usefulMs: number;
}

/** The value of one key in the store. */
export interface CacheRecord {
  /** One response per variant, newest first. */
  readonly entries: readonly RecordEntry[];
  /**
   * Generation of the URL, in the URL's own record: a random ID that each invalidation replaces. Empty in the
   * records of credentials and keyed bodies.
   */
  readonly generation: string;
  /** Wall-clock milliseconds. */
  readonly writtenAt: number;
  /** The TTL that the record was written with. */
  readonly ttlMs: number;
}

const MAGIC = 'RHC1';
const HEADER_BYTES = 12;

/**
 * Encodes a record: 4 bytes `RHC1`, a CRC-32 of what follows it, the length of the JSON (both unsigned
 * 32-bit, little-endian), the JSON, and the inline bodies in the order of their entries.
 */
export function encodeRecord({ entries, ...rest }: CacheRecord): Uint8Array {
  const described = entries.map(({ response: { body, ...response }, residentMs, usefulMs }) => ({
    response: body ? { ...response, body: true } : response,
    residentMs,
    usefulMs,
  }));
  const json = JSON.stringify({ entries: described, ...rest });
  const jsonBytes = Buffer.byteLength(json);
  const bodies = entries.flatMap(({ response }) => response.body ?? []);
  const length = bodies.reduce((sum, body) => sum + body.byteLength, HEADER_BYTES + jsonBytes);
  // Memory of its own: a store that keeps a part of Node's shared pool would retain the whole pool.
  const bytes = Buffer.allocUnsafeSlow(length);
  bytes.write(MAGIC, 'latin1');
  bytes.writeUInt32LE(jsonBytes, 8);
  bytes.write(json, HEADER_BYTES);
  let end = HEADER_BYTES + jsonBytes;
  for (const body of bodies) {
    bytes.set(body, end);
    end += body.byteLength;
  }
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4);
  return bytes;
}

/**
 * Decodes a record.
 * @throws Error if the bytes are not a complete record of this version
 */
export function decodeRecord(bytes: Uint8Array): CacheRecord {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < HEADER_BYTES || buffer.toString('latin1', 0, 4) !== MAGIC) {
    throw new Error('not an HTTP cache record');
  }
  if (buffer.readUInt32LE(4) !== crc32(buffer.subarray(8))) {
    throw new Error('corrupt HTTP cache record: checksum mismatch');
  }
  let end = HEADER_BYTES + buffer.readUInt32LE(8);
  // The cast is safe: the checksum proves that encodeRecord wrote these bytes.
  const record = JSON.parse(buffer.toString('utf8', HEADER_BYTES, end)) as CacheRecord;
  const entries = record.entries.map((entry) => {
    if (entry.response.body === undefined) return entry;
    const start = end;
    end += entry.response.bodyBytes;
    return { ...entry, response: { ...entry.response, body: buffer.subarray(start, end) } };
  });
  return { ...record, entries };
}

/** Memory of a decoded record and of a response in it, besides the bodies: parts of the encoded record. */
const RECORD_BYTES = 300;
const RESPONSE_BYTES = 1400;
const FIELD_BYTES = 40;

/**
 * Estimates the memory of a decoded record in bytes, with what is kept for its reuse, in addition to that of the
 * encoded record. Names of fields are shared by all records.
 */
export function decodedBytes({ entries }: CacheRecord): number {
  let bytes = RECORD_BYTES;
  for (const { response } of entries) {
    bytes += RESPONSE_BYTES;
    for (const value of Object.values(response.headers)) {
      for (const line of typeof value === 'string' ? [value] : value) bytes += FIELD_BYTES + line.length;
    }
  }
  return bytes;
}
