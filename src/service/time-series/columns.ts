/**
 * The columns of the time series, named as in the API, and how the values within one interval are combined:
 * `mean` for measured values, `last` for counts at one time, `sum` for counts of what happened since the
 * previous point. CPU in percent, 100 is one core; memory in bytes; rates in bytes per second.
 */
export const COLUMNS = {
  cpu_percent: 'mean',
  memory_usage: 'mean',
  network_rx_rate: 'mean',
  network_tx_rate: 'mean',
  block_read_rate: 'mean',
  block_write_rate: 'mean',
  engines_total: 'last',
  engines_healthy: 'last',
  engines_used: 'last',
  streams_active: 'last',
  cache_hits: 'sum',
  cache_misses: 'sum',
  cache_loads: 'sum',
  cache_collapsed: 'sum',
  cache_stale: 'sum',
  cache_errors: 'sum',
} as const satisfies Record<string, 'mean' | 'last' | 'sum'>;

/** Name of a column. */
export type ColumnName = keyof typeof COLUMNS;

/** All names, in the order of {@link COLUMNS}. */
export const COLUMN_NAMES = Object.keys(COLUMNS) as ColumnName[];

/** The value of each column at one time; null if unknown. */
export type Point = Readonly<Record<ColumnName, number | null>>;
