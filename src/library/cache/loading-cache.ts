import type { Load } from './load.ts';
import type { KeyFilter, LoadOptions, StoreOptions } from './options.ts';
import type { CacheRead } from './read.ts';
import type { CacheStats, CacheTotals } from './stats.ts';

/**
 * A cache that loads missing values, once per key at a time. {@link Cache} implements it in memory,
 * `TieredCache` of `roundhouse/redis` in memory and Redis.
 *
 * Patterns are globs over whole keys: `*` matches any number of characters, `?` exactly one. A pattern without
 * a wildcard matches the one key that equals it.
 */
export interface LoadingCache<V = unknown> {
  /** Returns the fresh value of a key, or undefined. Counts as a hit or a miss. Does not load. */
  get(key: string): V | undefined;

  /**
   * Returns the value of a key if it is fresh (`hit`) or may still be served when a load fails (`stale`), but not
   * if it was invalidated. Does not count as a read, keep the key warm or load.
   */
  peek<T extends V>(key: string): CacheRead<T> | undefined;

  /**
   * Stores a value and freezes it. Supersedes the load of the key that is in progress: its value goes to the
   * readers that wait for it and is not cached.
   * @throws TypeError if the value is undefined, which is never cached
   * @throws RangeError if `ttlS` is negative or NaN
   */
  set(key: string, value: V, options: StoreOptions): void;

  /**
   * Removes a key, so that its value cannot be served as stale either, and supersedes its load.
   * @returns whether the key had a fresh value
   */
  delete(key: string): boolean;

  /**
   * Removes the keys that match a pattern or have one of the tags, and supersedes their loads. Without a filter, removes
   * all keys and resets the counters of {@link stats}.
   * @returns the number of fresh values removed
   */
  clear(filter?: KeyFilter): number;

  /**
   * Invalidates the keys that match a pattern and supersedes their loads: a later reader gets neither the cached
   * value nor that of a load that started before. The value remains as a fallback, served as `stale` if the next
   * load fails.
   * @returns the number of keys that had a fresh value or a load in progress
   */
  invalidate(pattern: string): number;

  /**
   * {@link invalidate} for the keys whose value, or load in progress, has at least one of these tags. Takes time
   * proportional to the number of entries, as a pattern with a wildcard does.
   * @returns the number of keys that had a fresh value or a load in progress
   */
  invalidateTags(tags: readonly string[]): number;

  /**
   * Returns the value of a key, loading it if it is not fresh. Readers of the same key share one load.
   * @throws the error of the load if no stale value may be served, a {@link LoadTimeoutError}, a
   *   {@link CacheClosedError}, or the reason of `options.signal`
   * @throws RangeError if `ttlS` is negative or NaN
   */
  getOrLoad<T extends V>(key: string, load: Load<T>, options: LoadOptions): Promise<T>;

  /**
   * Like {@link getOrLoad}, and also reports how the read was answered. Returns a cached value synchronously,
   * without a promise.
   */
  read<T extends V>(key: string, load: Load<T>, options: LoadOptions): CacheRead<T> | Promise<CacheRead<T>>;

  /** Returns counters and the list of fresh entries. Takes time proportional to the number of entries. */
  stats(): CacheStats;

  /** Returns counters since the cache was created, which `clear` does not reset, and sizes. Takes constant time. */
  totals(): CacheTotals;

  /**
   * Removes entries that can no longer be served, in slices between which other work can run.
   * @returns the number of entries removed
   */
  sweep(): Promise<number>;

  /**
   * Aborts loads with a {@link CacheClosedError}, stops background work and removes all entries. Later reads load
   * directly from their source.
   */
  close(): void;
}
