import { crc32 } from 'node:zlib';
import type { ByteStore, StoredBytes } from '../cache/index.ts';
import type { RequestKey } from './key.ts';
import { type CacheRecord, decodeRecord, encodeRecord, type RecordEntry } from './record.ts';
import type { HttpCacheCounters } from './stats.ts';
import type { StoredResponse } from './stored-response.ts';

/** Bodies up to this size are stored within the record, so that a hit takes one read of the store. */
const MAX_INLINE_BYTES = 16 * 1024;
const MAX_VARIANTS = 16;
const MAX_TTL_MS = 30 * 24 * 3600 * 1000;
/** How often a process checks whether another one has cleared the cache. */
const CLEAR_CHECK_INTERVAL_MS = 5000;
const CLEARED_KEY = 'roundhouse:http:1:cleared';
const MAX_PENDING_INVALIDATIONS = 10_000;

/** A stored response and where it was found. */
export interface StorageEntry {
  readonly response: StoredResponse;
  /** How long the response has been stored, in milliseconds; RFC 9111's `resident_time`. */
  readonly residentMs: number;
  /** Key of the record that contains the response. */
  readonly recordKey: string;
}

/** What a {@link Storage} works with. */
export interface StorageOptions {
  store: ByteStore;
  /** Counters that the storage increments. */
  counters: HttpCacheCounters;
  /** Milliseconds since the epoch. */
  wallClock: () => number;
  /** Called for each failed operation of the store. */
  onError: (error: unknown, url: string) => void;
}

/** A record at the time of a read. */
interface ReadRecord {
  readonly found: readonly (StorageEntry & RecordEntry)[];
  readonly invalidatedAt: number;
}

/**
 * Stores responses in a {@link ByteStore}. One record per key contains the header fields of all variants and
 * their small bodies. A larger body has a separate key, so that a 304 or another variant does not rewrite
 * it, and a hit reads only its own body. A change reads a record, modifies it and writes it. Within a
 * process, changes of a key are serialised; if two processes change it at the same time, the last write wins,
 * which can lose a variant (a later miss) but never mixes two.
 *
 * Errors of the store are counted and reported; reads then find nothing.
 */
export class Storage {
  readonly #store: ByteStore;
  readonly #counters: HttpCacheCounters;
  readonly #wallClock: () => number;
  readonly #onError: (error: unknown, url: string) => void;
  /** The last pending change of each URL key. */
  readonly #changes = new Map<string, Promise<unknown>>();
  /** Decoded records by the bytes they were read from: a store in memory returns the same bytes each time. */
  readonly #decoded = new WeakMap<Uint8Array, CacheRecord>();
  /** Bodies whose checksum has been compared. */
  readonly #verified = new WeakSet<Uint8Array>();
  /** Times of invalidations that are not yet written to the store, by URL key. */
  readonly #pendingInvalidations = new Map<string, number>();
  #lastTimestamp = 0;
  #clearedAt = 0;
  #clearCheckedAt = Number.NEGATIVE_INFINITY;

  constructor({ store, counters, wallClock, onError }: StorageOptions) {
    this.#store = store;
    this.#counters = counters;
    this.#wallClock = wallClock;
    this.#onError = onError;
  }

  /** The wall-clock time, but strictly increasing: orders requests and invalidations within a millisecond. */
  nextTimestamp(): number {
    this.#lastTimestamp = Math.max(this.#wallClock(), this.#lastTimestamp + 0.001);
    return this.#lastTimestamp;
  }

