import type { Clock } from '../util/clock.ts';
import { isGlob, matchGlob } from '../util/glob.ts';
import type { Freshness } from './load.ts';
import type { RequestOptions } from './pending-load.ts';
import type { CacheCounters, EntryStats } from './stats.ts';
import type { CacheEntry, CacheStore } from './store.ts';

/** Bookkeeping of an entry: the object, its map slot and its list node. */
const OVERHEAD_BYTES = 256;
/** A sweep yields to the event loop after this time, or this many entries in case the clock does not move. */
const SLICE_MS = 1;
const SLICE_ENTRIES = 4096;

/** Returns whether an entry can be served as a hit. */
export function isFresh(entry: CacheEntry<unknown>, now: number): boolean {
  return now < entry.expiresAt && !entry.invalidated;
}

/** Cancels the scheduled refresh of an entry. */
export function stopRefresh(entry: CacheEntry<unknown>): void {
  entry.cancelRefresh?.();
  entry.cancelRefresh = undefined;
}

/** The collaborators of {@link Entries}. */
export interface EntriesOptions<V> {
  store: CacheStore<V>;
  clock: Clock;
  /** How long after its expiry a value may be served as stale, in seconds. */
  staleIfErrorS: number;
  /** Returns the memory of a value in bytes. */
  sizeOf: (value: V) => number;
  counters: CacheCounters;
  /** Receives each error of the store and of `onEvict`. */
  onError: (error: unknown, key: string) => void;
  /** See {@link CacheOptions}, as the hooks below. */
  onEvict: ((key: string, value: V) => void) | undefined;
  onSet: ((key: string, ttlS: number) => void) | undefined;
  onDelete: ((key: string, ageS: number) => void) | undefined;
}

/** The entries of a cache: a store whose errors are counted as misses and whose evictions are counted. */
export class Entries<V> {
  readonly #store: CacheStore<V>;
  readonly #clock: Clock;
  readonly #staleIfErrorMs: number;
  readonly #sizeOf: (value: V) => number;
  readonly #counters: CacheCounters;
  readonly #onError: (error: unknown, key: string) => void;
  readonly #onEvict: EntriesOptions<V>['onEvict'];
  readonly #onSet: EntriesOptions<V>['onSet'];
  readonly #onDelete: EntriesOptions<V>['onDelete'];
  /** Entries stored up to this time are ignored: the store may have failed to remove them. */
  #untrustedUntil = Number.NEGATIVE_INFINITY;

  constructor(options: EntriesOptions<V>) {
    this.#store = options.store;
    this.#clock = options.clock;
    this.#staleIfErrorMs = options.staleIfErrorS * 1000;
    this.#sizeOf = options.sizeOf;
    this.#counters = options.counters;
    this.#onError = options.onError;
    this.#onEvict = options.onEvict;
    this.#onSet = options.onSet;
    this.#onDelete = options.onDelete;
  }

