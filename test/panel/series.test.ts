import { expect, test } from 'vitest';
import { hitRates, latest } from '../../src/panel/lib/series.ts';

test('latest() returns the last value that is not null', () => {
  expect(latest([1, 2, null])).toBe(2);
  expect(latest([null])).toBeNull();
});

test('hitRates() is null for intervals without reads or measurements', () => {
  expect(hitRates({ cache_hits: [3, 0, null, 1], cache_misses: [1, 0, 2, null] })).toEqual([
    75,
    null,
    null,
    null,
  ]);
});
