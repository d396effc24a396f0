import { crc32 } from 'node:zlib';
import type { ByteStore } from '../cache/index.ts';
import type { RequestKey } from './key.ts';
import { type CacheRecord, decodeRecord, encodeRecord, type RecordEntry } from './record.ts';
import type { HttpCacheCounters } from './stats.ts';
import type { StoredResponse } from './stored-response.ts';

/** Bodies up to this size are kept within the record, so that a hit is one read. */
const INLINE_BYTES = 16 * 1024;
const MAX_VARIANTS = 16;
const MAX_KEPT_MS = 30 * 24 * 3600 * 1000;
/** How long processes may take to see that another one has cleared the cache. */
const CLEARED_READ_MS = 5000;
const CLEARED_KEY = 'roundhouse:http:1:cleared';
const MAX_UNTOLD = 10_000;

/** A stored response found for a key. */
export interface Held {
  readonly response: StoredResponse;
  /** How long it has been in the cache. */
  readonly residentMs: number;
  /** The record that holds it. */
  readonly recordKey: string;
}

export interface StorageParts {
  store: ByteStore;
  counters: HttpCacheCounters;
  wallClock: () => number;
  onError: (error: unknown, url: string) => void;
}

/**
 * Responses in a {@link ByteStore}. One record per key holds the variants' headers and small bodies; a larger
 * body has a key of its own, so that a 304 or another variant does not move it, and a hit fetches no body but
 * its own. Records are read, changed and written: within a process one after another; of two processes that
 * change one at a time the later wins, which loses a variant, a miss later on, and never mixes two.
 *
 * Faults of the store are counted and reported, and look like an empty store.
 */
export class Storage {
  readonly #store: ByteStore;
  readonly #counters: HttpCacheCounters;
  readonly #wallClock: () => number;
  readonly #onError: (error: unknown, url: string) => void;
  /** The last of the changes under way of each key. */
  readonly #changes = new Map<string, Promise<unknown>>();
  /** Records by the very bytes they were read from: a store in memory hands out the same ones each time. */
  readonly #decoded = new WeakMap<Uint8Array, CacheRecord>();
  /** Invalidations that the store has not taken. */
  readonly #untold = new Map<string, number>();
  #lastStamp = 0;
  #clearedAt = 0;
  #clearedReadAt = Number.NEGATIVE_INFINITY;

  constructor({ store, counters, wallClock, onError }: StorageParts) {
    this.#store = store;
    this.#counters = counters;
    this.#wallClock = wallClock;
    this.#onError = onError;
  }

  /** The time, later at each call: what began before an invalidation is told from what began after it. */
  stamp(): number {
    this.#lastStamp = Math.max(this.#wallClock(), this.#lastStamp + 0.001);
    return this.#lastStamp;
  }

  /** Waits for the changes that were asked for so far. */
  async settled(): Promise<void> {
    await Promise.all(this.#changes.values());
  }

  /** Everything held for a key that is not out of date, newest first. */
  async find(key: RequestKey, url: string): Promise<Held[]> {
    await this.#changes.get(key.base);
    const untold = this.#untold.has(key.base) && !(await this.invalidate(key.base, url));
    if (untold) return [];
    const [own, base] = await Promise.all([
      this.#read(key.own, url),
      key.own === key.base ? undefined : this.#read(key.base, url),
      this.#readCleared(),
    ]);
    const outOfDate = Math.max(this.#clearedAt, own?.invalidatedAt ?? 0, base?.invalidatedAt ?? 0);
    return (own?.held ?? []).filter(({ response }) => response.requestedAt > outOfDate);
  }

  /** The body of a stored response; undefined where it is gone or damaged. */
  async body({ response, recordKey }: Held, url: string): Promise<Uint8Array | undefined> {
    if (response.body) return response.body;
    const bytes = await this.#try(url, () => this.#store.get(bodyKey(recordKey, response.id)));
    if (bytes === undefined) return undefined;
    if (crc32(bytes.bytes) === response.bodyChecksum) return bytes.bytes;
    this.#report(new Error('a damaged body in the HTTP cache'), url);
    return undefined;
  }

  /** Keeps a response in place of the one with its id, and of those that the same requests would match. */
  put(key: RequestKey, url: string, response: StoredResponse, body: Uint8Array, usefulMs: number) {
    return this.#change(
      key.base,
      async () => {
        const [own, base] = await Promise.all([
          this.#readOrThrow(key.own, url),
          key.own === key.base ? undefined : this.#readOrThrow(key.base, url),
        ]);
        const invalidatedAt = own?.invalidatedAt ?? 0;
        const outOfDate = Math.max(this.#clearedAt, invalidatedAt, base?.invalidatedAt ?? 0);
        if (response.requestedAt <= outOfDate) return;
        const inline = body.byteLength <= INLINE_BYTES;
        const residentMs = Math.max(0, this.#wallClock() - response.receivedAt);
        if (!inline) await this.#store.set(bodyKey(key.own, response.id), body, capped(usefulMs));
        const entry = { response: inline ? { ...response, body } : response, residentMs, usefulMs };
        const selection = JSON.stringify(response.vary);
        const others = (own?.entries ?? []).filter(
          (one) =>
            one.response.id !== response.id &&
            one.response.requestedAt > outOfDate &&
            one.residentMs < one.usefulMs &&
            JSON.stringify(one.response.vary) !== selection,
        );
        const entries = [entry, ...others].slice(0, MAX_VARIANTS);
        await this.#write(key.own, entries, invalidatedAt);
        this.#counters.stores += 1;
        const kept = new Set(entries.map((one) => one.response.id));
        await this.#deleteBodies(
          key.own,
          (own?.entries ?? []).filter((one) => !kept.has(one.response.id)),
        );
      },
      url,
    );
  }

  /** Drops one response. */
  remove({ base }: RequestKey, { response, recordKey }: Held, url: string): Promise<boolean> {
    return this.#change(
      base,
      async () => {
        const record = await this.#readOrThrow(recordKey, url);
        if (!record) return;
        const entries = record.entries.filter((one) => one.response.id !== response.id);
        await this.#write(recordKey, entries, record.invalidatedAt);
        await this.#deleteBodies(
          recordKey,
          record.entries.filter((one) => one.response.id === response.id),
        );
      },
      url,
    );
  }

