import { randomUUID } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { ByteStore, StoredBytes } from '../cache/index.ts';
import { Generations } from './generations.ts';
import type { RequestKey } from './key.ts';
import { type CacheRecord, decodedBytes, decodeRecord, encodeRecord, type RecordEntry } from './record.ts';
import type { HttpCacheCounters } from './stats.ts';
import type { StoredResponse } from './stored-response.ts';

/** Bodies up to this size are stored within the record, so that a hit takes one read of the store. */
const MAX_INLINE_BYTES = 16 * 1024;
const MAX_VARIANTS = 16;
const MAX_TTL_MS = 30 * 24 * 3600 * 1000;
/** How long an invalidation is kept: longer than any request that was sent before it takes. */
const INVALIDATION_TTL_MS = 3600 * 1000;
const MAX_PENDING_INVALIDATIONS = 10_000;
const MAX_NEW_GENERATIONS = 1000;

/** A stored response and where it was found. */
export interface StorageEntry {
  readonly response: StoredResponse;
  /** How long the response has been stored, in milliseconds; RFC 9111's `resident_time`. */
  readonly residentMs: number;
  /** Key of the record that contains the response. */
  readonly recordKey: string;
}

/** The result of {@link Storage.find}. */
export interface FoundResponses {
  /** The responses that are valid, newest first. */
  readonly entries: readonly StorageEntry[];
  /** For the response to a request that is sent now; undefined if it cannot be stored. */
  readonly generation: string | undefined;
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
  readonly generation: string;
  /** Time until the store expires the record, in milliseconds. */
  readonly ttlMs: number;
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
  readonly #generations: Generations;
  /** Generations of invalidations that are not yet written to the store, by URL key. */
  readonly #pendingInvalidations = new Map<string, string>();
  /** Generations of URLs that have no record yet, by URL key: requests sent at the same time have the same one. */
  readonly #newGenerations = new Map<string, string>();

  constructor({ store, counters, wallClock, onError }: StorageOptions) {
    this.#store = store;
    this.#counters = counters;
    this.#wallClock = wallClock;
    this.#onError = onError;
    this.#generations = new Generations({ store, wallClock, onError: (error) => this.#report(error, '') });
  }

