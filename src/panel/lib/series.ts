import type { SeriesWindow } from './wire.ts';

/** Values of one series, oldest first; null where nothing was measured. */
export type Column = (number | null)[];

/** Names of the columns that hold values, without the times. */
export type SeriesName = Exclude<keyof SeriesWindow, 'interval_s' | 'from' | 'to' | 't'>;

/** The latest value that was measured; null if there is none. */
export function latest(column: Column): number | null {
  return column.findLast((value) => value !== null) ?? null;
}

/** Hit rate of each interval in percent; null for an interval without reads. */
export function hitRates({
  cache_hits,
  cache_misses,
}: Pick<SeriesWindow, 'cache_hits' | 'cache_misses'>): Column {
  return cache_hits.map((hits, index) => {
    const misses = cache_misses[index] ?? null;
    if (hits === null || misses === null || hits + misses === 0) return null;
    return (100 * hits) / (hits + misses);
  });
}
