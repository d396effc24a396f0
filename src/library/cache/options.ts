import type { Clock } from '../util/clock.ts';
import type { AdaptiveTtlOptions } from './adaptive-ttl.ts';
import type { Freshness } from './load.ts';
import type { ReadOutcome } from './read.ts';
import type { CacheStore } from './store.ts';

/** Options of {@link Cache}. */
export interface CacheOptions<V = unknown> {
  /** `false` disables the cache: every read loads from its source and nothing is stored. Default true. */
  enabled?: boolean;
  /** Maximum number of entries. Default 10,000. */
  maxEntries?: number;
  /** Maximum memory of all entries in bytes, as estimated by `sizeOf`. Default 64 MiB. */
  maxBytes?: number;
  /** Timeout of a load, in seconds. Default 10. */
  loadTimeoutS?: number;
  /** How long after its expiry a value may be served as stale if loading fails, in seconds. Default 0: never. */
  staleIfErrorS?: number;
  /** While loads of a key fail, how long its stale value is served before the next attempt, in seconds. Default 1. */
  retryS?: number;
  /**
   * Refresh-ahead: a key that was read within this time before its expiry is loaded again in the background, so
   * that clients that poll less often than once per TTL still get hits. In seconds. Default 0: disabled.
   */
  refreshAheadS?: number;
  /**
   * Adaptive TTL: a value whose load takes long, or that does not change from one load to the next, lives longer than
   * its read requests. Does not apply to loads that call `setFreshness`. Default: disabled.
   */
  adaptiveTtl?: AdaptiveTtlOptions<V>;
  /** Interval between removals of entries that can no longer be served, in seconds. Default 60; 0 disables them. */
  sweepIntervalS?: number;
  /** Returns the memory of a value in bytes. Default {@link estimateBytes}. */
  sizeOf?: (value: V) => number;
  /** Source of time. Default: a monotonic system clock. */
  clock?: Clock;
  /** Storage of the entries. Default: a {@link MemoryStore} with `maxEntries` and `maxBytes`. */
  store?: CacheStore<V>;
  /** Called on the first of several consecutive failed loads of a key, and on each error of the store. */
  onError?: (error: unknown, key: string) => void;
  /** Called when a load has settled, background refreshes included. An error that it throws goes to `onError`. */
  onLoad?: (load: SettledLoad) => void;
  /**
   * Called for each read as it is counted: with `miss` or `collapsed` when it starts to wait for a load, then with
   * `stale` if that load fails and a stale value replaces its result. `ageS` is the age of a cached value in seconds,
   * undefined for a read that loads. An error that it throws goes to `onError`.
   */
  onRead?: (key: string, outcome: ReadOutcome, ageS: number | undefined) => void;
  /** Called for each value that is stored, with its TTL in seconds. An error that it throws goes to `onError`. */
  onSet?: (key: string, ttlS: number) => void;
  /**
   * Called for each value that is removed, invalidated, evicted or swept, with its age in seconds, and not for one that
   * is replaced. An error that it throws goes to `onError`.
   */
  onDelete?: (key: string, ageS: number) => void;
  /** Called for each entry that is evicted because of a limit. An error that it throws goes to `onError`. */
  onEvict?: (key: string, value: V) => void;
}

/** A load that has settled. */
export interface SettledLoad {
  key: string;
  /** Duration of the load, in seconds. */
  durationS: number;
  /** False if the load threw, timed out or was aborted because the cache was closed. */
  succeeded: boolean;
}

/** Options of a value that is stored. */
export interface StoreOptions {
  /** How long the value is fresh, in seconds. */
  ttlS: number;
  /** Tags of the value, for `invalidateTags`. Default none. */
  tags?: readonly string[];
}

/** Which keys to remove: those that match a glob, or those of values with at least one of these tags. */
export type KeyFilter = string | { readonly tags: readonly string[] };

/** Options of a read that may load. */
export interface LoadOptions extends StoreOptions {
  /** How long the loaded value is fresh, in seconds, unless the load calls `setFreshness`. */
  ttlS: number;
  /**
   * Stale-while-revalidate: how long after its TTL the value is still returned, as `stale`, while it is loaded again in
   * the background, in seconds. Not after an invalidation. Default 0.
   */
  staleWhileRevalidateS?: number;
  /** Aborts the wait of this reader. The load continues for other readers and its value is cached. */
  signal?: AbortSignal;
}

/** The times of {@link CacheOptions}, validated and with their defaults, in seconds. */
export type CacheTimes = Required<
  Pick<CacheOptions, 'loadTimeoutS' | 'staleIfErrorS' | 'retryS' | 'refreshAheadS' | 'sweepIntervalS'>
>;

/** @throws RangeError if a time is negative or NaN */
export function toCacheTimes(options: Partial<CacheTimes>): CacheTimes {
  return {
    loadTimeoutS: seconds('loadTimeoutS', options.loadTimeoutS ?? 10),
    staleIfErrorS: seconds('staleIfErrorS', options.staleIfErrorS ?? 0),
    retryS: seconds('retryS', options.retryS ?? 1),
    refreshAheadS: seconds('refreshAheadS', options.refreshAheadS ?? 0),
    sweepIntervalS: seconds('sweepIntervalS', options.sweepIntervalS ?? 60),
  };
}

/** @throws RangeError if a time is negative or NaN */
export function checkStoreTimes(options: { ttlS: number; staleWhileRevalidateS?: number | undefined }): void {
  seconds('ttlS', options.ttlS);
  if (options.staleWhileRevalidateS) seconds('staleWhileRevalidateS', options.staleWhileRevalidateS);
}

/** @throws RangeError if the age or the TTL is negative or NaN */
export function checkFreshness({ ageS, ttlS }: Freshness): Freshness {
  return { ageS: seconds('ageS', ageS), ttlS: seconds('ttlS', ttlS) };
}

/** @throws RangeError if the value is not an integer of at least 1 */
export function positiveInteger(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new RangeError(`${name} must be an integer of at least 1, not ${value}`);
}

function seconds(name: string, value: number): number {
  if (value >= 0) return value;
  throw new RangeError(`${name} must be a number of seconds, 0 or more, not ${value}`);
}