  /** Resolves when all changes pending at the time of the call are done. */
  async settled(): Promise<void> {
    await Promise.all([...this.#changes.values(), this.#generations.settled()]);
  }

  /** The responses stored for a key that are valid. */
  async find(key: RequestKey, url: string): Promise<FoundResponses> {
    const { service, urlKey, recordKey } = key;
    await this.#changes.get(urlKey);
    const isPending = this.#pendingInvalidations.has(urlKey) && !(await this.invalidate(urlKey, url));
    if (isPending) return { entries: [], generation: undefined };
    const [record, urlRecord, cleared] = await Promise.all([
      this.#read(recordKey, url),
      recordKey === urlKey ? undefined : this.#read(urlKey, url),
      this.#generations.current(service),
    ]);
    const own = recordKey === urlKey ? record : urlRecord;
    const ofUrl = own?.generation || (await this.#generationWithoutRecord(urlKey, url));
    const generation = `${cleared}.${ofUrl}`;
    return { entries: valid(record, generation), generation };
  }

  /**
   * The entries that {@link find} resolves to, without a promise.
   * @returns undefined if only `find` can tell: because of a pending change, a store outside this process, or a
   * record that has not been decoded yet
   */
  findSync({ service, urlKey, recordKey }: RequestKey): readonly StorageEntry[] | undefined {
    if (this.#changes.has(urlKey) || this.#pendingInvalidations.has(urlKey)) return undefined;
    const cleared = this.#generations.known(service);
    const record = this.#readSync(recordKey);
    const urlRecord = recordKey === urlKey ? record : this.#readSync(urlKey);
    if (cleared === undefined || !record || !urlRecord) return undefined;
    return valid(record, `${cleared}.${urlRecord.generation}`);
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
    const { service, urlKey, recordKey } = key;
    return this.#change(
      urlKey,
      async () => {
        const [record, urlRecord] = await Promise.all([
          this.#readOrThrow(recordKey, url),
          recordKey === urlKey ? undefined : this.#readOrThrow(urlKey, url),
        ]);
        const own = recordKey === urlKey ? record : urlRecord;
        const ofUrl =
          own?.generation || (await this.#lastInvalidation(urlKey)) || this.#newGenerations.get(urlKey);
        const generation = `${await this.#generations.current(service)}.${ofUrl}`;
        if (ofUrl === undefined || response.generation !== generation) return;
        if (recordKey !== urlKey && (own?.ttlMs ?? 0) < usefulMs) {
          // Without a record of the URL, no response is valid. Twice the time, so that not each one extends it.
          await this.#write(urlKey, own?.found ?? [], ofUrl, 2 * usefulMs);
        }
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
            one.response.generation === generation &&
            one.residentMs < one.usefulMs &&
            JSON.stringify(one.response.vary) !== selecting,
        );
        const entries = [entry, ...others].slice(0, MAX_VARIANTS);
        await this.#write(recordKey, entries, recordKey === urlKey ? ofUrl : '', record?.ttlMs);
        this.#counters.stores += 1;
        const keptIds = new Set(entries.map((one) => one.response.id));
        await this.#deleteBodies(
          recordKey,
          (record?.found ?? []).filter((one) => !keptIds.has(one.response.id)),
        );
        await this.#undoIfInvalidated(urlKey, ofUrl);
        if (!own) this.#newGenerations.delete(urlKey);
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
        await this.#write(recordKey, entries, record.generation, record.ttlMs);
        await this.#deleteBodies(
          recordKey,
          record.found.filter((one) => one.response.id === response.id),
        );
        if (recordKey === urlKey) await this.#undoIfInvalidated(urlKey, record.generation);
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
    const generation = randomUUID();
    pending.set(urlKey, generation);
    this.#newGenerations.delete(urlKey);
    return this.#change(
      urlKey,
      async () => {
        const record = await this.#readOrThrow(urlKey, url);
        await this.#store.set(invalidationKey(urlKey), Buffer.from(generation), INVALIDATION_TTL_MS);
        await this.#store.delete(urlKey);
        if (pending.get(urlKey) === generation) pending.delete(urlKey);
        if (record) await this.#deleteBodies(urlKey, record.found);
      },
      url,
    );
  }

  /** Invalidates all responses, or those of a service: in this process at once, in others within 5 s. */
  clear(service?: string): Promise<void> {
    return this.#generations.clear(service);
  }

  /** @returns the generation that the last invalidation of a URL started; undefined if it is long ago */
  async #lastInvalidation(urlKey: string): Promise<string | undefined> {
    const stored = await this.#store.get(invalidationKey(urlKey));
    return stored && Buffer.from(stored.bytes).toString();
  }

  /**
   * Call after writing a record of a URL. Another process may have invalidated the URL after the record was read.
   * It writes the new generation before it deletes the record, so either it has deleted what was written here, or
   * the new generation is visible here.
   */
  async #undoIfInvalidated(urlKey: string, generation: string): Promise<void> {
    const last = await this.#lastInvalidation(urlKey);
    if (last !== undefined && last !== generation) await this.#store.delete(urlKey);
  }

  async #generationWithoutRecord(urlKey: string, url: string): Promise<string> {
    const all = this.#newGenerations;
    const known = (await this.#try(url, () => this.#lastInvalidation(urlKey))) ?? all.get(urlKey);
    if (known !== undefined) return known;
    if (all.size >= MAX_NEW_GENERATIONS) all.delete(all.keys().next().value!);
    const generation = randomUUID();
    all.set(urlKey, generation);
    return generation;
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
      record = this.#decoded.get(stored.bytes) ?? this.#decode(key, stored.bytes);
    } catch (error) {
      this.#report(error, url);
      return undefined;
    }
    return this.#toRead(key, record, stored);
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

  /** @param minTtlMs how long to keep the record at least, if it is that of a URL */
  async #write(
    key: string,
    entries: readonly RecordEntry[],
    generation: string,
    minTtlMs = 0,
  ): Promise<void> {
    const usefulMs = entries.map((one) => one.usefulMs - one.residentMs);
    const ttlMs = toTtlMs(Math.max(generation === '' ? 0 : minTtlMs, ...usefulMs));
    if (ttlMs === 0) return this.#store.delete(key);
    const record = { entries, generation, writtenAt: this.#wallClock(), ttlMs };
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

function valid(record: ReadRecord | undefined, generation: string): readonly StorageEntry[] {
  return record?.found.filter(({ response }) => response.generation === generation) ?? [];
}

function invalidationKey(urlKey: string): string {
  return `${urlKey}:invalidated`;
}

function bodyKey(recordKey: string, id: string): string {
  return `${recordKey}:${id}`;
}

/** A valid TTL for a store: whole milliseconds, 30 days at most. */
function toTtlMs(ms: number): number {
  return Math.floor(Math.min(Math.max(0, ms), MAX_TTL_MS));
}
