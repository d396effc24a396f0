import type { Registry } from '@prometheus-io/client';
import type { CacheTotals } from '../../library/cache/index.ts';
import { counter, gauge, type Refresh } from './instruments.ts';

/** Name and help text of each total. Only counters end in `_total`. */
const INSTRUMENTS: Readonly<Record<keyof CacheTotals, readonly [string, string]>> = {
  hits: ['hits_total', 'Reads answered from the cache without waiting.'],
  misses: ['misses_total', 'Reads that were not hits.'],
  loads: ['loads_total', 'Loads started, by a read or in the background.'],
  collapsed: ['collapsed_total', 'Misses that shared a load in progress.'],
  stale: ['stale_total', 'Misses answered with the last good value.'],
  loadErrors: ['load_errors_total', 'Loads that failed or timed out.'],
  evictions: ['evictions_total', 'Entries evicted to stay within the limits.'],
  invalidations: ['invalidations_total', 'Keys invalidated by a change.'],
  storeErrors: ['store_errors_total', 'Errors of the store.'],
  entryCount: ['entries', 'Entries in the cache, including expired and fallback ones.'],
  bytes: ['bytes', 'Size of the entries in bytes.'],
  inFlight: ['loads_in_flight', 'Loads in progress.'],
};

/** Declares `roundhouse_cache_*`. Clearing the cache does not reset these counters. */
export function cacheMetrics(registry: Registry, readTotals: () => CacheTotals): Refresh {
  const instruments = Object.entries(INSTRUMENTS).map(([field, [name, help]]) => {
    const declare = name.endsWith('_total') ? counter : gauge;
    return { field: field as keyof CacheTotals, set: declare(registry, `roundhouse_cache_${name}`, help) };
  });
  return () => {
    const totals = readTotals();
    for (const { field, set } of instruments) set(totals[field]);
  };
}
