/** The past in columns of equal length, oldest first; null where nothing was measured. */
export interface History {
  interval_s: number;
  from: number;
  to: number;
  /** Seconds since the epoch. */
  t: number[];
  cpu_percent: Column;
  memory_usage: Column;
  /** Bytes per second, as are the three after it. */
  network_rx_rate: Column;
  network_tx_rate: Column;
  block_read_rate: Column;
  block_write_rate: Column;
  engines_total: Column;
  engines_healthy: Column;
  engines_used: Column;
  streams_active: Column;
  /** Counted within each interval, as are the five after it. */
  cache_hits: Column;
  cache_misses: Column;
  cache_loads: Column;
  cache_collapsed: Column;
  cache_stale: Column;
  cache_errors: Column;
}

export type Column = (number | null)[];

/** Names of the columns that hold figures. */
export type Figure = Exclude<keyof History, 'interval_s' | 'from' | 'to' | 't'>;

/** The latest figure there is. */
export function latest(column: Column): number | null {
  return column.findLast((value) => value !== null) ?? null;
}

/** The hit rate of each interval in percent; null where nothing was read. */
export function hitRates({ cache_hits, cache_misses }: Pick<History, 'cache_hits' | 'cache_misses'>): Column {
  return cache_hits.map((hits, index) => {
    const misses = cache_misses[index] ?? null;
    if (hits === null || misses === null || hits + misses === 0) return null;
    return (100 * hits) / (hits + misses);
  });
}
