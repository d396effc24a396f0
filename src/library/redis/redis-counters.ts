/** Counts of the calls to Redis of one cache or store, by outcome. */
export interface RedisCounters {
  /** Reads that found a value. */
  hits: number;
  /** Reads that found no value. In a `TieredCache` each of them is also one of `leads` or `waits`. */
  misses: number;
  /** Values that could not be decoded. Each was removed and counts as a miss. */
  corrupt: number;
  /** Leases acquired, that is, loads on behalf of all processes. */
  leads: number;
  /** Reads that found another process loading the value. */
  waits: number;
  /** Reads that could not use Redis. */
  bypasses: number;
  /** Loaded values that Redis stored. */
  stored: number;
  /** Loaded values that were not stored: the key was invalidated, the lease was lost, or Redis is full. */
  refused: number;
  /** Commands that failed. */
  faults: number;
}

/** Counters that are all 0. */
export function zeroRedisCounters(): RedisCounters {
  return {
    hits: 0,
    misses: 0,
    corrupt: 0,
    leads: 0,
    waits: 0,
    bypasses: 0,
    stored: 0,
    refused: 0,
    faults: 0,
  };
}
