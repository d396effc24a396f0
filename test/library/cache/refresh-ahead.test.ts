import { describe, expect, test } from 'vitest';
import { Cache, type CacheRead } from '../../../src/library/cache/index.ts';
import type { CacheOptions } from '../../../src/library/cache/options.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { ManualSource } from '../../support/service/manual-source.ts';

const TTL = { ttlS: 3 };

/** A cache whose source returns the time of its read, in seconds. */
function setUp(options: CacheOptions<number> & { loadMs?: number }) {
  const { loadMs = 0, ...rest } = options;
  const clock = new FakeClock();
  const start = clock.now();
  const cache = new Cache<number>({ clock, ...rest });
  const seconds = () => (clock.now() - start) / 1000;
  const load = () => {
    const readAt = seconds();
    if (loadMs === 0) return readAt;
    return new Promise<number>((resolve) => clock.after(loadMs, () => resolve(readAt)));
  };
  const poll = async (): Promise<CacheRead<number>> => {
    const read = cache.read('stats:total', load, TTL);
    if (read instanceof Promise && loadMs > 0) await clock.advanceAsync(loadMs);
    return read;
  };
  return { clock, cache, poll, seconds };
}

describe('one client that polls every 5 s, with a TTL of 3 s', () => {
  test('gets hits from its second poll on, never older than the TTL', async () => {
    const { cache, clock, poll, seconds } = setUp({ refreshAheadS: 15 });
    const timeline: [number, string, number][] = [];
    for (let i = 0; i < 7; i += 1) {
      const { outcome, value } = await poll();
      timeline.push([seconds(), outcome, seconds() - value]);
      await clock.advanceAsync(5000);
    }
    expect(timeline).toEqual([
      [0, 'miss', 0],
      [5, 'hit', 2],
      [10, 'hit', 1],
      [15, 'hit', 0],
      [20, 'hit', 2],
      [25, 'hit', 1],
      [30, 'hit', 0],
    ]);
    expect(cache.stats()).toMatchObject({ hits: 6, misses: 1, hitRate: 85.71 });
  });

  test.each([50, 700, 2000])(
    'never gets a value older than the TTL plus one load of %s ms',
    async (loadMs) => {
      const { clock, poll, seconds } = setUp({ refreshAheadS: 15, loadMs });
      await poll();
      for (let i = 0; i < 50; i += 1) {
        await clock.advanceAsync(5000);
        const { outcome, ageS, value } = await poll();
        expect(outcome).toBe('hit');
        expect(ageS).toBeLessThanOrEqual(3 + loadMs / 1000);
        // The source read its value when the load started, one load before it was stored.
        expect(seconds() - value).toBeLessThanOrEqual(3 + (2 * loadMs) / 1000);
      }
    },
  );

  test('gets no hits without refresh-ahead', async () => {
    const { cache, clock, poll } = setUp({ refreshAheadS: 0 });
    for (let i = 0; i < 20; i += 1) {
      expect((await poll()).outcome).toBe('miss');
      await clock.advanceAsync(5000);
    }
    expect(cache.stats()).toMatchObject({ hits: 0, misses: 20, loads: 20, hitRate: 0 });
  });

  test('gets hits while sweeps run every second', async () => {
    const { clock, poll } = setUp({ refreshAheadS: 15, sweepIntervalS: 1, loadMs: 1500 });
    await poll();
    for (let i = 0; i < 20; i += 1) {
      await clock.advanceAsync(5000);
      expect((await poll()).outcome).toBe('hit');
    }
  });
});

