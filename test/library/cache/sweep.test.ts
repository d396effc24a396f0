import { describe, expect, test } from 'vitest';
import { Cache } from '../../../src/library/cache/cache.ts';
import { MemoryStore } from '../../../src/library/cache/memory-store.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';

const TTL = { ttlS: 3 };

function setUp(options: { staleIfErrorS?: number; sweepIntervalS?: number } = {}) {
  const clock = new FakeClock();
  const store = new MemoryStore<number>({ maxEntries: 100_000, maxBytes: 1e9 });
  return { clock, store, cache: new Cache<number>({ clock, store, ...options }) };
}

test('a sweep removes expired entries and returns their number', async () => {
  const { cache, clock, store } = setUp();
  cache.set('old', 1, TTL);
  clock.advance(2000);
  cache.set('new', 1, TTL);
  clock.advance(1000);
  expect(store.size).toBe(2);
  expect(await cache.sweep()).toBe(1);
  expect([...store.entries()].map(({ key }) => key)).toEqual(['new']);
  expect(cache.stats().evictions).toBe(0);
});

test('a sweep does not remove entries that can be served as stale', async () => {
  const { cache, clock, store } = setUp({ staleIfErrorS: 30 });
  cache.set('k', 1, TTL);
  clock.advance(32_999);
  expect(await cache.sweep()).toBe(0);
  clock.advance(1);
  expect(await cache.sweep()).toBe(1);
  expect(store.size).toBe(0);
});

describe('a key with refresh-ahead', () => {
  async function setUpRefreshed(nextLoad: () => number | Promise<number>) {
    const clock = new FakeClock();
    const store = new MemoryStore<number>({ maxEntries: 10, maxBytes: 10_000 });
    const cache = new Cache<number>({ clock, store, refreshAheadS: 2, sweepIntervalS: 0 });
    const loads = [() => 1, nextLoad];
    await cache.getOrLoad('k', () => loads.shift()!(), TTL);
    return { clock, cache, store };
  }

  test('is not removed while its refresh runs', async () => {
    const { clock, cache, store } = await setUpRefreshed(() => new Promise<number>(() => {}));
    await clock.advanceAsync(2000);
    cache.get('k');
    await clock.advanceAsync(1000);
    expect(await cache.sweep()).toBe(0);
    expect(store.size).toBe(1);
  });

  test('is removed after its refresh has failed', async () => {
    const { clock, cache, store } = await setUpRefreshed(() => Promise.reject(new Error('down')));
    await clock.advanceAsync(2000);
    cache.get('k');
    await clock.advanceAsync(1000);
    expect(cache.stats().loadErrors).toBe(1);
    expect(await cache.sweep()).toBe(1);
    expect(store.size).toBe(0);
  });

  test('is removed when it is no longer read', async () => {
    const { clock, cache, store } = await setUpRefreshed(() => 2);
    await clock.advanceAsync(3000);
    expect(await cache.sweep()).toBe(1);
    expect(store.size).toBe(0);
  });
});

describe('the periodic sweep', () => {
  test('runs every 60 s with one timer for all keys', async () => {
    const { cache, clock, store } = setUp();
    for (let round = 0; round < 3; round += 1) {
      for (let i = 0; i < 100; i += 1) cache.set(`k${i}`, i, TTL);
      expect(clock.pending).toBe(1);
      await clock.advanceAsync(59_999);
      expect(store.size).toBe(100);
      await clock.advanceAsync(1);
      expect(store.size).toBe(0);
    }
  });

  test('runs at the configured interval', async () => {
    const { cache, clock, store } = setUp({ sweepIntervalS: 5 });
    cache.set('k', 1, TTL);
    await clock.advanceAsync(5000);
    expect(store.size).toBe(0);
  });

  test('does not run with an interval of 0', () => {
    expect(setUp({ sweepIntervalS: 0 }).clock.pending).toBe(0);
  });
});

describe('a large sweep', () => {
  test('yields to the event loop regularly', async () => {
    const { cache, clock } = setUp();
    for (let i = 0; i < 50_000; i += 1) cache.set(`k${i}`, i, TTL);
    clock.advance(3000);
    const sweep = cache.sweep();
    let done = false;
    const removed = sweep.finally(() => {
      done = true;
    });
    let turns = 0;
    for (; !done; turns += 1) await settle();
    expect(await removed).toBe(50_000);
    // 50,000 entries in slices of no more than 5,000.
    expect(turns).toBeGreaterThanOrEqual(10);
  });

  test('allows writes and removals between its slices', async () => {
    const { cache, clock, store } = setUp();
    for (let i = 0; i < 20_000; i += 1) cache.set(`k${i}`, i, TTL);
    clock.advance(3000);
    const removed = cache.sweep();
    await settle();
    for (let i = 15_000; i < 20_000; i += 1) cache.set(`k${i}`, -i, TTL);
    for (let i = 14_000; i < 15_000; i += 1) cache.delete(`k${i}`);
    expect(await removed).toBe(14_000);
    expect(store.size).toBe(5000);
    expect(cache.get('k15000')).toBe(-15_000);
  });
});

test('an expired entry is not read, listed, counted or invalidated, even before a sweep', async () => {
  const { cache, clock, store } = setUp();
  cache.set('k', 1, TTL);
  clock.advance(3000);
  expect(store.size).toBe(1);
  expect(cache.get('k')).toBeUndefined();
  expect(cache.stats()).toMatchObject({ size: 0, entries: [], hits: 0, misses: 1 });
  expect(cache.invalidate('k')).toBe(0);
  await cache.sweep();
  expect(cache.stats()).toMatchObject({ size: 0, bytes: 0 });
});
