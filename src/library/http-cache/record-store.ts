import { crc32 } from 'node:zlib';
import type { ByteStore, StoredBytes } from '../cache/index.ts';
import { type CacheRecord, decodedBytes, decodeRecord, encodeRecord, type RecordEntry } from './record.ts';
import type { StoredResponse } from './stored-response.ts';

/** Bodies up to this size are stored within the record, so that a hit takes one read of the store. */
const MAX_INLINE_BYTES = 16 * 1024;
const MAX_TTL_MS = 30 * 24 * 3600 * 1000;

/** A stored response and where it was found. */
export interface StorageEntry {
  readonly response: StoredResponse;
  /** How long the response has been stored, in milliseconds; RFC 9111's `resident_time`. */
  readonly residentMs: number;
  /** Key of the record that contains the response. */
  readonly recordKey: string;
}

/** A record at the time of a read. */
export interface ReadRecord {
  readonly found: readonly (StorageEntry & RecordEntry)[];
  readonly generation: string;
  /** Time until the store expires the record, in milliseconds. */
  readonly ttlMs: number;
}

/** What a {@link RecordStore} works with. */
export interface RecordStoreOptions {
  readonly store: ByteStore;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
}

/**
 * Reads and writes records and bodies. A body that is not small has a key of its own, so that a 304 or another
 * variant does not rewrite it, and a hit reads only its own body.
 */
export class RecordStore {
  readonly #store: ByteStore;
  readonly #wallClock: () => number;
  /** Decoded records by the bytes they were read from: a store in memory returns the same bytes each time. */
  readonly #decoded = new WeakMap<Uint8Array, CacheRecord>();
  /** Bodies whose checksum has been compared. */
  readonly #verified = new WeakSet<Uint8Array>();

  constructor({ store, wallClock }: RecordStoreOptions) {
    this.#store = store;
    this.#wallClock = wallClock;
  }

  /**
   * Reads a record.
   * @param onCorrupt called if the record cannot be decoded; it counts as missing
   * @throws the store's error
   */
  async read(key: string, onCorrupt: (error: unknown) => void): Promise<ReadRecord | undefined> {
    const stored = await this.#store.get(key);
    if (!stored) return undefined;
    let record: CacheRecord;
    try {
      record = this.#decoded.get(stored.bytes) ?? this.#decode(key, stored.bytes);
    } catch (error) {
      onCorrupt(error);
      return undefined;
    }
    return this.#toRead(key, record, stored);
  }

  /**
   * Like {@link read}, without a promise.
   * @returns null if there is no record, undefined if only `read` can tell
   */
  readSync(key: string): ReadRecord | null | undefined {
    const stored = this.#getSync(key);
    if (!stored) return stored;
    const record = this.#decoded.get(stored.bytes);
    return record && this.#toRead(key, record, stored);
  }

  /**
   * Writes a record, or deletes it if it is useless.
   * @param minTtlMs how long to keep the record at least, if it is that of a URL
   */
  async write(key: string, entries: readonly RecordEntry[], generation: string, minTtlMs = 0): Promise<void> {
    const usefulMs = entries.map((one) => one.usefulMs - one.residentMs);
    const ttlMs = toTtlMs(Math.max(generation === '' ? 0 : minTtlMs, ...usefulMs));
    if (ttlMs === 0) return this.#store.delete(key);
    const record = { entries, generation, writtenAt: this.#wallClock(), ttlMs };
    await this.#store.set(key, encodeRecord(record), ttlMs);
  }

  /** Deletes a record. The bodies with keys of their own are left. */
  delete(key: string): Promise<void> {
    return this.#store.delete(key);
  }

  /**
   * Reads the body of a stored response; undefined if it is gone.
   * @throws the store's error, or an Error if the body is corrupt
   */
  async body({ response, recordKey }: StorageEntry): Promise<Uint8Array | undefined> {
    if (response.body) return response.body;
    const stored = await this.#store.get(bodyKey(recordKey, response.id));
    if (stored === undefined || this.#verified.has(stored.bytes)) return stored?.bytes;
    if (crc32(stored.bytes) !== response.bodyChecksum) {
      throw new Error('corrupt response body in the store: checksum mismatch');
    }
    this.#verified.add(stored.bytes);
    return stored.bytes;
  }

  /** Like {@link body}, without a promise; undefined if only `body` can return it. */
  bodySync({ response, recordKey }: StorageEntry): Uint8Array | undefined {
    if (response.body) return response.body;
    const bytes = this.#getSync(bodyKey(recordKey, response.id))?.bytes;
    return bytes && this.#verified.has(bytes) ? bytes : undefined;
  }

  /** Makes an entry of a new response, and writes its body if that has a key of its own. */
  async addBody(
    key: string,
    response: StoredResponse,
    body: Uint8Array,
    usefulMs: number,
  ): Promise<RecordEntry> {
    const residentMs = Math.max(0, this.#wallClock() - response.receivedAt);
    if (body.byteLength <= MAX_INLINE_BYTES) return { response: { ...response, body }, residentMs, usefulMs };
    await this.#store.set(bodyKey(key, response.id), body, toTtlMs(usefulMs));
    return { response, residentMs, usefulMs };
  }

  /** Deletes the bodies with keys of their own. */
  async deleteBodies(key: string, entries: readonly RecordEntry[]): Promise<void> {
    const separate = entries.filter(({ response }) => response.body === undefined);
    await Promise.all(separate.map(({ response }) => this.#store.delete(bodyKey(key, response.id))));
  }

  #getSync(key: string): StoredBytes | null | undefined {
    try {
      return this.#store.getSync?.(key);
    } catch {
      // `get` is called next, and its error is reported.
      return undefined;
    }
  }

  #decode(key: string, bytes: Uint8Array): CacheRecord {
    const record = decodeRecord(bytes);
    this.#decoded.set(bytes, record);
    this.#store.addCost?.(key, bytes, decodedBytes(record));
    return record;
  }

  #toRead(key: string, record: CacheRecord, stored: StoredBytes): ReadRecord {
    // The longer of two measurements: the wall clock may be set back, and a stopped store may not count down.
    const sinceWrittenMs = Math.max(0, this.#wallClock() - record.writtenAt, record.ttlMs - stored.ttlMs);
    const found = record.entries.map(({ response, residentMs, usefulMs }) => ({
      response,
      residentMs: residentMs + sinceWrittenMs,
      usefulMs,
      recordKey: key,
    }));
    return { found, generation: record.generation, ttlMs: stored.ttlMs };
  }
}

function bodyKey(recordKey: string, id: string): string {
  return `${recordKey}:${id}`;
}

/** A valid TTL for a store: whole milliseconds, 30 days at most. */
function toTtlMs(ms: number): number {
  return Math.floor(Math.min(Math.max(0, ms), MAX_TTL_MS));
}