  /** Resolves when all changes pending at the time of the call are done. */
  async settled(): Promise<void> {
    await Promise.all(this.#changes.values());
  }

  /** All responses stored for a key that have not been invalidated, newest first. */
  async find(key: RequestKey, url: string): Promise<StorageEntry[]> {
    await this.#changes.get(key.urlKey);
    const isPending = this.#pendingInvalidations.has(key.urlKey) && !(await this.invalidate(key.urlKey, url));
    if (isPending) return [];
    const [record, urlRecord] = await Promise.all([
      this.#read(key.recordKey, url),
      key.recordKey === key.urlKey ? undefined : this.#read(key.urlKey, url),
      this.#checkCleared(),
    ]);
    return record ? this.#valid(record, urlRecord) : [];
  }

  #valid(record: ReadRecord, urlRecord: ReadRecord | null | undefined): StorageEntry[] {
    const invalidatedAt = Math.max(this.#clearedAt, record.invalidatedAt, urlRecord?.invalidatedAt ?? 0);
    return record.found.filter(({ response }) => response.requestedAt > invalidatedAt);
  }

  /**
   * Like {@link find}, without a promise.
   * @returns undefined if only `find` can tell: because of a pending change, a store outside this process, or a
   * record that has not been decoded yet
   */
  findSync(key: RequestKey): readonly StorageEntry[] | undefined {
    const { urlKey, recordKey } = key;
    const isPending = this.#changes.has(urlKey) || this.#pendingInvalidations.has(urlKey);
    if (isPending || this.#isClearCheckDue()) return undefined;
    const record = this.#readSync(recordKey);
    const urlRecord = recordKey === urlKey ? null : this.#readSync(urlKey);
    if (!record || urlRecord === undefined) return undefined;
    return this.#valid(record, urlRecord);
  }

  /** The body of a stored response; undefined if it is gone or corrupt. */
  async body({ response, recordKey }: StorageEntry, url: string): Promise<Uint8Array | undefined> {
    if (response.body) return response.body;
    const stored = await this.#try(url, () => this.#store.get(bodyKey(recordKey, response.id)));
    if (stored === undefined) return undefined;
    if (!this.#verified.has(stored.bytes)) {
      if (crc32(stored.bytes) !== response.bodyChecksum) {
        this.#report(new Error('corrupt response body in the store: checksum mismatch'), url);
        return undefined;
      }
      this.#verified.add(stored.bytes);
    }
    return stored.bytes;
  }

  /** Like {@link body}, without a promise; undefined if only `body` can return it. */
  bodySync({ response, recordKey }: StorageEntry): Uint8Array | undefined {
    if (response.body) return response.body;
    const bytes = this.#getSync(bodyKey(recordKey, response.id))?.bytes;
    return bytes && this.#verified.has(bytes) ? bytes : undefined;
  }

  /**
   * Stores a response. Replaces the one with the same id and those with the same selecting header fields.
   * @param usefulMs how long after it was received the response is worth storing, in milliseconds
   * @returns whether the store was written
   */
  put(
    key: RequestKey,
    url: string,
    response: StoredResponse,
    body: Uint8Array,
    usefulMs: number,
  ): Promise<boolean> {
    const { urlKey, recordKey } = key;
    return this.#change(
      urlKey,
      async () => {
        const [record, urlRecord] = await Promise.all([
          this.#readOrThrow(recordKey, url),
          recordKey === urlKey ? undefined : this.#readOrThrow(urlKey, url),
        ]);
        const recordInvalidatedAt = record?.invalidatedAt ?? 0;
        const invalidatedAt = Math.max(this.#clearedAt, recordInvalidatedAt, urlRecord?.invalidatedAt ?? 0);
        if (response.requestedAt <= invalidatedAt) return;
        const inline = body.byteLength <= MAX_INLINE_BYTES;
        const residentMs = Math.max(0, this.#wallClock() - response.receivedAt);
        if (!inline) await this.#store.set(bodyKey(recordKey, response.id), body, toTtlMs(usefulMs));
        const entry: RecordEntry = {
          response: inline ? { ...response, body } : response,
          residentMs,
          usefulMs,
        };
        const selecting = JSON.stringify(response.vary);
        const others = (record?.found ?? []).filter(
          (one) =>
            one.response.id !== response.id &&
            one.response.requestedAt > invalidatedAt &&
            one.residentMs < one.usefulMs &&
            JSON.stringify(one.response.vary) !== selecting,
        );
        const entries = [entry, ...others].slice(0, MAX_VARIANTS);
        await this.#write(recordKey, entries, recordInvalidatedAt);
        this.#counters.stores += 1;
        const keptIds = new Set(entries.map((one) => one.response.id));
        await this.#deleteBodies(
          recordKey,
          (record?.found ?? []).filter((one) => !keptIds.has(one.response.id)),
        );
      },
      url,
    );
  }

  /**
   * Removes one response.
   * @returns whether the store was written
   */
  remove({ urlKey }: RequestKey, { response, recordKey }: StorageEntry, url: string): Promise<boolean> {
    return this.#change(
      urlKey,
      async () => {
        const record = await this.#readOrThrow(recordKey, url);
        if (!record) return;
        const entries = record.found.filter((one) => one.response.id !== response.id);
        await this.#write(recordKey, entries, record.invalidatedAt);
        await this.#deleteBodies(
          recordKey,
          record.found.filter((one) => one.response.id === response.id),
        );
      },
      url,
    );
  }