  /**
   * Makes everything held for a URL out of date, also responses that are on their way, here and in other
   * processes. What the store does not take is told to it again before the URL is next looked up.
   */
  invalidate(base: string, url: string): Promise<boolean> {
    if (this.#untold.size >= MAX_UNTOLD) this.#untold.delete(this.#untold.keys().next().value!);
    const at = this.stamp();
    this.#untold.set(base, at);
    return this.#change(
      base,
      async () => {
        const record = await this.#readOrThrow(base, url);
        await this.#write(base, [], at);
        if (this.#untold.get(base) === at) this.#untold.delete(base);
        if (record) await this.#deleteBodies(base, record.entries);
      },
      url,
    );
  }

  /** Makes everything out of date: here at once, in other processes within seconds. */
  async clear(): Promise<void> {
    this.#clearedAt = this.stamp();
    await this.#try('', () => this.#write(CLEARED_KEY, [], this.#clearedAt));
  }

  async #readCleared(): Promise<void> {
    const now = this.#wallClock();
    if (Math.abs(now - this.#clearedReadAt) < CLEARED_READ_MS) return;
    this.#clearedReadAt = now;
    const marker = await this.#read(CLEARED_KEY, '');
    this.#clearedAt = Math.max(this.#clearedAt, marker?.invalidatedAt ?? 0);
  }

  #read(key: string, url: string) {
    return this.#try(url, () => this.#readOrThrow(key, url));
  }

  /** A record that cannot be decoded is none; a store that cannot be read throws. */
  async #readOrThrow(key: string, url: string) {
    const found = await this.#store.get(key);
    if (!found) return undefined;
    let record: CacheRecord;
    try {
      record = this.#decoded.get(found.bytes) ?? decodeRecord(found.bytes);
      this.#decoded.set(found.bytes, record);
    } catch (error) {
      this.#report(error, url);
      return undefined;
    }
    // By two clocks: the wall clock may be set back, and the store may not count while it is down.
    const sinceWritten = Math.max(0, this.#wallClock() - record.writtenAt, record.ttlMs - found.ttlMs);
    const entries = record.entries.map((entry) => ({
      ...entry,
      residentMs: entry.residentMs + sinceWritten,
    }));
    const held = entries.map(({ response, residentMs }) => ({ response, residentMs, recordKey: key }));
    return { entries, held, invalidatedAt: record.invalidatedAt };
  }

  async #write(key: string, entries: readonly RecordEntry[], invalidatedAt: number): Promise<void> {
    const longest = Math.max(0, ...entries.map(({ usefulMs, residentMs }) => usefulMs - residentMs));
    // As long as anything that it makes out of date may be kept, under other credentials for instance.
    const ttlMs = invalidatedAt > 0 ? MAX_KEPT_MS : capped(longest);
    if (ttlMs === 0) return this.#store.delete(key);
    const record = { entries, invalidatedAt, writtenAt: this.#wallClock(), ttlMs };
    await this.#store.set(key, encodeRecord(record), ttlMs);
  }

  async #deleteBodies(recordKey: string, entries: readonly RecordEntry[]): Promise<void> {
    const apart = entries.filter(({ response }) => response.body === undefined);
    await Promise.all(apart.map(({ response }) => this.#store.delete(bodyKey(recordKey, response.id))));
  }

  /** Runs a change after those of the same key that were asked for before; tells whether it was made. */
  async #change(base: string, change: () => Promise<void>, url: string): Promise<boolean> {
    const before = this.#changes.get(base);
    const made = (async () => {
      await before;
      return this.#try(url, async () => {
        await change();
        return true;
      });
    })();
    this.#changes.set(base, made);
    try {
      return (await made) ?? false;
    } finally {
      if (this.#changes.get(base) === made) this.#changes.delete(base);
    }
  }

  async #try<T>(url: string, ask: () => Promise<T>): Promise<T | undefined> {
    try {
      return await ask();
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

/** Whole milliseconds, as stores want them. */
function capped(ms: number): number {
  return Math.floor(Math.min(Math.max(0, ms), MAX_KEPT_MS));
}
