/** Counters since the cache was created or, in {@link CacheStats}, since its last full `clear`. */
export interface CacheCounters {
  /** Reads answered from the cache, without waiting. */
  hits: number;
  /** All other reads. */
  misses: number;
  /** Loads started, background refreshes included. */
  loads: number;
  /** Misses that joined a load that another read had started. */
  collapsed: number;
  /** Misses answered with a stale value. */
  stale: number;
  /** Loads that failed or timed out. */
  loadErrors: number;
  /** Entries evicted to stay within the limits. */
  evictions: number;
  /** Keys that `invalidate` affected. */
  invalidations: number;
  /** Errors of the store or of `sizeOf`. Each was treated as a miss. */
  storeErrors: number;
}

/** A fresh entry, as `stats()` lists it. */
export interface EntryStats {
  key: string;
  /** Time since the source produced the value, in seconds. */
  ageS: number;
  /** Time until the value expires, in seconds; greater than 0. */
  ttlS: number;
  /** Estimated memory of key, value and bookkeeping. */
  bytes: number;
}

/** A snapshot of the cache with its fresh entries. */
export interface CacheStats extends CacheCounters {
  /** Number of fresh entries. Entries that can only be served as stale do not count. */
  size: number;
  /** Hits in percent of all reads, rounded to two decimals; 0 before the first read. */
  hitRate: number;
  /** Estimated memory of all entries, expired ones included. */
  bytes: number;
  /** Loads in progress. */
  inFlight: number;
  entries: EntryStats[];
}

/** Counters that are never reset and sizes, for monitoring. Reading them takes constant time. */
export interface CacheTotals extends CacheCounters {
  /** Number of entries: fresh, expired and invalidated. */
  entryCount: number;
  /** Estimated memory of these entries. */
  bytes: number;
  /** Loads in progress. */
  inFlight: number;
}

/** Returns counters that are all zero. */
export function zeroCounters(): CacheCounters {
  return {
    hits: 0,
    misses: 0,
    loads: 0,
    collapsed: 0,
    stale: 0,
    loadErrors: 0,
    evictions: 0,
    invalidations: 0,
    storeErrors: 0,
  };
}

/** Resets `counters` to zero and adds their former values to `total`. */
export function resetCounters(counters: CacheCounters, total: CacheCounters): void {
  Object.assign(total, sumCounters(total, counters));
  Object.assign(counters, zeroCounters());
}

/** Returns the sums of two sets of counters. */
export function sumCounters(a: CacheCounters, b: CacheCounters): CacheCounters {
  const sum = zeroCounters();
  for (const name of Object.keys(sum) as (keyof CacheCounters)[]) sum[name] = a[name] + b[name];
  return sum;
}
