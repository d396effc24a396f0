import { describe, expect, test, vi } from 'vitest';
import { Cache } from '../../../src/library/cache/cache.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { ManualSource } from '../../support/service/manual-source.ts';

const TTL = { ttlS: 3 };

test('ten readers who miss at once cause one load and get one answer', async () => {
  const cache = new Cache<{ n: number }>();
  const source = new ManualSource<{ n: number }>();
  const answers = Array.from({ length: 10 }, () => cache.getOrLoad('stats:total', source.load, TTL));
  await settle();
  expect(source.loads).toHaveLength(1);
  await source.latest.finish({ n: 1 });
  const values = await Promise.all(answers);
  expect(new Set(values).size).toBe(1);
  expect(values[0]).toEqual({ n: 1 });
});

test('10,000 reads at the moment of expiry cause one load, and all get its answer', async () => {
  const clock = new FakeClock();
  const cache = new Cache<object>({ clock });
  const source = new ManualSource<object>();
  cache.set('stats:total', { old: true }, TTL);
  clock.advance(3000);
  const reads = Array.from({ length: 10_000 }, () => cache.read('stats:total', source.load, TTL));
  await settle();
  expect(source.loads).toHaveLength(1);
  const answer = { fresh: true };
  await source.latest.finish(answer);
  const outcomes = { miss: 0, collapsed: 0 };
  for (const { value, outcome } of await Promise.all(reads)) {
    expect(value).toBe(answer);
    outcomes[outcome as 'miss' | 'collapsed'] += 1;
  }
  expect(outcomes).toEqual({ miss: 1, collapsed: 9_999 });
  expect(cache.stats()).toMatchObject({ loads: 1, misses: 10_000, collapsed: 9_999, hits: 0 });
});

test('loads of different keys run side by side', async () => {
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

test('a read from within a load of another key works, and its own key sees the load under way', async () => {
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
  test('is run once for 50 readers, who all get its error', async () => {
    const cache = new Cache<string>();
    const source = new ManualSource<string>();
    const answers = Array.from({ length: 50 }, () => cache.getOrLoad('k', source.load, TTL));
    const outcomes = Promise.allSettled(answers);
    await settle();
    expect(source.loads).toHaveLength(1);
    const error = new Error('down');
    await source.latest.fail(error);
    for (const outcome of await outcomes) expect(outcome).toEqual({ status: 'rejected', reason: error });
    expect(cache.stats()).toMatchObject({ loads: 1, loadErrors: 1, misses: 50, collapsed: 49 });
  });

  test('is not kept as an answer: the next reader loads again', async () => {
    const cache = new Cache<string>();
    await expect(cache.getOrLoad('k', () => Promise.reject(new Error('down')), TTL)).rejects.toThrow('down');
    expect(cache.stats()).toMatchObject({ size: 0, entries: [], inFlight: 0 });
    expect(cache.get('k')).toBeUndefined();
    expect(await cache.getOrLoad('k', () => 'up', TTL)).toBe('up');
  });

  test('may throw at once, or throw undefined', async () => {
    const cache = new Cache<string>();
    const throwing = () => {
      throw new TypeError('at once');
    };
    await expect(cache.getOrLoad('k', throwing, TTL)).rejects.toThrow(TypeError);
    await expect(cache.getOrLoad('k', () => Promise.reject(undefined), TTL)).rejects.toBeUndefined();
    expect(await cache.getOrLoad('k', () => 'up', TTL)).toBe('up');
  });

  test('does not lock its key where its value cannot be frozen', async () => {
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

test('a load begins after the read has returned, and by then its key has it on record', async () => {
  const cache = new Cache<string>();
  const load = vi.fn(() => 'v');
  const answer = cache.getOrLoad('k', load, TTL);
  expect(load).not.toHaveBeenCalled();
  expect(cache.stats().inFlight).toBe(1);
  expect(await answer).toBe('v');
});
