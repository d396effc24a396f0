import type { Clock } from '../util/clock.ts';
import type { Freshness } from './flight.ts';
import type { Store } from './store.ts';

/** How a cache behaves. All times are seconds. */
export interface CacheOptions<V = unknown> {
  /** False turns the cache off: every read loads directly and nothing is kept. Default true. */
  enabled?: boolean;
  /** Most entries held. Default 10,000. */
  maxEntries?: number;
  /** Most bytes held, as estimated by `sizeOf`. Default 64 MiB. */
  maxBytes?: number;
  /** Deadline of one load. Default 10 s. */
  loadTimeoutS?: number;
  /** How long past its expiry a value may stand in for a load that fails. Default 0: never. */
  staleIfErrorS?: number;
  /** While loads of a key fail, how long a fallback is served before the source is tried again. Default 1 s. */
  retryS?: number;
  /**
   * A key read within this time is loaded again in the background as it expires, so that whoever polls
   * more slowly than the TTL still gets hits. Default 0: never.
   */
  refreshAheadS?: number;
  /** How often entries of no further use are removed. Default 60 s. */
  sweepIntervalS?: number;
  /** Bytes a value holds. Default {@link estimateBytes}. */
  sizeOf?: (value: V) => number;
  /** Where time comes from. Default: the process's monotonic clock. */
  clock?: Clock;
  /** Where entries live. Default: a {@link MemoryStore} with the limits above. */
  store?: Store<V>;
  /** Called at the first failure of a streak of failing loads of a key, and for each fault of the store. */
  onError?: (error: unknown, key: string) => void;
  /** Called as each load ends, whoever it was for. An error that it throws goes to `onError`. */
  onLoad?: (load: EndedLoad) => void;
}

/** A load that has ended, overtaken or not. */
export interface EndedLoad {
  key: string;
  /** How long it took. */
  seconds: number;
  /** False if it threw, passed its deadline or was ended with the cache. */
  succeeded: boolean;
}

/** How one read loads and keeps its value. */
export interface LoadOptions {
  /** How long the loaded value is fresh, in seconds, unless its load tells otherwise. */
  ttlS: number;
  /** Ends this reader's wait; the load goes on for the others. */
  signal?: AbortSignal;
}

/** The times of a cache, every one given, in the units its code works with. */
export interface CachePolicy {
  loadTimeoutS: number;
  staleIfErrorMs: number;
  retryMs: number;
  refreshAheadMs: number;
  sweepIntervalMs: number;
}

export function toCachePolicy<V>(options: CacheOptions<V>): CachePolicy {
  return {
    loadTimeoutS: seconds('loadTimeoutS', options.loadTimeoutS ?? 10),
    staleIfErrorMs: seconds('staleIfErrorS', options.staleIfErrorS ?? 0) * 1000,
    retryMs: seconds('retryS', options.retryS ?? 1) * 1000,
    refreshAheadMs: seconds('refreshAheadS', options.refreshAheadS ?? 0) * 1000,
    sweepIntervalMs: seconds('sweepIntervalS', options.sweepIntervalS ?? 60) * 1000,
  };
}

export function checkTtl(ttlS: number): void {
  seconds('ttlS', ttlS);
}

export function checkFreshness({ ageS, ttlS }: Freshness): Freshness {
  return { ageS: seconds('ageS', ageS), ttlS: seconds('ttlS', ttlS) };
}

export function positiveInteger(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new RangeError(`${name} must be a whole number of at least 1, not ${value}`);
}

function seconds(name: string, value: number): number {
  if (value >= 0) return value;
  throw new RangeError(`${name} must be a number of seconds, 0 or more, not ${value}`);
}
