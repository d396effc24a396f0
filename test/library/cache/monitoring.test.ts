import { describe, expect, test } from 'vitest';
import { Cache } from '../../../src/library/cache/cache.ts';
import type { SettledLoad } from '../../../src/library/cache/index.ts';
import { ChaosStore } from '../../support/chaos-store.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { ManualSource } from '../../support/service/manual-source.ts';

describe('onLoad', () => {
  function setUp(options: { staleIfErrorS?: number; loadTimeoutS?: number } = {}) {
    const clock = new FakeClock();
    const settled: SettledLoad[] = [];
    const cache = new Cache<number>({
      clock,
      refreshAheadS: 15,
      onLoad: (load) => settled.push(load),
      ...options,
    });
    return { clock, settled, cache, source: new ManualSource<number>() };
  }

  test('reports the duration of a load once for all readers that waited for it', async () => {
    const { cache, clock, settled, source } = setUp();
    const waiting = [1, 2, 3].map(() => cache.getOrLoad('k', source.load, { ttlS: 3 }));
    await Promise.resolve();
    clock.advance(250);
    await source.latest.finish(1);
    await Promise.all(waiting);
    cache.get('k');
    expect(settled).toEqual([{ key: 'k', durationS: 0.25, succeeded: true }]);
  });

  test('reports loads that failed, timed out or were superseded', async () => {
    const { cache, clock, settled, source } = setUp({ loadTimeoutS: 2 });
    const failing = cache.getOrLoad('failing', source.load, { ttlS: 3 });
    const failed = expect(failing).rejects.toThrow('down');
    await Promise.resolve();
    await source.latest.fail(new Error('down'));
    await failed;
    const overdue = cache.getOrLoad('overdue', source.load, { ttlS: 3 });
    const timedOut = expect(overdue).rejects.toThrow('overdue');
    await clock.advanceAsync(2000);
    await timedOut;
    const superseded = cache.getOrLoad('superseded', source.load, { ttlS: 3 });
    await Promise.resolve();
    cache.invalidate('superseded');
    await source.latest.finish(1);
    await superseded;
    expect(settled).toEqual([
      { key: 'failing', durationS: 0, succeeded: false },
      { key: 'overdue', durationS: 2, succeeded: false },
      { key: 'superseded', durationS: 0, succeeded: true },
    ]);
  });

  test('reports background refreshes and loads of a disabled cache', async () => {
    const { cache, clock, settled } = setUp();
    await cache.getOrLoad('k', () => 1, { ttlS: 3 });
    await clock.advanceAsync(3000);
    expect(settled).toHaveLength(2);
    const off = new Cache({ enabled: false, onLoad: (load) => settled.push(load) });
    await off.getOrLoad('off', () => 1, { ttlS: 3 });
    expect(settled.at(-1)).toMatchObject({ key: 'off', succeeded: true });
  });

  test('an error that it throws goes to onError, not to readers', async () => {
    const errors: unknown[] = [];
    const cache = new Cache<number>({
      onError: (error) => errors.push(error),
      onLoad: () => {
        throw new Error('observer');
      },
    });
    expect(await cache.getOrLoad('k', () => 1, { ttlS: 3 })).toBe(1);
    expect(cache.get('k')).toBe(1);
    expect(errors).toEqual([new Error('observer')]);
  });
});

describe('totals', () => {
  test('are not reset by a full clear, unlike the counters of stats', async () => {
    const cache = new Cache<number>();
    await cache.getOrLoad('k', () => 1, { ttlS: 3 });
    cache.get('k');
    cache.clear();
    cache.get('k');
    cache.clear();
    await cache.getOrLoad('k', () => 1, { ttlS: 3 });
    expect(cache.stats()).toMatchObject({ hits: 0, misses: 1, loads: 1 });
    expect(cache.totals()).toMatchObject({ hits: 1, misses: 3, loads: 2 });
  });

  test('equal the counters of stats before the first clear', async () => {
    const cache = new Cache<number>({ staleIfErrorS: 30 });
    await cache.getOrLoad('k', () => 1, { ttlS: 3 });
    cache.get('k');
    cache.invalidate('k');
    const { size, hitRate, entries, ...counters } = cache.stats();
    expect(cache.totals()).toEqual({ ...counters, entryCount: 1 });
    expect({ size, hitRate, entries }).toEqual({ size: 0, hitRate: 50, entries: [] });
  });

  test('report no entries and a store error if the store throws', () => {
    const store = new ChaosStore<number>(() => false);
    const cache = new Cache<number>({ store });
    cache.set('k', 1, { ttlS: 3 });
    expect(cache.totals()).toMatchObject({ entryCount: 1, storeErrors: 0 });
    store.fails = (operation) => operation === 'bytes';
    expect(cache.totals()).toMatchObject({ entryCount: 0, bytes: 0, storeErrors: 1 });
  });
});

describe('peek', () => {
  test('returns a value without counting a read', async () => {
    const clock = new FakeClock();
    const cache = new Cache<number>({ clock, staleIfErrorS: 30 });
    expect(cache.peek('k')).toBeUndefined();
    await cache.getOrLoad('k', () => 1, { ttlS: 3 });
    const before = cache.totals();
    clock.advance(1000);
    expect(cache.peek('k')).toEqual({ value: 1, outcome: 'hit', ageS: 1, ttlS: 2 });
    clock.advance(3000);
    expect(cache.peek('k')).toEqual({ value: 1, outcome: 'stale', ageS: 4, ttlS: -1 });
    expect(cache.totals()).toEqual(before);
  });

  test('does not return values that can no longer be served', async () => {
    const clock = new FakeClock();
    const cache = new Cache<number>({ clock, staleIfErrorS: 30 });
    await cache.getOrLoad('old', () => 1, { ttlS: 3 });
    clock.advance(33_000);
    expect(cache.peek('old')).toBeUndefined();
    await cache.getOrLoad('superseded', () => 1, { ttlS: 3 });
    cache.invalidate('superseded');
    expect(cache.peek('superseded')).toBeUndefined();
  });

  test('does not cause a refresh', async () => {
    const clock = new FakeClock();
    const cache = new Cache<number>({ clock, refreshAheadS: 2 });
    await cache.getOrLoad('k', () => 1, { ttlS: 3 });
    await clock.advanceAsync(2500);
    expect(cache.peek('k')?.value).toBe(1);
    await clock.advanceAsync(2500);
    expect(cache.totals().loads).toBe(1);
  });
});