describe('a key is refreshed only if it was read recently', () => {
  test('refreshes stop after the last read', async () => {
    const { cache, clock, poll } = setUp({ refreshAheadS: 15 });
    await poll();
    await clock.advanceAsync(5000);
    await poll();
    await clock.advanceAsync(15_000);
    // The last read is at 5 s, so loads continue until 20 s: at 0, 3, 6, 9, 12, 15 and 18 s.
    expect(cache.stats().loads).toBe(7);
    await clock.advanceAsync(3_600_000);
    expect(cache.stats().loads).toBe(7);
  });

  test('an entry that is no longer read has no timer', async () => {
    const { clock, poll } = setUp({ refreshAheadS: 15 });
    await poll();
    await clock.advanceAsync(60_000);
    expect(clock.pending).toBe(1);
  });

  test('a read after a pause is a miss and starts refreshes again', async () => {
    const { clock, poll } = setUp({ refreshAheadS: 15 });
    await poll();
    await clock.advanceAsync(60_000);
    expect((await poll()).outcome).toBe('miss');
    await clock.advanceAsync(5000);
    expect((await poll()).outcome).toBe('hit');
  });

  test('refreshAheadS equal to the TTL gives one refresh after a read', async () => {
    const { cache, clock, poll } = setUp({ refreshAheadS: 3 });
    await poll();
    await clock.advanceAsync(60_000);
    expect(cache.stats().loads).toBe(2);
  });

  test('a key with a TTL of 0 is not refreshed, which would never stop', async () => {
    const clock = new FakeClock();
    const cache = new Cache<number>({ clock, refreshAheadS: 15 });
    let loads = 0;
    await cache.getOrLoad('k', () => ++loads, { ttlS: 0 });
    await clock.advanceAsync(1000);
    expect(loads).toBe(1);
  });

  test('get counts as a read', async () => {
    const { cache, clock, poll } = setUp({ refreshAheadS: 4 });
    await poll();
    for (let i = 0; i < 10; i += 1) {
      await clock.advanceAsync(2000);
      expect(cache.get('stats:total')).toBeDefined();
    }
  });

  test('a read that has to wait for the refresh counts as a read', async () => {
    const clock = new FakeClock();
    const cache = new Cache<number>({ clock, refreshAheadS: 15 });
    const load = () => new Promise<number>((resolve) => clock.after(4000, () => resolve(1)));
    const outcomes: string[] = [];
    const read = async () => outcomes.push((await cache.read('k', load, { ttlS: 1 })).outcome);
    // Loads resolve at 4 s, 9 s, 14 s and so on, and are overdue 2 s later, when each read happens.
    void read();
    await clock.advanceAsync(7000);
    for (let i = 0; i < 9; i += 1) {
      void read();
      await clock.advanceAsync(5000);
    }
    expect(outcomes).toEqual(['miss', ...Array(9).fill('collapsed')]);
  });

  test('with a TTL above refreshAheadS, only a read shortly before expiry counts', async () => {
    const clock = new FakeClock();
    const cache = new Cache<number>({ clock, refreshAheadS: 15 });
    let loads = 0;
    const read = () => cache.getOrLoad('k', () => ++loads, { ttlS: 60 });
    await read();
    await clock.advanceAsync(50_000);
    await read();
    await clock.advanceAsync(10_000);
    expect(loads).toBe(2);
    await clock.advanceAsync(600_000);
    expect(loads).toBe(2);
  });

  test('a value too large for the cache is not refreshed', async () => {
    const clock = new FakeClock();
    const cache = new Cache<string>({ clock, refreshAheadS: 15, maxBytes: 100 });
    let loads = 0;
    await cache.getOrLoad('k', () => `${++loads}`.repeat(1000), TTL);
    await clock.advanceAsync(60_000);
    expect(loads).toBe(1);
  });

  test('an evicted key is not refreshed', async () => {
    const clock = new FakeClock();
    const cache = new Cache<number>({ clock, refreshAheadS: 15, maxEntries: 1 });
    let loads = 0;
    await cache.getOrLoad('a', () => ++loads, TTL);
    cache.set('b', 0, { ttlS: 60 });
    await clock.advanceAsync(60_000);
    expect(loads).toBe(1);
  });

  test('a key evicted during its refresh keeps the time of its last read', async () => {
    const clock = new FakeClock();
    const cache = new Cache<number>({ clock, refreshAheadS: 4, maxEntries: 1 });
    const source = new ManualSource<number>();
    const first = cache.getOrLoad('a', source.load, TTL);
    await settle();
    await source.latest.finish(1);
    await first;
    await clock.advanceAsync(3000);
    cache.set('b', 0, TTL);
    await source.latest.finish(2);
    expect(source.loads).toHaveLength(2);
    await clock.advanceAsync(3000);
    expect(source.loads).toHaveLength(2);
  });
});

