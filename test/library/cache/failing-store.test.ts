import { describe, expect, test } from 'vitest';
import { Cache } from '../../../src/library/cache/cache.ts';
import { ChaosStore, type StoreOperation } from '../../support/chaos-store.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { ManualSource } from '../../support/service/manual-source.ts';

const TTL = { ttlS: 3 };

function setUp(options: { staleIfErrorS?: number; refreshAheadS?: number } = {}) {
  const clock = new FakeClock();
  const store = new ChaosStore<string>(() => false);
  const errors: string[] = [];
  const onError = (error: unknown, key: string) => errors.push(`${key}: ${(error as Error).message}`);
  const cache = new Cache<string>({ clock, store, onError, ...options });
  const failOn = (...operations: StoreOperation[]) => {
    store.fails = (operation) => operations.includes(operation);
  };
  return { clock, store, cache, errors, failOn };
}

describe('a store that throws', () => {
  test('in every method: reads load once per key at a time and no method of the cache throws', async () => {
    const { cache, store, clock } = setUp({ staleIfErrorS: 30, refreshAheadS: 15 });
    cache.set('before', 'x', TTL);
    store.fails = () => true;
    const source = new ManualSource<string>();
    const results = [1, 2, 3].map(() => cache.getOrLoad('k', source.load, TTL));
    await settle();
    expect(source.loads).toHaveLength(1);
    await source.latest.finish('v');
    expect(await Promise.all(results)).toEqual(['v', 'v', 'v']);
    expect(cache.get('k')).toBeUndefined();
    cache.set('k', 'v', TTL);
    expect(cache.delete('k')).toBe(false);
    expect(cache.invalidate('*')).toBe(0);
    expect(cache.invalidate('k')).toBe(0);
    expect(await cache.sweep()).toBe(0);
    expect(cache.stats()).toMatchObject({ size: 0, bytes: 0 });
    await clock.advanceAsync(120_000);
    cache.close();
  });

  test('is counted and reported for each error', async () => {
    const { cache, failOn, errors } = setUp();
    failOn('get');
    cache.get('k');
    expect(cache.stats()).toMatchObject({ storeErrors: 1, misses: 1 });
    expect(errors).toEqual(['k: store fault in get']);
  });

  test('in get: the read is a miss', async () => {
    const { cache, failOn } = setUp();
    cache.set('k', 'old', TTL);
    failOn('get');
    expect(await cache.read('k', () => 'new', TTL)).toMatchObject({ value: 'new', outcome: 'miss' });
    failOn();
    expect(cache.get('k')).toBe('new');
  });

  test('in set: readers still get the loaded value', async () => {
    const { cache, failOn } = setUp();
    failOn('set');
    expect(await cache.getOrLoad('k', () => 'v', TTL)).toBe('v');
    expect(cache.stats()).toMatchObject({ size: 0, storeErrors: 1 });
  });

  test('does not hide the error of a load', async () => {
    const { cache, store } = setUp({ staleIfErrorS: 30 });
    store.fails = () => true;
    await expect(cache.getOrLoad('k', () => Promise.reject(new Error('down')), TTL)).rejects.toThrow('down');
  });
});

describe('a value that was invalidated or removed while the store threw is never served again', () => {
  test.each<[string, StoreOperation[]]>([
    ['peek', ['peek']],
    ['delete', ['delete']],
    ['entries', ['entries']],
    ['all methods', ['get', 'peek', 'set', 'delete', 'entries', 'bytes']],
  ])('errors in %s', (_name, operations) => {
    for (const staleIfErrorS of [0, 30]) {
      for (const act of ['invalidate', 'invalidate glob', 'delete', 'clear'] as const) {
        const { cache, clock, failOn } = setUp({ staleIfErrorS });
        cache.set('a', 'old', TTL);
        cache.set('k', 'old', TTL);
        clock.advance(10);
        failOn(...operations);
        if (act === 'invalidate') cache.invalidate('k');
        else if (act === 'invalidate glob') cache.invalidate('k*');
        else if (act === 'delete') cache.delete('k');
        else cache.clear();
        failOn();
        expect(cache.stats().entries.map(({ key }) => key)).not.toContain('k');
        expect(cache.get('k')).toBeUndefined();
        clock.advance(10);
        cache.set('k', 'new', TTL);
        expect(cache.get('k')).toBe('new');
      }
    }
  });

  test('nor as stale when a load fails', async () => {
    const { cache, failOn } = setUp({ staleIfErrorS: 30 });
    cache.set('k', 'old', TTL);
    failOn('delete');
    cache.delete('k');
    failOn();
    await expect(cache.getOrLoad('k', () => Promise.reject(new Error('down')), TTL)).rejects.toThrow('down');
  });

  test.each<[string, StoreOperation[]]>([
    ['set', ['set']],
    ['set and delete', ['set', 'delete']],
  ])('a value that could not be stored removes the former value of its key: errors in %s', (_n, ops) => {
    const { cache, failOn } = setUp();
    cache.set('k', 'old', TTL);
    failOn(...ops);
    cache.set('k', 'new', TTL);
    failOn();
    expect(cache.get('k')).toBeUndefined();
  });
});
