import { expect, test, vi } from 'vitest';
import { Cache } from '../../../src/library/cache/cache.ts';
import { LoadTimeoutError } from '../../../src/library/cache/errors.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { ManualSource } from '../../support/service/manual-source.ts';

const TTL = { ttlS: 3 };

test('a disabled cache loads for every read', async () => {
  const cache = new Cache<number>({ enabled: false, refreshAheadS: 15, staleIfErrorS: 30 });
  let source = 0;
  const read = () => cache.read('k', () => ++source, TTL);
  expect(await read()).toEqual({ value: 1, outcome: 'bypass', ageS: 0, ttlS: 0 });
  expect(await Promise.all([read(), read()])).toMatchObject([{ value: 2 }, { value: 3 }]);
  expect(await cache.getOrLoad('k', () => ++source, TTL)).toBe(4);
  expect(cache.stats()).toMatchObject({ size: 0, hits: 0, misses: 4, loads: 4, hitRate: 0, inFlight: 0 });
});

test('a disabled cache stores nothing, and its other methods work', async () => {
  const cache = new Cache<number>({ enabled: false });
  cache.set('k', 1, TTL);
  expect(cache.get('k')).toBeUndefined();
  expect(cache.delete('k')).toBe(false);
  expect(cache.invalidate('*')).toBe(0);
  expect(cache.clear()).toBe(0);
  expect(await cache.sweep()).toBe(0);
  expect(cache.stats()).toMatchObject({ size: 0, bytes: 0 });
});

test('a disabled cache rejects each read with its own error', async () => {
  const cache = new Cache<number>({ enabled: false, staleIfErrorS: 30 });
  await cache.getOrLoad('k', () => 1, TTL);
  await expect(cache.getOrLoad('k', () => Promise.reject(new Error('down')), TTL)).rejects.toThrow('down');
  expect(cache.stats()).toMatchObject({ loads: 2, loadErrors: 1, stale: 0 });
});

test('loads of a disabled cache time out and count as in flight', async () => {
  const clock = new FakeClock();
  const cache = new Cache<number>({ enabled: false, clock, loadTimeoutS: 10 });
  const source = new ManualSource<number>();
  const result = expect(cache.getOrLoad('k', source.load, TTL)).rejects.toThrow(LoadTimeoutError);
  await settle();
  expect(cache.stats().inFlight).toBe(1);
  await clock.advanceAsync(10_000);
  await result;
  expect(source.latest.signal.aborted).toBe(true);
  expect(cache.stats().inFlight).toBe(0);
});

test('a disabled cache does not refresh in the background', async () => {
  const clock = new FakeClock();
  const cache = new Cache<number>({ enabled: false, clock, refreshAheadS: 15 });
  const load = vi.fn(() => 1);
  await cache.getOrLoad('k', load, TTL);
  await clock.advanceAsync(60_000);
  expect(load).toHaveBeenCalledTimes(1);
});
