import { describe, expect, test } from 'vitest';
import { Cache } from '../../../src/library/cache/cache.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { ManualSource } from '../../support/service/manual-source.ts';

const TTL = { ttlS: 3 };

/** Each way to say that what a key holds, or is about to hold, is no longer true. */
const OVERTAKING: [string, (cache: Cache<string>) => unknown, string | undefined][] = [
  ['invalidate', (cache) => cache.invalidate('stats:total'), undefined],
  ['invalidate by glob', (cache) => cache.invalidate('stats:*'), undefined],
  ['delete', (cache) => cache.delete('stats:total'), undefined],
  ['clear', (cache) => cache.clear(), undefined],
  ['clear by glob', (cache) => cache.clear('s*:t?tal'), undefined],
  ['set', (cache) => cache.set('stats:total', 'set', { ttlS: 3 }), 'set'],
];

describe.each(OVERTAKING)('%s during a load', (_name, overtake, left) => {
  function setUp(staleIfErrorS: number) {
    const clock = new FakeClock();
    const cache = new Cache<string>({ clock, staleIfErrorS });
    return { clock, cache, source: new ManualSource<string>() };
  }

  test.each([0, 30])(
    'the waiting get its answer, which is not kept (fallback %s s)',
    async (staleIfErrorS) => {
      const { cache, source } = setUp(staleIfErrorS);
      const waiting = [1, 2].map(() => cache.getOrLoad('stats:total', source.load, TTL));
      await settle();
      overtake(cache);
      await source.latest.finish('before the change');
      expect(await Promise.all(waiting)).toEqual(['before the change', 'before the change']);
      expect(cache.get('stats:total')).toBe(left);
    },
  );

  test('a load begun in the same turn is overtaken too', async () => {
    const { cache, source } = setUp(0);
    const waiting = cache.getOrLoad('stats:total', source.load, TTL);
    overtake(cache);
    await settle();
    await source.latest.finish('before the change');
    expect(await waiting).toBe('before the change');
    expect(cache.get('stats:total')).toBe(left);
  });

  test('the error of an overtaken load does no harm to what came after it', async () => {
    const { cache, source } = setUp(0);
    const waiting = cache.getOrLoad('stats:total', source.load, TTL);
    await settle();
    overtake(cache);
    cache.set('stats:total', 'newer', TTL);
    await source.latest.fail(new Error('down'));
    expect(await waiting).toBe('newer');
    expect(cache.get('stats:total')).toBe('newer');
  });
});

describe('after an invalidation during a load', () => {
  test('a new reader does not join the overtaken load, and only the new answer is kept', async () => {
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

  test('it makes no difference that the overtaken load ends first', async () => {
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

  test('an invalidation from within the load itself counts', async () => {
    const cache = new Cache<string>();
    const answer = await cache.getOrLoad(
      'k',
      () => {
        cache.invalidate('k');
        return 'old';
      },
      TTL,
    );
    expect(answer).toBe('old');
    expect(cache.get('k')).toBeUndefined();
  });

  test('a load that outlives several invalidations is still not kept', async () => {
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

  test('an overtaken waiter whose load fails gets the newer value, which is not called stale', async () => {
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
  test.each([0, 30])('no later reader gets the value (fallback %s s)', async (staleIfErrorS) => {
    const cache = new Cache<string>({ staleIfErrorS });
    cache.set('k', 'old', TTL);
    expect(cache.invalidate('k')).toBe(1);
    expect(cache.get('k')).toBeUndefined();
    expect(cache.stats()).toMatchObject({ size: 0, entries: [] });
    expect(await cache.getOrLoad('k', () => 'new', TTL)).toBe('new');
  });

  test('touches the keys that match and no other', () => {
    const cache = new Cache<number>();
    for (const key of ['stats:total', 'stats:engine:1', 'my-stats:x', 'vpn:status']) cache.set(key, 1, TTL);
    expect(cache.invalidate('stats:*')).toBe(2);
    expect(cache.stats().entries.map(({ key }) => key)).toEqual(['my-stats:x', 'vpn:status']);
  });

  test('without a wildcard means that one key, not those that contain it', () => {
    const cache = new Cache<number>();
    for (const key of ['stats', 'stats:total', 'x:stats']) cache.set(key, 1, TTL);
    expect(cache.invalidate('stats')).toBe(1);
    expect(cache.stats().entries.map(({ key }) => key)).toEqual(['stats:total', 'x:stats']);
    expect(cache.invalidate('')).toBe(0);
  });

  test('counts keys that were fresh or being loaded, each once, and nothing else', async () => {
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

  test('a fresh value set or loaded afterwards is fresh again', async () => {
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

test('clear by pattern removes what matches, fallbacks too, and says how many were fresh', async () => {
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