describe('a background refresh', () => {
  async function setUpRefreshed(options: CacheOptions<string> = {}) {
    const clock = new FakeClock();
    const cache = new Cache<string>({ clock, refreshAheadS: 15, ...options });
    const source = new ManualSource<string>();
    const read = () => cache.read('k', source.load, TTL);
    const first = read();
    await settle();
    await source.latest.finish('old');
    await first;
    return { clock, cache, source, read };
  }

  test('starts when the value expires; reads during it are synchronous hits', async () => {
    const { clock, source, read } = await setUpRefreshed();
    await clock.advanceAsync(2999);
    expect(source.loads).toHaveLength(1);
    await clock.advanceAsync(1);
    expect(source.loads).toHaveLength(2);
    await clock.advanceAsync(1000);
    expect(read()).toMatchObject({ value: 'old', outcome: 'hit', ageS: 4, ttlS: -1 });
    await source.latest.finish('new');
    expect(read()).toMatchObject({ value: 'new', outcome: 'hit', ageS: 0, ttlS: 3 });
    expect(source.loads).toHaveLength(2);
  });

  test('longer than the TTL makes reads wait for it', async () => {
    const { clock, source, read } = await setUpRefreshed();
    await clock.advanceAsync(5999);
    expect(read()).toMatchObject({ outcome: 'hit' });
    await clock.advanceAsync(1);
    const late = read();
    expect(late).toBeInstanceOf(Promise);
    await source.latest.finish('new');
    expect(await late).toMatchObject({ value: 'new', outcome: 'collapsed' });
    expect(source.loads).toHaveLength(2);
  });

  test('longer than the TTL answers reads with the old value as stale if staleIfErrorS allows', async () => {
    const { clock, cache, source, read } = await setUpRefreshed({ staleIfErrorS: 30 });
    await clock.advanceAsync(6000);
    expect(read()).toMatchObject({ value: 'old', outcome: 'stale', ageS: 6 });
    expect(cache.stats()).toMatchObject({ hits: 0, misses: 2, stale: 1 });
    await source.latest.finish('new');
    expect(read()).toMatchObject({ value: 'new', outcome: 'hit' });
  });

  test('in progress: the expired entry is not listed as fresh', async () => {
    const { clock, cache } = await setUpRefreshed();
    await clock.advanceAsync(3500);
    expect(cache.stats()).toMatchObject({ size: 0, entries: [], inFlight: 1 });
    expect(cache.get('k')).toBeUndefined();
  });

  test('counts as a load, not as a read', async () => {
    const { clock, cache, source } = await setUpRefreshed();
    await clock.advanceAsync(3000);
    await source.latest.finish('new');
    expect(cache.stats()).toMatchObject({ hits: 0, misses: 1, loads: 2 });
  });

  test.each<[string, (cache: Cache<string>) => unknown]>([
    ['invalidated', (cache) => cache.invalidate('k')],
    ['deleted', (cache) => cache.delete('k')],
    ['cleared', (cache) => cache.clear()],
  ])('is cancelled if its key is %s before it starts', async (_name, act) => {
    const { clock, cache, source } = await setUpRefreshed({ staleIfErrorS: 30 });
    act(cache);
    await clock.advanceAsync(60_000);
    expect(source.loads).toHaveLength(1);
  });

  test.each<[string, (cache: Cache<string>) => unknown]>([
    ['invalidated', (cache) => cache.invalidate('k')],
    ['deleted', (cache) => cache.delete('k')],
  ])('is superseded if its key is %s while it runs', async (_name, act) => {
    const { clock, cache, source, read } = await setUpRefreshed({ staleIfErrorS: 30 });
    await clock.advanceAsync(3000);
    act(cache);
    const late = read();
    expect(late).toBeInstanceOf(Promise);
    await settle();
    await source.loads[1]!.finish('superseded');
    expect(cache.get('k')).toBeUndefined();
    await source.loads[2]!.finish('new');
    expect(await late).toMatchObject({ value: 'new', outcome: 'miss' });
  });

  test('does not replace a value that was set while it was scheduled', async () => {
    const { clock, cache, source } = await setUpRefreshed();
    await clock.advanceAsync(2000);
    cache.set('k', 'set', { ttlS: 10 });
    await clock.advanceAsync(5000);
    expect(source.loads).toHaveLength(1);
    expect(cache.get('k')).toBe('set');
  });

  test('that is late because the event loop was busy is started by the first read, which does not wait', async () => {
    const { clock, source, read } = await setUpRefreshed();
    clock.stall(3500);
    expect(read()).toMatchObject({ value: 'old', outcome: 'hit', ageS: 3.5 });
    expect(read()).toMatchObject({ value: 'old', outcome: 'hit' });
    await clock.advanceAsync(0);
    expect(source.loads).toHaveLength(2);
    await source.latest.finish('new');
    expect(read()).toMatchObject({ value: 'new', outcome: 'hit' });
  });

  test('that is late by a whole TTL makes reads wait', async () => {
    const { clock, source, read } = await setUpRefreshed({ staleIfErrorS: 30 });
    clock.stall(6000);
    const late = read();
    expect(late).toBeInstanceOf(Promise);
    await clock.advanceAsync(0);
    expect(source.loads).toHaveLength(2);
    await source.latest.finish('new');
    expect(await late).toMatchObject({ value: 'new', outcome: 'miss' });
  });

  test('that fails is counted, is reported once for consecutive failures and is no unhandled rejection', async () => {
    const errors: unknown[] = [];
    const { clock, cache, source, read } = await setUpRefreshed({
      staleIfErrorS: 30,
      onError: (error, key) => errors.push([key, String(error)]),
    });
    await clock.advanceAsync(3000);
    await source.latest.fail(new Error('first'));
    expect(read()).toMatchObject({ value: 'old', outcome: 'stale' });
    await clock.advanceAsync(2000);
    expect(read()).toMatchObject({ value: 'old', outcome: 'stale' });
    await settle();
    await source.latest.fail(new Error('second'));
    expect(cache.stats()).toMatchObject({ loads: 3, loadErrors: 2 });
    expect(errors).toEqual([['k', 'Error: first']]);
  });

  test('that resolves with undefined removes the old value', async () => {
    const clock = new FakeClock();
    const cache = new Cache<string | undefined>({ clock, refreshAheadS: 15, staleIfErrorS: 30 });
    const values = ['first', undefined, 'second'];
    const read = () => cache.getOrLoad('k', () => values.shift(), TTL);
    expect(await read()).toBe('first');
    await clock.advanceAsync(3000);
    expect(cache.get('k')).toBeUndefined();
    expect(await read()).toBe('second');
  });
});

test('each key is refreshed only while it is read itself', async () => {
  const clock = new FakeClock();
  const cache = new Cache<string>({ clock, refreshAheadS: 5 });
  const loads = new Map<string, number>();
  const read = (key: string) => {
    const load = () => {
      loads.set(key, (loads.get(key) ?? 0) + 1);
      return key;
    };
    return cache.getOrLoad(key, load, TTL);
  };
  await Promise.all(['a', 'b', 'c'].map(read));
  for (let i = 0; i < 6; i += 1) {
    await clock.advanceAsync(5000);
    expect(await read('a')).toBe('a');
  }
  expect(Object.fromEntries(loads)).toEqual({ a: 11, b: 2, c: 2 });
});
