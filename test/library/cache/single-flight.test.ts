import { describe, expect, test, vi } from 'vitest';
import { Cache } from '../../../src/library/cache/cache.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { ManualSource } from '../../support/service/manual-source.ts';

const TTL = { ttlS: 3 };

test('ten concurrent misses of a key share one load', async () => {
  const cache = new Cache<{ n: number }>();
  const source = new ManualSource<{ n: number }>();
  const results = Array.from({ length: 10 }, () => cache.getOrLoad('stats:total', source.load, TTL));
  await settle();
  expect(source.loads).toHaveLength(1);
  await source.latest.finish({ n: 1 });
  const values = await Promise.all(results);
  expect(new Set(values).size).toBe(1);
  expect(values[0]).toEqual({ n: 1 });
});

test('10,000 reads at the time of expiry share one load', async () => {
  const clock = new FakeClock();
  const cache = new Cache<object>({ clock });
  const source = new ManualSource<object>();
  cache.set('stats:total', { old: true }, TTL);
  clock.advance(3000);
  const reads = Array.from({ length: 10_000 }, () => cache.read('stats:total', source.load, TTL));
  await settle();
  expect(source.loads).toHaveLength(1);
  const result = { fresh: true };
  await source.latest.finish(result);
  const outcomes = { miss: 0, collapsed: 0 };
  for (const { value, outcome } of await Promise.all(reads)) {
    expect(value).toBe(result);
    outcomes[outcome as 'miss' | 'collapsed'] += 1;
  }
  expect(outcomes).toEqual({ miss: 1, collapsed: 9_999 });
  expect(cache.stats()).toMatchObject({ loads: 1, misses: 10_000, collapsed: 9_999, hits: 0 });
});

test('loads of different keys run concurrently', async () => {
  const cache = new Cache<string>();
  const a = new ManualSource<string>();
  const b = new ManualSource<string>();
  const first = cache.getOrLoad('a', a.load, TTL);
  const second = cache.getOrLoad('b', b.load, TTL);
  await settle();
  await b.latest.finish('b');
  expect(await second).toBe('b');
  await a.latest.finish('a');
  expect(await first).toBe('a');
});

test('a load can read another key, and counts as in flight itself', async () => {
  const cache = new Cache<string>();
  const seen: number[] = [];
  const outer = await cache.getOrLoad(
    'outer',
    async () => {
      seen.push(cache.stats().inFlight);
      return `outer of ${await cache.getOrLoad('inner', () => 'inner', TTL)}`;
    },
    TTL,
  );
  expect(outer).toBe('outer of inner');
  expect(seen).toEqual([1]);
});

describe('a load that fails', () => {
  test('runs once for 50 readers, which all get its error', async () => {
    const cache = new Cache<string>();
    const source = new ManualSource<string>();
    const results = Array.from({ length: 50 }, () => cache.getOrLoad('k', source.load, TTL));
    const outcomes = Promise.allSettled(results);
    await settle();
    expect(source.loads).toHaveLength(1);
    const error = new Error('down');
    await source.latest.fail(error);
    for (const outcome of await outcomes) expect(outcome).toEqual({ status: 'rejected', reason: error });
    expect(cache.stats()).toMatchObject({ loads: 1, loadErrors: 1, misses: 50, collapsed: 49 });
  });

  test('is not cached: the next read loads again', async () => {
    const cache = new Cache<string>();
    await expect(cache.getOrLoad('k', () => Promise.reject(new Error('down')), TTL)).rejects.toThrow('down');
    expect(cache.stats()).toMatchObject({ size: 0, entries: [], inFlight: 0 });
    expect(cache.get('k')).toBeUndefined();
    expect(await cache.getOrLoad('k', () => 'up', TTL)).toBe('up');
  });

  test('may throw synchronously, or reject with undefined', async () => {
    const cache = new Cache<string>();
    const throwing = () => {
      throw new TypeError('synchronous');
    };
    await expect(cache.getOrLoad('k', throwing, TTL)).rejects.toThrow(TypeError);
    await expect(cache.getOrLoad('k', () => Promise.reject(undefined), TTL)).rejects.toBeUndefined();
    expect(await cache.getOrLoad('k', () => 'up', TTL)).toBe('up');
  });

  test('because its value cannot be frozen does not block its key', async () => {
    const cache = new Cache<object>();
    const hostile = {
      get boom(): never {
        throw new Error('hostile value');
      },
    };
    await expect(cache.getOrLoad('k', () => hostile, TTL)).rejects.toThrow('hostile value');
    expect(cache.stats()).toMatchObject({ inFlight: 0, loadErrors: 1 });
    expect(await cache.getOrLoad('k', () => ({ fine: true }), TTL)).toEqual({ fine: true });
  });
});

test('a load starts after the read has returned and counts as in flight before', async () => {
  const cache = new Cache<string>();
  const load = vi.fn(() => 'v');
  const result = cache.getOrLoad('k', load, TTL);
  expect(load).not.toHaveBeenCalled();
  expect(cache.stats().inFlight).toBe(1);
  expect(await result).toBe('v');
});