  /**
   * Invalidates all responses stored for a URL and those to requests in progress, in all processes. If the
   * store fails, the write is retried before the next look-up of the URL.
   * @returns whether the store was written
   */
  invalidate(urlKey: string, url: string): Promise<boolean> {
    const pending = this.#pendingInvalidations;
    if (pending.size >= MAX_PENDING_INVALIDATIONS) pending.delete(pending.keys().next().value!);
    const at = this.nextTimestamp();
    pending.set(urlKey, at);
    return this.#change(
      urlKey,
      async () => {
        const record = await this.#readOrThrow(urlKey, url);
        await this.#write(urlKey, [], at);
        if (pending.get(urlKey) === at) pending.delete(urlKey);
        if (record) await this.#deleteBodies(urlKey, record.found);
      },
      url,
    );
  }

  /** Invalidates all responses: in this process at once, in others within 5 s. */
  async clear(): Promise<void> {
    this.#clearedAt = this.nextTimestamp();
    await this.#try('', () => this.#write(CLEARED_KEY, [], this.#clearedAt));
  }

  #isClearCheckDue(): boolean {
    return Math.abs(this.#wallClock() - this.#clearCheckedAt) >= CLEAR_CHECK_INTERVAL_MS;
  }

  async #checkCleared(): Promise<void> {
    if (!this.#isClearCheckDue()) return;
    this.#clearCheckedAt = this.#wallClock();
    const record = await this.#read(CLEARED_KEY, '');
    this.#clearedAt = Math.max(this.#clearedAt, record?.invalidatedAt ?? 0);
  }

  #read(key: string, url: string): Promise<ReadRecord | undefined> {
    return this.#try(url, () => this.#readOrThrow(key, url));
  }

  #readSync(key: string): ReadRecord | null | undefined {
    const stored = this.#getSync(key);
    if (!stored) return stored;
    const record = this.#decoded.get(stored.bytes);
    return record && this.#toRead(key, record, stored);
  }

  #getSync(key: string): StoredBytes | null | undefined {
    try {
      return this.#store.getSync?.(key);
    } catch {
      // `get` is called next, and its error is reported.
      return undefined;
    }
  }

  /** @throws the store's error; a record that cannot be decoded is reported and counts as missing */
  async #readOrThrow(key: string, url: string): Promise<ReadRecord | undefined> {
    const stored = await this.#store.get(key);
    if (!stored) return undefined;
    let record: CacheRecord;
    try {
      record = this.#decoded.get(stored.bytes) ?? decodeRecord(stored.bytes);
      this.#decoded.set(stored.bytes, record);
    } catch (error) {
      this.#report(error, url);
      return undefined;
    }
    return this.#toRead(key, record, stored);
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
    return { found, invalidatedAt: record.invalidatedAt };
  }

  async #write(key: string, entries: readonly RecordEntry[], invalidatedAt: number): Promise<void> {
    const remainingMs = Math.max(0, ...entries.map(({ usefulMs, residentMs }) => usefulMs - residentMs));
    // An invalidation also applies to the records of other credentials, so it must outlive them.
    const ttlMs = invalidatedAt > 0 ? MAX_TTL_MS : toTtlMs(remainingMs);
    if (ttlMs === 0) return this.#store.delete(key);
    const record = { entries, invalidatedAt, writtenAt: this.#wallClock(), ttlMs };
    await this.#store.set(key, encodeRecord(record), ttlMs);
  }

  async #deleteBodies(recordKey: string, entries: readonly RecordEntry[]): Promise<void> {
    const separate = entries.filter(({ response }) => response.body === undefined);
    await Promise.all(separate.map(({ response }) => this.#store.delete(bodyKey(recordKey, response.id))));
  }

  /** Runs a change after the pending changes of the same URL. Resolves to whether it succeeded. */
  async #change(urlKey: string, change: () => Promise<void>, url: string): Promise<boolean> {
    const previous = this.#changes.get(urlKey);
    const current = (async () => {
      await previous;
      return this.#try(url, async () => {
        await change();
        return true;
      });
    })();
    this.#changes.set(urlKey, current);
    try {
      return (await current) ?? false;
    } finally {
      if (this.#changes.get(urlKey) === current) this.#changes.delete(urlKey);
    }
  }

  /** Runs an operation of the store. Reports its error and resolves to undefined. */
  async #try<T>(url: string, operation: () => Promise<T>): Promise<T | undefined> {
    try {
      return await operation();
    } catch (error) {
      this.#report(error, url);
      return undefined;
    }
  }

  #report(error: unknown, url: string): void {
    this.#counters.storeErrors += 1;
    this.#onError(error, url);
  }
}

function bodyKey(recordKey: string, id: string): string {
  return `${recordKey}:${id}`;
}

/** A valid TTL for a store: whole milliseconds, 30 days at most. */
function toTtlMs(ms: number): number {
  return Math.floor(Math.min(Math.max(0, ms), MAX_TTL_MS));
}
