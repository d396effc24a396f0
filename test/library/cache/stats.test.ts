import { expect, test } from 'vitest';
import { Cache } from '../../../src/library/cache/cache.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { ManualSource } from '../../support/service/manual-source.ts';

test('all counters and the hit rate of a new cache are 0', () => {
  expect(new Cache().stats()).toEqual({
    hits: 0,
    misses: 0,
    loads: 0,
    collapsed: 0,
    stale: 0,
    loadErrors: 0,
    evictions: 0,
    invalidations: 0,
    storeErrors: 0,
    size: 0,
    hitRate: 0,
    bytes: 0,
    inFlight: 0,
    entries: [],
  });
});

test('every read counts as a hit or a miss; other counters are independent', async () => {
  const clock = new FakeClock();
  const cache = new Cache<number>({ clock, staleIfErrorS: 30, maxEntries: 2 });
  const source = new ManualSource<number>();
  const read = () => cache.getOrLoad('k', source.load, { ttlS: 3 });

  cache.get('k');
  const waiting = [read(), read(), read()];
  expect(cache.stats()).toMatchObject({ misses: 4, loads: 1, collapsed: 2, inFlight: 1 });
  await Promise.resolve();
  await source.latest.finish(1);
  await Promise.all(waiting);
  cache.get('k');
  await read();
  expect(cache.stats()).toMatchObject({ hits: 2, misses: 4, inFlight: 0 });

  clock.advance(3000);
  const failing = read();
  await Promise.resolve();
  await source.latest.fail(new Error('down'));
  expect(await failing).toBe(1);
  expect(cache.stats()).toMatchObject({ hits: 2, misses: 5, loads: 2, stale: 1, loadErrors: 1 });
  await read();
  expect(cache.stats()).toMatchObject({ hits: 2, misses: 6, stale: 2 });

  cache.set('a', 1, { ttlS: 3 });
  cache.set('b', 1, { ttlS: 3 });
  expect(cache.stats()).toMatchObject({ evictions: 1, invalidations: 0 });
  cache.invalidate('*');
  expect(cache.stats()).toMatchObject({ hits: 2, misses: 6, invalidations: 1 });
});

test.each([
  { hits: 125, misses: 15, rate: 89.29 },
  { hits: 1, misses: 2, rate: 33.33 },
  { hits: 2, misses: 1, rate: 66.67 },
  { hits: 0, misses: 4, rate: 0 },
  { hits: 5, misses: 0, rate: 100 },
])('$hits hits and $misses misses give a hit rate of $rate', ({ hits, misses, rate }) => {
  const cache = new Cache<number>();
  cache.set('present', 1, { ttlS: 60 });
  for (let i = 0; i < hits; i += 1) cache.get('present');
  for (let i = 0; i < misses; i += 1) cache.get('missing');
  expect(cache.stats().hitRate).toBe(rate);
});

test('lists fresh entries with age and remaining TTL, and no expired ones', () => {
  const clock = new FakeClock();
  const cache = new Cache<string>({ clock, staleIfErrorS: 30 });
  cache.set('short', 'x', { ttlS: 2 });
  clock.advance(500);
  cache.set('long', 'y', { ttlS: 3 });
  clock.advance(1000);
  const { entries, size, bytes } = cache.stats();
  expect(entries).toEqual([
    { key: 'short', ageS: 1.5, ttlS: 0.5, bytes: expect.any(Number) },
    { key: 'long', ageS: 1, ttlS: 2, bytes: expect.any(Number) },
  ]);
  expect(size).toBe(2);
  expect(bytes).toBe(entries[0]!.bytes + entries[1]!.bytes);

  clock.advance(500);
  expect(cache.stats()).toMatchObject({ size: 1, entries: [{ key: 'long' }], bytes });
  clock.advance(1500);
  expect(cache.stats()).toMatchObject({ size: 0, entries: [], bytes });
});

test('a full clear resets the counters; a clear with a pattern does not', () => {
  const cache = new Cache<number>({ staleIfErrorS: 30 });
  cache.set('a:1', 1, { ttlS: 3 });
  cache.set('a:2', 2, { ttlS: 3 });
  cache.set('b:1', 3, { ttlS: 3 });
  cache.get('a:1');
  cache.get('nothing');
  expect(cache.clear('a:*')).toBe(2);
  expect(cache.stats()).toMatchObject({ hits: 1, misses: 1, size: 1 });
  expect(cache.clear()).toBe(1);
  expect(cache.stats()).toEqual(new Cache().stats());
});

test('a snapshot is independent of the cache', () => {
  const cache = new Cache<number>();
  cache.set('k', 1, { ttlS: 3 });
  const before = cache.stats();
  before.hits = 99;
  before.entries.pop();
  cache.get('k');
  expect(before.hits).toBe(99);
  expect(cache.stats()).toMatchObject({ hits: 1, size: 1 });
});