  /** Number and memory of all entries, expired ones included. */
  get volume(): { entryCount: number; bytes: number } {
    try {
      return { entryCount: this.#store.size, bytes: this.#store.bytes };
    } catch (error) {
      this.#storeFailed(error, '*');
      return { entryCount: 0, bytes: 0 };
    }
  }

  /** Returns the entry of a key and marks it as used. */
  get(key: string): CacheEntry<V> | undefined {
    try {
      return this.#trusted(this.#store.get(key));
    } catch (error) {
      return this.#storeFailed(error, key);
    }
  }

  /** Returns the entry of a key without marking it as used. */
  peek(key: string): CacheEntry<V> | undefined {
    try {
      return this.#trusted(this.#store.peek(key));
    } catch (error) {
      return this.#storeFailed(error, key);
    }
  }

  /**
   * Stores a value. The former value of the key is gone, even if the store fails or rejects the new one.
   * @returns the entry, or undefined if it was not stored
   */
  set(
    key: string,
    value: V,
    { ageS, ttlS }: Freshness,
    lastReadAt: number,
    { staleWhileRevalidateS = 0, tags }: Omit<RequestOptions, 'ttlS'>,
  ): CacheEntry<V> | undefined {
    try {
      const storedAt = this.#clock.now();
      const expiresAt = storedAt + ttlS * 1000;
      const entry: CacheEntry<V> = {
        key,
        value,
        bytes: wholeBytes(this.#sizeOf(value)) + key.length * 2 + OVERHEAD_BYTES,
        storedAt,
        createdAt: storedAt - ageS * 1000,
        expiresAt,
        staleUntil: expiresAt + Math.max(this.#staleIfErrorMs, ttlS > 0 ? staleWhileRevalidateS * 1000 : 0),
        tags,
        lastReadAt,
        invalidated: false,
        retryAt: undefined,
        cancelRefresh: undefined,
      };
      const former = this.#store.peek(key);
      if (former) {
        stopRefresh(former);
        entry.lastReadAt = Math.max(lastReadAt, former.lastReadAt);
      }
      const evicted = this.#store.set(entry);
      for (const victim of evicted) this.#evicted(victim);
      if (evicted.includes(entry)) return undefined;
      if (this.#onSet !== undefined) this.#callHook(key, () => this.#onSet?.(key, ttlS));
      return entry;
    } catch (error) {
      this.#storeFailed(error, key);
      this.remove(key);
    }
  }

  /** Removes and returns the entry of a key. */
  remove(key: string): CacheEntry<V> | undefined {
    try {
      const entry = this.#store.delete(key);
      if (entry) stopRefresh(entry);
      // That of an invalidated entry has been reported.
      if (this.#onDelete !== undefined && entry?.invalidated === false) this.#reportDeleted(entry);
      return this.#trusted(entry);
    } catch (error) {
      this.#removalFailed(error, key);
    }
  }

  /**
   * Marks the entry of a key as invalidated, or removes it if stale values are never served.
   * @returns whether it was fresh
   */
  invalidate(key: string): boolean {
    if (this.#staleIfErrorMs === 0) {
      const entry = this.remove(key);
      return entry !== undefined && isFresh(entry, this.#clock.now());
    }
    try {
      const entry = this.#trusted(this.#store.peek(key));
      if (entry === undefined) return false;
      const wasFresh = isFresh(entry, this.#clock.now());
      if (this.#onDelete !== undefined && !entry.invalidated) this.#reportDeleted(entry);
      entry.invalidated = true;
      // From now on it may only replace the result of a load that fails.
      entry.staleUntil = Math.min(entry.staleUntil, entry.expiresAt + this.#staleIfErrorMs);
      entry.retryAt = undefined;
      stopRefresh(entry);
      return wasFresh;
    } catch (error) {
      this.#removalFailed(error, key);
      return false;
    }
  }

  /** Returns the keys that match a glob, out of those with an entry and `otherKeys`. */
  keysMatching(pattern: string, otherKeys: Iterable<string>): Iterable<string> {
    if (!isGlob(pattern)) return [pattern];
    const keys = new Set<string>();
    for (const key of otherKeys) if (matchGlob(pattern, key)) keys.add(key);
    try {
      for (const { key } of this.#store.entries()) if (matchGlob(pattern, key)) keys.add(key);
    } catch (error) {
      this.#removalFailed(error, pattern);
    }
    return keys;
  }

  /** Returns the keys of entries with at least one of these tags. */
  keysTagged(tags: ReadonlySet<string>): Iterable<string> {
    const keys: string[] = [];
    for (const entry of this.#all()) if (entry.tags?.some((tag) => tags.has(tag))) keys.push(entry.key);
    return keys;
  }

  /** Describes the fresh entries, oldest first. */
  listFresh(): EntryStats[] {
    const now = this.#clock.now();
    const list: EntryStats[] = [];
    for (const entry of this.#all()) {
      if (!isFresh(entry, now) || !this.#trusted(entry)) continue;
      list.push({
        key: entry.key,
        ageS: (now - entry.createdAt) / 1000,
        ttlS: (entry.expiresAt - now) / 1000,
        bytes: entry.bytes,
      });
    }
    return list;
  }

  /**
   * Removes entries that can no longer be served, in slices.
   * @returns the number of entries removed
   */
  async sweep(): Promise<number> {
    let removed = 0;
    let inSlice = 0;
    let sliceEnd = this.#clock.now() + SLICE_MS;
    for (const entry of this.#all()) {
      const now = this.#clock.now();
      // An expired entry is still served while its refresh runs.
      const removable = now >= entry.staleUntil && !entry.cancelRefresh;
      if (removable && this.remove(entry.key)) removed += 1;
      inSlice += 1;
      if (now < sliceEnd && inSlice < SLICE_ENTRIES) continue;
      await new Promise((resolve) => setImmediate(resolve));
      inSlice = 0;
      sliceEnd = this.#clock.now() + SLICE_MS;
    }
    return removed;
  }

  #evicted(entry: CacheEntry<V>): void {
    stopRefresh(entry);
    this.#counters.evictions += 1;
    if (this.#onDelete !== undefined && !entry.invalidated) this.#reportDeleted(entry);
    if (this.#onEvict !== undefined) this.#callHook(entry.key, () => this.#onEvict?.(entry.key, entry.value));
  }

  #reportDeleted({ key, createdAt }: CacheEntry<V>): void {
    this.#callHook(key, () => this.#onDelete?.(key, (this.#clock.now() - createdAt) / 1000));
  }

  #callHook(key: string, hook: () => void): void {
    try {
      hook();
    } catch (error) {
      this.#onError(error, key);
    }
  }

  *#all(): IterableIterator<CacheEntry<V>> {
    try {
      yield* this.#store.entries();
    } catch (error) {
      this.#storeFailed(error, '*');
    }
  }

  #trusted(entry: CacheEntry<V> | undefined): CacheEntry<V> | undefined {
    return entry !== undefined && entry.storedAt > this.#untrustedUntil ? entry : undefined;
  }

  /** Counts an error after which the store may still contain entries that had to be removed. */
  #removalFailed(error: unknown, key: string): void {
    this.#untrustedUntil = this.#clock.now();
    this.#storeFailed(error, key);
  }

  #storeFailed(error: unknown, key: string): undefined {
    this.#counters.storeErrors += 1;
    this.#onError(error, key);
  }
}

/** Rounds up: a sum of fractions drifts, and one that drifts above the limit could never be brought below it. */
function wholeBytes(size: number): number {
  if (size >= 0) return Math.ceil(size);
  throw new RangeError(`sizeOf must return 0 or more bytes, not ${size}`);
}
