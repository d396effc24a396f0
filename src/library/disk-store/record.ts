import { hash } from 'node:crypto';
import { parseJson } from './files.ts';

/** Size of the blocks that bodies are verified in. The last block of a body may be shorter. */
export const BLOCK_BYTES = 256 * 1024;
const HASH_BYTES = 32;
const LENGTH_BYTES = 4;

/** JSON values that describe a body, such as its header fields. */
export type DiskMetadata = Readonly<Record<string, unknown>>;

/** What is stored about a key. */
export interface DiskRecord {
  readonly key: string;
  readonly metadata: DiskMetadata;
  /** Size of the body in bytes. */
  readonly size: number;
  /** SHA-256 hash of the body, in hexadecimal digits. */
  readonly sha256: string;
  /** When the body was stored, in milliseconds since the epoch. */
  readonly createdAt: number;
  /** SHA-256 hashes of the blocks of the body; empty if the record contains the body. */
  readonly blocks: Buffer;
  /** The body, if the record contains it. */
  readonly inline?: Buffer;
}

/** Returns the SHA-256 hash of some bytes. */
export function sha256(bytes: Uint8Array): Buffer {
  return hash('sha256', bytes, 'buffer');
}

/**
 * Encodes a record: the SHA-256 hash of all that follows, the length of the JSON part, the JSON part, and either the
 * hashes of the blocks or the body.
 */
export function encodeRecord({ blocks, inline, ...fields }: DiskRecord): Buffer {
  const json = Buffer.from(JSON.stringify({ ...fields, inline: inline !== undefined }));
  const record = Buffer.concat([Buffer.alloc(HASH_BYTES + LENGTH_BYTES), json, inline ?? blocks]);
  record.writeUInt32LE(json.length, HASH_BYTES);
  sha256(record.subarray(HASH_BYTES)).copy(record);
  return record;
}

/** Decodes a record. @returns undefined if it is not what was encoded */
export function decodeRecord(bytes: Buffer): DiskRecord | undefined {
  if (bytes.length < HASH_BYTES + LENGTH_BYTES) return undefined;
  if (!sha256(bytes.subarray(HASH_BYTES)).equals(bytes.subarray(0, HASH_BYTES))) return undefined;
  const start = HASH_BYTES + LENGTH_BYTES;
  const end = start + bytes.readUInt32LE(HASH_BYTES);
  const decoded = parseJson(bytes.toString('utf8', start, end));
  if (!hasFields(decoded)) return undefined;
  const { inline, ...fields } = decoded;
  const rest = bytes.subarray(end);
  const restBytes = inline ? fields.size : Math.ceil(fields.size / BLOCK_BYTES) * HASH_BYTES;
  if (rest.length !== restBytes) return undefined;
  return inline ? { ...fields, blocks: Buffer.alloc(0), inline: rest } : { ...fields, blocks: rest };
}

type Fields = Omit<DiskRecord, 'blocks' | 'inline'> & { readonly inline: boolean };

/**
 * Whether a value has the fields of a record. Others can write to the folder of a store as well, and the hash of a
 * record protects only from accidents: `sha256` becomes a part of a path, and `size` the size of a buffer.
 */
function hasFields(value: unknown): value is Fields {
  const { key, metadata, size, sha256, createdAt, inline } = (value ?? {}) as Partial<
    Record<string, unknown>
  >;
  return (
    typeof key === 'string' &&
    typeof metadata === 'object' &&
    metadata !== null &&
    Number.isSafeInteger(size) &&
    typeof sha256 === 'string' &&
    /^[0-9a-f]{64}$/.test(sha256) &&
    typeof createdAt === 'number' &&
    typeof inline === 'boolean'
  );
}

/** Returns the hash of one block of a record's body. */
export function blockHash({ blocks }: DiskRecord, index: number): Buffer {
  return blocks.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES);
}
