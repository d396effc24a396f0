import { describe, expect, test } from 'vitest';
import { hitRates, latest } from '../../src/panel/lib/history.ts';
import { pollCosts, waiting } from '../../src/panel/lib/poll-cost.ts';
import { Rates } from '../../src/panel/lib/rates.ts';
import type { CacheStats, LoadTimes } from '../../src/panel/lib/wire.ts';

describe('rates', () => {
  test('are known from the second reading on, as the mean of 15 s', () => {
    const rates = new Rates();
    rates.add('rx', 1000, 0);
    expect(rates.of('rx')).toBeNull();
    rates.add('rx', 6000, 5000);
    expect(rates.of('rx')).toBe(1000);
    for (let second = 10; second <= 60; second += 5) rates.add('rx', 6000, second * 1000);
    expect(rates.of('rx')).toBe(0);
  });

  test('readings that are hardly apart tell nothing: ages come in whole seconds', () => {
    const rates = new Rates();
    rates.add('rx', 0, 0);
    rates.add('rx', 1e9, 1000);
    rates.add('rx', 2e9, 900);
    expect(rates.of('rx')).toBeNull();
  });

  test('a counter that begins anew is no negative rate', () => {
    const rates = new Rates();
    rates.add('rx', 5000, 0);
    rates.add('rx', 100, 5000);
    expect(rates.of('rx')).toBeNull();
    rates.add('rx', 600, 10_000);
    expect(rates.of('rx')).toBe(100);
  });

  test('with a slow interval two readings are kept, and those of the departed are not', () => {
    const rates = new Rates();
    rates.add('rx', 0, 0);
    rates.add('rx', 6000, 60_000);
    expect(rates.of('rx')).toBe(100);
    rates.keep(new Set());
    expect(rates.of('rx')).toBeNull();
  });
});

test('the past: its latest figure, and hit rates where anything was read', () => {
  expect(latest([1, 2, null])).toBe(2);
  expect(latest([null])).toBeNull();
  expect(hitRates({ cache_hits: [3, 0, null, 1], cache_misses: [1, 0, 2, null] })).toEqual([
    75,
    null,
    null,
    null,
  ]);
});

describe('what a poll costs', () => {
  const stats = (fields: Partial<CacheStats>, times: Record<string, LoadTimes>) =>
    ({ hits: 0, misses: 0, loads: 0, stale: 0, ...fields, load_times: times }) as CacheStats;
  const times = (count: number, mean: number | null) => ({
    count,
    failed: 1,
    mean_seconds: mean,
    last_seconds: mean,
  });

  test('is the mean load without the cache, and with it that of the few who wait', () => {
    const some = stats(
      { hits: 90, misses: 12, stale: 2, loads: 40 },
      { a: times(10, 0.3), b: times(30, 0.1) },
    );
    const result = waiting(some)!;
    expect(result.withoutS).toBeCloseTo(0.15);
    expect(result).toMatchObject({ polls: 102, waited: 10, loads: 40 });
    expect(result.withS).toBeCloseTo((0.15 * 10) / 102);
    expect(pollCosts(some).map(({ keyClass, loads }) => [keyClass, loads])).toEqual([
      ['a', 11],
      ['b', 31],
    ]);
  });

  test('is not known before anything was read, or any load has succeeded', () => {
    expect(waiting(stats({}, { a: times(1, 0.1) }))).toBeNull();
    expect(waiting(stats({ misses: 3 }, { a: times(0, null) }))).toBeNull();
  });
});
