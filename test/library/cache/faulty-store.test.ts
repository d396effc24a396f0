import { describe, expect, test } from 'vitest';
import { Cache } from '../../../src/library/cache/cache.ts';
import { ChaosStore, type StoreOperation } from '../../support/chaos-store.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { ManualSource } from '../../support/service/manual-source.ts';

const TTL = { ttlS: 3 };

function setUp(options: { staleIfErrorS?: number; refreshAheadS?: number } = {}) {
  const clock = new FakeClock();
  const store = new ChaosStore<string>(() => false);
  const told: string[] = [];
  const onError = (error: unknown, key: string) => told.push(`${key}: ${(error as Error).message}`);
  const cache = new Cache<string>({ clock, store, onError, ...options });
  const failOn = (...operations: StoreOperation[]) => {
    store.fails = (operation) => operations.includes(operation);
  };
  return { clock, store, cache, told, failOn };
}

describe('a store that fails', () => {
  test('throughout is as good as none: reads are answered, one load at a time, and nothing throws', async () => {
    const { cache, store, clock } = setUp({ staleIfErrorS: 30, refreshAheadS: 15 });
    cache.set('before', 'x', TTL);
    store.fails = () => true;
    const source = new ManualSource<string>();
    const answers = [1, 2, 3].map(() => cache.getOrLoad('k', source.load, TTL));
    await settle();
    expect(source.loads).toHaveLength(1);
    await source.latest.finish('v');
    expect(await Promise.all(answers)).toEqual(['v', 'v', 'v']);
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

  test('is counted and told, fault by fault', async () => {
    const { cache, failOn, told } = setUp();
    failOn('get');
    cache.get('k');
    expect(cache.stats()).toMatchObject({ storeErrors: 1, misses: 1 });
    expect(told).toEqual(['k: store fault in get']);
  });

  test('on reading makes a miss', async () => {
    const { cache, failOn } = setUp();
    cache.set('k', 'old', TTL);
    failOn('get');
    expect(await cache.read('k', () => 'new', TTL)).toMatchObject({ value: 'new', outcome: 'miss' });
    failOn();
    expect(cache.get('k')).toBe('new');
  });

  test('on keeping leaves the answer to those who wait', async () => {
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

describe('a store that fails for a while never brings back what was declared out of date meanwhile', () => {
  test.each<[string, StoreOperation[]]>([
    ['looking up', ['peek']],
    ['removing', ['delete']],
    ['listing', ['entries']],
    ['anything', ['get', 'peek', 'set', 'delete', 'entries', 'bytes']],
  ])('fault in %s', (_name, operations) => {
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

  test('not even to stand in for a load that fails', async () => {
    const { cache, failOn } = setUp({ staleIfErrorS: 30 });
    cache.set('k', 'old', TTL);
    failOn('delete');
    cache.delete('k');
    failOn();
    await expect(cache.getOrLoad('k', () => Promise.reject(new Error('down')), TTL)).rejects.toThrow('down');
  });

  test.each<[string, StoreOperation[]]>([
    ['keeping', ['set']],
    ['keeping and removing', ['set', 'delete']],
  ])('a value that could not be kept does not leave its predecessor as the truth: fault in %s', (_n, ops) => {
    const { cache, failOn } = setUp();
    cache.set('k', 'old', TTL);
    failOn(...ops);
    cache.set('k', 'new', TTL);
    failOn();
    expect(cache.get('k')).toBeUndefined();
  });
});
