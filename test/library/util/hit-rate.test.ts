import { expect, test } from 'vitest';
import { hitRate } from '../../../src/library/util/hit-rate.ts';

test.each([
  [0, 0, 0],
  [0, 3, 0],
  [3, 0, 100],
  [1, 2, 33.33],
  [2, 1, 66.67],
])('of %i hits and %i misses is %d', (hits, misses, expected) => {
  expect(hitRate(hits, misses)).toBe(expected);
});
