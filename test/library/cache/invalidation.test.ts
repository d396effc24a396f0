import { describe, expect, test } from 'vitest';
import { Cache } from '../../../src/library/cache/cache.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { ManualSource } from '../../support/service/manual-source.ts';

const TTL = { ttlS: 3 };

/** Each way to supersede a load, and the value that the key has afterwards. */
const SUPERSEDING: [string, (cache: Cache<string>) => unknown, string | undefined][] = [
  ['invalidate', (cache) => cache.invalidate('stats:total'), undefined],
  ['invalidate by glob', (cache) => cache.invalidate('stats:*'), undefined],
  ['delete', (cache) => cache.delete('stats:total'), undefined],
  ['clear', (cache) => cache.clear(), undefined],
  ['clear by glob', (cache) => cache.clear('s*:t?tal'), undefined],
  ['set', (cache) => cache.set('stats:total', 'set', { ttlS: 3 }), 'set'],
];

describe.each(SUPERSEDING)('%s during a load', (_name, supersede, remaining) => {
  function setUp(staleIfErrorS: number) {
    const clock = new FakeClock();
    const cache = new Cache<string>({ clock, staleIfErrorS });
    return { clock, cache, source: new ManualSource<string>() };
  }

  test.each([0, 30])(
    'its readers readers get its value, which is not cached (staleIfErrorS %s)',
    async (staleIfErrorS) => {
      const { cache, source } = setUp(staleIfErrorS);
      const readers = [1, 2].map(() => cache.getOrLoad('stats:total', source.load, TTL));
      await settle();
      supersede(cache);
      await source.latest.finish('before the change');
      expect(await Promise.all(readers)).toEqual(['before the change', 'before the change']);
      expect(cache.get('stats:total')).toBe(remaining);
    },
  );

  test('supersedes a load that started in the same turn', async () => {
    const { cache, source } = setUp(0);
    const readers = cache.getOrLoad('stats:total', source.load, TTL);
    supersede(cache);
    await settle();
    await source.latest.finish('before the change');
    expect(await readers).toBe('before the change');
    expect(cache.get('stats:total')).toBe(remaining);
  });

  test('the error of a superseded load does not affect a newer value', async () => {
    const { cache, source } = setUp(0);
    const readers = cache.getOrLoad('stats:total', source.load, TTL);
    await settle();
    supersede(cache);
    cache.set('stats:total', 'newer', TTL);
    await source.latest.fail(new Error('down'));
    expect(await readers).toBe('newer');
    expect(cache.get('stats:total')).toBe('newer');
  });
});

describe('after an invalidation during a load', () => {
  test('a new reader does not join the superseded load, and only the new value is cached', async () => {
    const cache = new Cache<string>();
    const source = new ManualSource<string>();
    const early = cache.getOrLoad('k', source.load, TTL);
    await settle();
    cache.invalidate('k');
    const late = [1, 2].map(() => cache.read('k', source.load, TTL));
    await settle();
    expect(source.loads).toHaveLength(2);
    expect(cache.stats().inFlight).toBe(2);
    await source.loads[1]!.finish('new');
    await source.loads[0]!.finish('old');
    expect(await early).toBe('old');
    expect(await Promise.all(late)).toMatchObject([
      { value: 'new', outcome: 'miss' },
      { value: 'new', outcome: 'collapsed' },
    ]);
    expect(cache.get('k')).toBe('new');
  });

  test('the superseded load may settle first', async () => {
    const cache = new Cache<string>();
    const source = new ManualSource<string>();
    const early = cache.getOrLoad('k', source.load, TTL);
    await settle();
    cache.invalidate('k');
    const late = cache.getOrLoad('k', source.load, TTL);
    await settle();
    await source.loads[0]!.finish('old');
    expect(await early).toBe('old');
    expect(cache.get('k')).toBeUndefined();
    await source.loads[1]!.finish('new');
    expect(await late).toBe('new');
    expect(cache.get('k')).toBe('new');
  });

  test('a load can invalidate its own key', async () => {
    const cache = new Cache<string>();
    const result = await cache.getOrLoad(
      'k',
      () => {
        cache.invalidate('k');
        return 'old';
      },
      TTL,
    );
    expect(result).toBe('old');
    expect(cache.get('k')).toBeUndefined();
  });

  test('the value of a load superseded by several invalidations is not cached', async () => {
    const cache = new Cache<string>();
    const source = new ManualSource<string>();
    const early = cache.getOrLoad('k', source.load, TTL);
    await settle();
    cache.invalidate('k');
    cache.invalidate('k');
    await source.latest.finish('old');
    await early;
    expect(cache.get('k')).toBeUndefined();
  });

  test('a reader whose superseded load fails gets the newer value, not as stale', async () => {
    const cache = new Cache<string>({ staleIfErrorS: 30 });
    const source = new ManualSource<string>();
    const early = cache.read('k', source.load, TTL);
    await settle();
    cache.set('k', 'newer', TTL);
    await source.latest.fail(new Error('down'));
    expect(await early).toMatchObject({ value: 'newer', outcome: 'miss' });
    expect(cache.stats()).toMatchObject({ stale: 0, misses: 1 });
  });
});

