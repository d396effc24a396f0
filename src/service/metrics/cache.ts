import type { Registry } from '@prometheus-io/client';
import type { CacheTotals } from '../../library/cache/index.ts';
import { counter, gauge, type Refresh } from './figures.ts';

/** Each figure of the cache by its name and meaning; only what is counted ends in `_total`. */
const FIGURES: Readonly<Record<keyof CacheTotals, readonly [string, string]>> = {
  hits: ['hits_total', 'Reads answered from a kept value, without waiting.'],
  misses: ['misses_total', 'All other reads.'],
  loads: ['loads_total', 'Times a source was read, for a reader or in the background.'],
  collapsed: ['collapsed_total', 'Misses that shared a load already under way.'],
  stale: ['stale_total', 'Misses answered with the last good value.'],
  loadErrors: ['load_errors_total', 'Loads that failed or passed their deadline.'],
  evictions: ['evictions_total', 'Entries given up to stay within the bounds.'],
  invalidations: ['invalidations_total', 'Keys made out of date by a change.'],
  storeErrors: ['store_errors_total', 'Faults of the store.'],
  entryCount: ['entries', 'Entries held, expired ones and fallbacks included.'],
  bytes: ['bytes', 'Bytes held.'],
  inFlight: ['loads_in_flight', 'Loads under way.'],
};

/** `roundhouse_cache_*`. Clearing the cache does not set these counters back. */
export function cacheMetrics(registry: Registry, readTotals: () => CacheTotals): Refresh {
  const figures = Object.entries(FIGURES).map(([field, [name, help]]) => {
    const declare = name.endsWith('_total') ? counter : gauge;
    return { field: field as keyof CacheTotals, set: declare(registry, `roundhouse_cache_${name}`, help) };
  });
  return () => {
    const totals = readTotals();
    for (const { field, set } of figures) set(totals[field]);
  };
}
