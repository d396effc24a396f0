import { expect, test } from 'vitest';
import { hitRate, hitRatesOf, rank, rankTraffic, ruleRows } from '../../../src/panel/lib/apps/figures.ts';
import type { Traffic } from '../../../src/panel/lib/wire.ts';

function traffic(requests: number): Traffic {
  const bytes = { bytes_to_browser: 0, bytes_from_upstream: 0, bytes_saved: 0 };
  return { requests, hits: requests, misses: 0, bypasses: 0, ...bytes };
}

test('the hit rate does not count bypasses, and is unknown without requests', () => {
  expect(hitRate({ hits: 3, misses: 1 })).toBe(75);
  expect(hitRate({ hits: 0, misses: 0 })).toBeNull();
  expect(hitRatesOf({ hits: [null, 0, 1], misses: [null, 0, 3] })).toEqual([null, null, 25]);
});

test('counts and groups are ordered, and counts of zero are left out', () => {
  expect(rank({ a: 1, b: 0, c: 5 })).toEqual([
    ['c', 5],
    ['a', 1],
  ]);
  expect(rankTraffic({ a: traffic(1), b: traffic(2) }).map(([name]) => name)).toEqual(['b', 'a']);
});

test('rules are listed in their order with their traffic, followed by those of the type', () => {
  const rules = ruleRows(
    { type: 'web-python', name: 'a', cache_routes: ['*.js', { match: '*.css', ttl_s: 60, force: true }] },
    { '*.js': traffic(2), '*pyodide*': traffic(5) },
  );
  expect(rules).toEqual([
    { pattern: '*.js', options: '', traffic: traffic(2) },
    { pattern: '*.css', options: 'ttl_s: 60, force: true', traffic: null },
    { pattern: '*pyodide*', options: '', traffic: traffic(5) },
  ]);
});