describe('invalidate', () => {
  test.each([0, 30])('no later reader gets the value (staleIfErrorS %s)', async (staleIfErrorS) => {
    const cache = new Cache<string>({ staleIfErrorS });
    cache.set('k', 'old', TTL);
    expect(cache.invalidate('k')).toBe(1);
    expect(cache.get('k')).toBeUndefined();
    expect(cache.stats()).toMatchObject({ size: 0, entries: [] });
    expect(await cache.getOrLoad('k', () => 'new', TTL)).toBe('new');
  });

  test('affects only keys that match', () => {
    const cache = new Cache<number>();
    for (const key of ['stats:total', 'stats:engine:1', 'my-stats:x', 'vpn:status']) cache.set(key, 1, TTL);
    expect(cache.invalidate('stats:*')).toBe(2);
    expect(cache.stats().entries.map(({ key }) => key)).toEqual(['my-stats:x', 'vpn:status']);
  });

  test('without a wildcard affects one key, not keys that contain the pattern', () => {
    const cache = new Cache<number>();
    for (const key of ['stats', 'stats:total', 'x:stats']) cache.set(key, 1, TTL);
    expect(cache.invalidate('stats')).toBe(1);
    expect(cache.stats().entries.map(({ key }) => key)).toEqual(['stats:total', 'x:stats']);
    expect(cache.invalidate('')).toBe(0);
  });

  test('counts keys with a fresh value or a load in progress, once each', async () => {
    const clock = new FakeClock();
    const cache = new Cache<string>({ clock, staleIfErrorS: 30 });
    const source = new ManualSource<string>();
    cache.set('expired', 'x', { ttlS: 1 });
    clock.advance(1000);
    cache.set('fresh', 'x', TTL);
    const loading = cache.getOrLoad('loading', source.load, TTL);
    expect(cache.invalidate('*')).toBe(2);
    expect(cache.invalidate('*')).toBe(0);
    expect(cache.stats().invalidations).toBe(2);
    await settle();
    await source.latest.finish('x');
    await loading;
  });

  test('a value stored afterwards is fresh', async () => {
    const cache = new Cache<string>({ staleIfErrorS: 30 });
    cache.set('k', 'old', TTL);
    cache.invalidate('k');
    cache.set('k', 'new', TTL);
    expect(cache.get('k')).toBe('new');
    cache.invalidate('k');
    await cache.getOrLoad('k', () => 'newer', TTL);
    expect(cache.get('k')).toBe('newer');
  });
});

test('clear with a pattern removes matching keys, stale values included, and returns how many were fresh', async () => {
  const clock = new FakeClock();
  const cache = new Cache<number>({ clock, staleIfErrorS: 30 });
  cache.set('a:old', 1, { ttlS: 1 });
  clock.advance(1000);
  cache.set('a:new', 1, TTL);
  cache.set('b:new', 1, TTL);
  expect(cache.clear('a:*')).toBe(1);
  expect(cache.stats().entries.map(({ key }) => key)).toEqual(['b:new']);
  const failing = () => Promise.reject(new Error('down'));
  await expect(cache.getOrLoad('a:old', failing, TTL)).rejects.toThrow('down');
  await expect(cache.getOrLoad('a:new', failing, TTL)).rejects.toThrow('down');
});
