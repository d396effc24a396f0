import { crc32 } from 'node:zlib';
import type { StoredResponse } from './stored-response.ts';

/** A stored response within a record, with what is known of its time there. */
export interface RecordEntry {
  readonly response: StoredResponse;
  /** How long it had been in the cache when the record was written. */
  readonly residentMs: number;
  /** How long after it came it is of no more use. */
  readonly usefulMs: number;
}

/** All that is kept under one key: the variants of a response by Vary, newest first. */
export interface CacheRecord {
  readonly entries: readonly RecordEntry[];
  /** Responses to requests that began before this, in wall-clock milliseconds, are out of date. */
  readonly invalidatedAt: number;
  readonly writtenAt: number;
  /** The time to live that the store was given. */
  readonly ttlMs: number;
}

const MAGIC = 'RHC1';
const HEADER_BYTES = 12;

/** Magic, checksum of all that follows, length of the JSON, the JSON, the bodies kept within it in order. */
export function encodeRecord(record: CacheRecord): Uint8Array {
  const bodies = record.entries.flatMap(({ response }) => response.body ?? []);
  const json = Buffer.from(
    JSON.stringify(record, (name, value) => (name === 'body' && value instanceof Uint8Array ? true : value)),
  );
  const header = Buffer.alloc(HEADER_BYTES);
  header.write(MAGIC, 'latin1');
  header.writeUInt32LE(json.length, 8);
  const bytes = Buffer.concat([header, json, ...bodies]);
  bytes.writeUInt32LE(crc32(bytes.subarray(8)), 4);
  return bytes;
}

/** @throws Error for bytes that are no whole record of this version */
export function decodeRecord(bytes: Uint8Array): CacheRecord {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < HEADER_BYTES || buffer.toString('latin1', 0, 4) !== MAGIC) {
    throw new Error('not a record of the HTTP cache');
  }
  if (buffer.readUInt32LE(4) !== crc32(buffer.subarray(8))) {
    throw new Error('a damaged record of the HTTP cache');
  }
  let end = HEADER_BYTES + buffer.readUInt32LE(8);
  // The checksum says that these are the bytes that encodeRecord made.
  const record = JSON.parse(buffer.toString('utf8', HEADER_BYTES, end)) as CacheRecord;
  const entries = record.entries.map((entry) => {
    if (entry.response.body === undefined) return entry;
    const start = end;
    end += entry.response.bodyBytes;
    return { ...entry, response: { ...entry.response, body: buffer.subarray(start, end) } };
  });
  return { ...record, entries };
}
