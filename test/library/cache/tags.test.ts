import { describe, expect, test } from 'vitest';
import { Cache } from '../../../src/library/cache/index.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { ManualSource } from '../../support/service/manual-source.ts';

describe('tags', () => {
  test('invalidateTags invalidates all values with one of the tags', async () => {
    const cache = new Cache<number>({ clock: new FakeClock() });
    await cache.getOrLoad('a', () => 1, { ttlS: 60, tags: ['user:1', 'list'] });
    await cache.getOrLoad('b', () => 2, { ttlS: 60, tags: ['user:2'] });
    cache.set('c', 3, { ttlS: 60, tags: ['user:3'] });
    cache.set('d', 4, { ttlS: 60 });
    expect(cache.invalidateTags(['user:1', 'user:3'])).toBe(2);
    expect(['a', 'b', 'c', 'd'].map((key) => cache.get(key))).toEqual([undefined, 2, undefined, 4]);
    expect(cache.invalidateTags(['user:1', 'unknown'])).toBe(0);
    expect(cache.totals().invalidations).toBe(2);
  });

  test('invalidateTags supersedes a load in progress', async () => {
    const cache = new Cache<string>({ clock: new FakeClock() });
    const source = new ManualSource<string>();
    const options = { ttlS: 60, tags: ['user:1'] };
    const early = cache.getOrLoad('a', source.load, options);
    await settle();
    expect(cache.invalidateTags(['user:1'])).toBe(1);
    const late = cache.getOrLoad('a', source.load, options);
    await settle();
    await source.loads[0]!.finish('old');
    await source.loads[1]!.finish('new');
    expect([await early, await late, cache.get('a')]).toEqual(['old', 'new', 'new']);
  });

  test('an invalidated value is still served if its load fails; a cleared one is not', async () => {
    const cache = new Cache<number>({ clock: new FakeClock(), staleIfErrorS: 30 });
    const options = { ttlS: 60, tags: ['t'] };
    const failing = () => Promise.reject(new Error('source is down'));
    await cache.getOrLoad('a', () => 1, options);
    cache.invalidateTags(['t']);
    expect(await cache.read('a', failing, options)).toMatchObject({ value: 1, outcome: 'stale' });
    expect(cache.clear({ tags: ['t'] })).toBe(0);
    await expect(cache.getOrLoad('a', failing, options)).rejects.toThrow('source is down');
  });

  test('clear with tags removes only these values and resets no counters', async () => {
    const cache = new Cache<number>({ clock: new FakeClock() });
    cache.set('a', 1, { ttlS: 60, tags: ['t'] });
    cache.set('b', 2, { ttlS: 60 });
    cache.get('b');
    expect(cache.clear({ tags: ['t'] })).toBe(1);
    expect(cache.stats()).toMatchObject({ hits: 1, size: 1 });
  });

  test('a value that is replaced without tags has none', () => {
    const cache = new Cache<number>({ clock: new FakeClock() });
    cache.set('a', 1, { ttlS: 60, tags: ['t'] });
    cache.set('a', 2, { ttlS: 60 });
    expect(cache.invalidateTags(['t'])).toBe(0);
    expect(cache.get('a')).toBe(2);
  });
});
