import { expect, test } from 'vitest';
import { loadTimes, readLatency } from '../../src/panel/lib/read-latency.ts';
import type { CacheStats } from '../../src/panel/lib/wire.ts';

type LoadTimes = CacheStats['load_times'];

function stats(fields: Partial<CacheStats>, load_times: LoadTimes): CacheStats {
  return { hits: 0, misses: 0, loads: 0, stale: 0, ...fields, load_times } as CacheStats;
}

function times(count: number, mean_seconds: number | null): LoadTimes[string] {
  return { count, failed: 1, mean_seconds, last_seconds: mean_seconds };
}

const SOME = stats({ hits: 90, misses: 12, stale: 2, loads: 40 }, { a: times(10, 0.3), b: times(30, 0.1) });

test('the latency without the cache is the mean load time, and with it only that of the reads that waited', () => {
  const latency = readLatency(SOME)!;
  expect(latency).toMatchObject({ reads: 102, waited: 10, loads: 40 });
  expect(latency.withoutCacheS).toBeCloseTo(0.15);
  expect(latency.withCacheS).toBeCloseTo((0.15 * 10) / 102);
});

test('the latency is null before the first read or the first successful load', () => {
  expect(readLatency(stats({}, { a: times(1, 0.1) }))).toBeNull();
  expect(readLatency(stats({ misses: 3 }, { a: times(0, null) }))).toBeNull();
});

test('load times are sorted from slow to fast and include failed loads', () => {
  expect(loadTimes(SOME)).toEqual([
    { keyClass: 'a', loads: 11, meanS: 0.3 },
    { keyClass: 'b', loads: 31, meanS: 0.1 },
  ]);
});
