import { expect, test } from 'vitest';
import { Cache } from '../../../src/library/cache/cache.ts';
import { CacheClosedError } from '../../../src/library/cache/errors.ts';
import { ChaosStore } from '../../support/chaos-store.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { ManualSource } from '../../support/service/manual-source.ts';

const TTL = { ttlS: 3 };

function setUp() {
  const clock = new FakeClock();
  const cache = new Cache<string>({ clock, refreshAheadS: 15, staleIfErrorS: 30 });
  return { clock, cache, source: new ManualSource<string>() };
}

test('close aborts loads in progress, superseded ones included, and rejects their readers', async () => {
  const { cache, source } = setUp();
  const outcomes = Promise.allSettled([
    cache.getOrLoad('k', source.load, TTL),
    cache.getOrLoad('k', source.load, TTL),
  ]);
  await settle();
  cache.invalidate('k');
  const later = Promise.allSettled([cache.getOrLoad('k', source.load, TTL)]);
  await settle();
  cache.close();
  expect(source.loads.map(({ signal }) => signal.aborted)).toEqual([true, true]);
  for (const outcome of [...(await outcomes), ...(await later)]) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(CacheClosedError) });
  }
  expect(cache.stats().inFlight).toBe(0);
});

test('close removes all entries and cancels all timers', async () => {
  const { cache, clock } = setUp();
  await cache.getOrLoad('k', () => 'v', TTL);
  cache.set('other', 'v', TTL);
  cache.close();
  await settle();
  expect(clock.pending).toBe(0);
  expect(cache.stats()).toMatchObject({ size: 0, bytes: 0, entries: [] });
});

test('the value of a load that resolves after close is not cached', async () => {
  const { cache, source } = setUp();
  const result = expect(cache.getOrLoad('k', source.load, TTL)).rejects.toThrow(CacheClosedError);
  await settle();
  cache.close();
  await source.latest.finish('late');
  await result;
  expect(cache.stats()).toMatchObject({ size: 0, bytes: 0 });
});

test('close during a sweep does not schedule another sweep', async () => {
  const { cache, clock } = setUp();
  clock.advance(60_000);
  cache.close();
  await settle();
  expect(clock.pending).toBe(0);
});

test('reads after close load from their source and are not cached', async () => {
  const { cache } = setUp();
  cache.close();
  expect(await cache.read('k', () => 'v', TTL)).toMatchObject({ value: 'v', outcome: 'bypass' });
  cache.set('k', 'v', TTL);
  expect(cache.get('k')).toBeUndefined();
});

test('a second close does not abort a read that started after the first', async () => {
  const { cache, source } = setUp();
  cache.close();
  const result = cache.getOrLoad('k', source.load, TTL);
  await settle();
  cache.close();
  await source.latest.finish('v');
  expect(await result).toBe('v');
});

test('close aborts the loads of a disabled cache', async () => {
  const cache = new Cache<string>({ enabled: false });
  const source = new ManualSource<string>();
  const result = expect(cache.getOrLoad('k', source.load, TTL)).rejects.toThrow(CacheClosedError);
  await settle();
  cache.close();
  await result;
  expect(source.latest.signal.aborted).toBe(true);
});

test('`using` closes the cache at the end of the block', async () => {
  const clock = new FakeClock();
  {
    using cache = new Cache<string>({ clock, refreshAheadS: 15 });
    await cache.getOrLoad('k', () => 'v', TTL);
    expect(clock.pending).toBeGreaterThan(0);
  }
  expect(clock.pending).toBe(0);
});

test('a closed cache does not refresh entries that its store failed to remove', async () => {
  const clock = new FakeClock();
  const store = new ChaosStore<string>(() => false);
  const cache = new Cache<string>({ clock, store, refreshAheadS: 15 });
  const source = new ManualSource<string>();
  const first = cache.getOrLoad('k', source.load, TTL);
  await settle();
  await source.latest.finish('v');
  await first;
  store.fails = () => true;
  cache.close();
  store.fails = () => false;
  await clock.advanceAsync(60_000);
  expect(source.loads).toHaveLength(1);
});
