import { describe, expect, test } from 'vitest';
import { Cache } from '../../../src/library/cache/cache.ts';
import type { SettledLoad } from '../../../src/library/cache/index.ts';
import { ChaosStore } from '../../support/chaos-store.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { ManualSource } from '../../support/service/manual-source.ts';

describe('onLoad', () => {
  function observed(options: { staleIfErrorS?: number; loadTimeoutS?: number } = {}) {
    const clock = new FakeClock();
    const ended: SettledLoad[] = [];
    const cache = new Cache<number>({
      clock,
      refreshAheadS: 15,
      onLoad: (load) => ended.push(load),
      ...options,
    });
    return { clock, ended, cache, source: new ManualSource<number>() };
  }

  test('tells how long a load took, once however many waited for it', async () => {
    const { cache, clock, ended, source } = observed();
    const waiting = [1, 2, 3].map(() => cache.getOrLoad('k', source.load, { ttlS: 3 }));
    await Promise.resolve();
    clock.advance(250);
    await source.latest.finish(1);
    await Promise.all(waiting);
    cache.get('k');
    expect(ended).toEqual([{ key: 'k', durationS: 0.25, succeeded: true }]);
  });

  test('tells of loads that failed, that passed their deadline and that were overtaken', async () => {
    const { cache, clock, ended, source } = observed({ loadTimeoutS: 2 });
    const failing = cache.getOrLoad('failing', source.load, { ttlS: 3 });
    const failed = expect(failing).rejects.toThrow('down');
    await Promise.resolve();
    await source.latest.fail(new Error('down'));
    await failed;
    const overdue = cache.getOrLoad('overdue', source.load, { ttlS: 3 });
    const timedOut = expect(overdue).rejects.toThrow('overdue');
    await clock.advanceAsync(2000);
    await timedOut;
    const overtaken = cache.getOrLoad('overtaken', source.load, { ttlS: 3 });
    await Promise.resolve();
    cache.invalidate('overtaken');
    await source.latest.finish(1);
    await overtaken;
    expect(ended).toEqual([
      { key: 'failing', durationS: 0, succeeded: false },
      { key: 'overdue', durationS: 2, succeeded: false },
      { key: 'overtaken', durationS: 0, succeeded: true },
    ]);
  });

  test('tells of loads in the background and of those with the cache off', async () => {
    const { cache, clock, ended } = observed();
    await cache.getOrLoad('k', () => 1, { ttlS: 3 });
    await clock.advanceAsync(3000);
    expect(ended).toHaveLength(2);
    const off = new Cache({ enabled: false, onLoad: (load) => ended.push(load) });
    await off.getOrLoad('off', () => 1, { ttlS: 3 });
    expect(ended.at(-1)).toMatchObject({ key: 'off', succeeded: true });
  });

  test('may throw without any reader noticing', async () => {
    const faults: unknown[] = [];
    const cache = new Cache<number>({
      onError: (error) => faults.push(error),
      onLoad: () => {
        throw new Error('observer');
      },
    });
    expect(await cache.getOrLoad('k', () => 1, { ttlS: 3 })).toBe(1);
    expect(cache.get('k')).toBe(1);
    expect(faults).toEqual([new Error('observer')]);
  });
});

describe('totals', () => {
  test('go on counting over a full clear, which zeroes the counters of stats', async () => {
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

  test('hold the same counters as stats where nothing was cleared', async () => {
    const cache = new Cache<number>({ staleIfErrorS: 30 });
    await cache.getOrLoad('k', () => 1, { ttlS: 3 });
    cache.get('k');
    cache.invalidate('k');
    const { size, hitRate, entries, ...counters } = cache.stats();
    expect(cache.totals()).toEqual({ ...counters, entryCount: 1 });
    expect({ size, hitRate, entries }).toEqual({ size: 0, hitRate: 50, entries: [] });
  });

  test('say that nothing is held where the store fails, and count the fault', () => {
    const store = new ChaosStore<number>(() => false);
    const cache = new Cache<number>({ store });
    cache.set('k', 1, { ttlS: 3 });
    expect(cache.totals()).toMatchObject({ entryCount: 1, storeErrors: 0 });
    store.fails = (operation) => operation === 'bytes';
    expect(cache.totals()).toMatchObject({ entryCount: 0, bytes: 0, storeErrors: 1 });
  });
});

describe('peek', () => {
  test('sees what is held without counting a read', async () => {
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

  test('does not see what may be served no more', async () => {
    const clock = new FakeClock();
    const cache = new Cache<number>({ clock, staleIfErrorS: 30 });
    await cache.getOrLoad('old', () => 1, { ttlS: 3 });
    clock.advance(33_000);
    expect(cache.peek('old')).toBeUndefined();
    await cache.getOrLoad('overtaken', () => 1, { ttlS: 3 });
    cache.invalidate('overtaken');
    expect(cache.peek('overtaken')).toBeUndefined();
  });

  test('keeps no key warm', async () => {
    const clock = new FakeClock();
    const cache = new Cache<number>({ clock, refreshAheadS: 2 });
    await cache.getOrLoad('k', () => 1, { ttlS: 3 });
    await clock.advanceAsync(2500);
    expect(cache.peek('k')?.value).toBe(1);
    await clock.advanceAsync(2500);
    expect(cache.totals().loads).toBe(1);
  });
});
