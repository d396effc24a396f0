/** What happened since the cache was made, or since its last full clear. */
export interface Counters {
  /** Reads answered from a kept value, without waiting. */
  hits: number;
  /** All other reads. */
  misses: number;
  /** Times a source was read, whether for a reader or in the background. */
  loads: number;
  /** Misses that shared a load somebody else had begun. */
  collapsed: number;
  /** Misses answered with a value past its time, because loading failed. */
  stale: number;
  /** Loads that failed or passed their deadline. */
  loadErrors: number;
  /** Entries given up to stay within the bounds. */
  evictions: number;
  /** Keys made out of date by `invalidate`. */
  invalidations: number;
  /** Faults of the store or of size estimation; each was treated as a miss. */
  storeErrors: number;
}

/** One fresh entry as `stats()` lists it. */
export interface EntryStats {
  key: string;
  /** Seconds since its source gave the value. */
  age: number;
  /** Seconds until it expires, above zero. */
  ttlRemaining: number;
  bytes: number;
}

/** A snapshot of the cache. */
export interface CacheStats extends Counters {
  /** Fresh entries; those kept only as a fallback are not counted. */
  size: number;
  /** Hits in percent of all reads, to two decimals; 0 before the first read. */
  hitRate: number;
  /** Bytes held by all entries, fallbacks included. */
  bytes: number;
  /** Loads under way. */
  inFlight: number;
  entries: EntryStats[];
}

/** What a monitor reads at intervals. Nothing sets these counters back, and reading them walks nothing. */
export interface CacheTotals extends Counters {
  /** Entries held, whether fresh, expired or kept as a fallback. */
  held: number;
  /** Bytes held by them. */
  bytes: number;
  /** Loads under way. */
  inFlight: number;
}

export function zeroCounters(): Counters {
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

/** Sets counters to zero and adds what they had counted to `former`. */
export function resetCounters(counters: Counters, former: Counters): void {
  Object.assign(former, sumCounters(former, counters));
  Object.assign(counters, zeroCounters());
}

export function sumCounters(a: Counters, b: Counters): Counters {
  const sum = zeroCounters();
  for (const name of Object.keys(sum) as (keyof Counters)[]) sum[name] = a[name] + b[name];
  return sum;
}

export function hitRate({ hits, misses }: Counters): number {
  const reads = hits + misses;
  return reads === 0 ? 0 : Math.round((hits / reads) * 10_000) / 100;
}
