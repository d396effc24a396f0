/**
 * The figures of which a past is kept, named as on the wire, and what becomes of several that fall into one
 * interval: the `mean` of what was measured, the `last` of what is counted now and then, the `sum` of what has
 * happened. Rates are bytes per second.
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

export type Column = keyof typeof COLUMNS;

export const COLUMN_NAMES = Object.keys(COLUMNS) as Column[];

/** Figures at one moment; null for what was not known then. */
export type Point = Readonly<Record<Column, number | null>>;
