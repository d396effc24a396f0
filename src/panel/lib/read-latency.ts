import type { CacheStats } from './wire.ts';

/** Load times of the keys of one class, such as `stats:engine`. */
export interface LoadTime {
  keyClass: string;
  /** Loads so far, failed ones included. */
  loads: number;
  /** Mean time of a successful load in seconds; null before the first. */
  meanS: number | null;
}

/** Average time that a read waits for its value. Background loads do not delay a read. */
export interface ReadLatency {
  reads: number;
  /** Reads that waited for a load. */
  waited: number;
  /** All loads, background loads included. */
  loads: number;
  /** Seconds per read as measured. */
  withCacheS: number;
  /** Seconds per read if every read were a load. */
  withoutCacheS: number;
}

/** Load times by class of keys, slowest first. */
export function loadTimes({ load_times }: CacheStats): LoadTime[] {
  return Object.entries(load_times)
    .map(([keyClass, { count, failed, mean_seconds }]) => ({
      keyClass,
      loads: count + failed,
      meanS: mean_seconds,
    }))
    .sort((a, b) => (b.meanS ?? 0) - (a.meanS ?? 0));
}

/**
 * Average read latency with the cache and without it; null before the first read and load. Reads are not counted by
 * class, so their distribution over the classes is assumed to be that of the loads.
 */
export function readLatency(stats: CacheStats): ReadLatency | null {
  const reads = stats.hits + stats.misses;
  const measured = Object.values(stats.load_times).filter(({ mean_seconds }) => mean_seconds !== null);
  const counted = measured.reduce((sum, { count }) => sum + count, 0);
  if (reads === 0 || counted === 0) return null;
  const loadingS = measured.reduce((sum, { count, mean_seconds }) => sum + count * (mean_seconds ?? 0), 0);
  const withoutCacheS = loadingS / counted;
  // A stale value counts as a miss, but is returned immediately.
  const waited = Math.max(0, stats.misses - stats.stale);
  return { reads, waited, loads: stats.loads, withCacheS: (withoutCacheS * waited) / reads, withoutCacheS };
}
