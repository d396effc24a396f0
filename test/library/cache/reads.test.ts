import { describe, expect, test, vi } from 'vitest';
import { Cache } from '../../../src/library/cache/cache.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { ManualSource } from '../../support/service/manual-source.ts';

function setUp() {
  const clock = new FakeClock();
  return { clock, cache: new Cache<unknown>({ clock }) };
}

describe('time to live', () => {
  test.each([2, 3, 0.25])('a value with a TTL of %s s is a hit before that time and not at it', (ttlS) => {
    const { cache, clock } = setUp();
    cache.set('stats:total', 'a', { ttlS });
    clock.advance(ttlS * 1000 - 1);
    expect(cache.get('stats:total')).toBe('a');
    clock.advance(1);
    expect(cache.get('stats:total')).toBeUndefined();
  });

  test('a key is loaded again when its value has expired, and not before', async () => {
    const { cache, clock } = setUp();
    const load = vi.fn(() => load.mock.calls.length);
    const read = () => cache.getOrLoad('orchestrator:status', load, { ttlS: 2 });
    expect(await read()).toBe(1);
    clock.advance(1999);
    expect(await read()).toBe(1);
    clock.advance(1);
    expect(await read()).toBe(2);
  });

  test('the age of a value starts at the end of its load', async () => {
    const { cache, clock } = setUp();
    const source = new ManualSource<string>();
    const result = cache.getOrLoad('k', source.load, { ttlS: 3 });
    await clock.advanceAsync(2000);
    await source.latest.finish('slow');
    await result;
    await clock.advanceAsync(2500);
    expect(cache.read('k', source.load, { ttlS: 3 })).toMatchObject({ outcome: 'hit', ageS: 2.5, ttlS: 0.5 });
  });

  test('a value with a TTL of 0 is never a hit', async () => {
    const { cache } = setUp();
    const load = vi.fn(() => 'x');
    await cache.getOrLoad('k', load, { ttlS: 0 });
    await cache.getOrLoad('k', load, { ttlS: 0 });
    expect(load).toHaveBeenCalledTimes(2);
  });

  test('a value with an infinite TTL never expires', async () => {
    const { cache, clock } = setUp();
    cache.set('k', 1, { ttlS: Number.POSITIVE_INFINITY });
    clock.advance(1e15);
    expect(cache.get('k')).toBe(1);
  });

  test.each([-1, Number.NaN])('rejects a TTL of %s', (ttlS) => {
    const { cache } = setUp();
    expect(() => cache.set('k', 1, { ttlS })).toThrow(RangeError);
    expect(() => cache.getOrLoad('k', () => 1, { ttlS })).toThrow(RangeError);
    expect(() => new Cache({ enabled: false }).getOrLoad('k', () => 1, { ttlS })).toThrow(RangeError);
    expect(cache.stats()).toMatchObject({ size: 0, loads: 0, inFlight: 0 });
  });
});

describe('which values are cached', () => {
  test.each([[null], [0], [''], [false], [Number.NaN]])('%j is cached', async (value) => {
    const { cache } = setUp();
    const load = vi.fn(() => value);
    expect(await cache.getOrLoad('k', load, { ttlS: 3 })).toBe(value);
    expect(await cache.getOrLoad('k', load, { ttlS: 3 })).toBe(value);
    expect(load).toHaveBeenCalledTimes(1);
    expect(cache.get('k')).toBe(value);
    cache.set('set', value, { ttlS: 3 });
    expect(cache.get('set')).toBe(value);
    expect(cache.stats()).toMatchObject({ size: 2, hits: 3, misses: 1 });
  });

  test('undefined is returned but never cached', async () => {
    const { cache } = setUp();
    const load = vi.fn(() => undefined);
    expect(await cache.getOrLoad('k', load, { ttlS: 3 })).toBeUndefined();
    expect(await cache.getOrLoad('k', load, { ttlS: 3 })).toBeUndefined();
    expect(load).toHaveBeenCalledTimes(2);
    expect(cache.stats()).toMatchObject({ size: 0, hits: 0, misses: 2 });
    expect(() => cache.set('k', undefined, { ttlS: 3 })).toThrow(TypeError);
  });

  test('after a load of undefined the former value is not served as stale', async () => {
    const clock = new FakeClock();
    const cache = new Cache<string | undefined>({ clock, staleIfErrorS: 30 });
    await cache.getOrLoad('user:1', () => 'Ada', { ttlS: 3 });
    clock.advance(3000);
    expect(await cache.getOrLoad('user:1', () => undefined, { ttlS: 3 })).toBeUndefined();
    const failing = () => Promise.reject(new Error('down'));
    await expect(cache.getOrLoad('user:1', failing, { ttlS: 3 })).rejects.toThrow('down');
  });

  test('a later value replaces an earlier one and has its own TTL', () => {
    const { cache, clock } = setUp();
    cache.set('k', 'first', { ttlS: 2 });
    clock.advance(1500);
    cache.set('k', 'second', { ttlS: 2 });
    clock.advance(1500);
    expect(cache.get('k')).toBe('second');
    expect(cache.stats().size).toBe(1);
  });

  test('keys are independent', () => {
    const { cache } = setUp();
    cache.set('vpn:status', 1, { ttlS: 3 });
    cache.set('vpn:status:x', 2, { ttlS: 3 });
    cache.set('__proto__', 3, { ttlS: 3 });
    expect(cache.delete('vpn:status')).toBe(true);
    expect(cache.get('vpn:status:x')).toBe(2);
    expect(cache.get('__proto__')).toBe(3);
    expect(cache.get('constructor')).toBeUndefined();
  });
});

describe('outcome of a read', () => {
  test('a hit is synchronous; a miss is a promise', async () => {
    const { cache, clock } = setUp();
    const miss = cache.read('k', () => 'v', { ttlS: 3 });
    expect(miss).toBeInstanceOf(Promise);
    expect(await miss).toEqual({ value: 'v', outcome: 'miss', ageS: 0, ttlS: 3 });
    clock.advance(1000);
    expect(cache.read('k', () => 'w', { ttlS: 3 })).toEqual({ value: 'v', outcome: 'hit', ageS: 1, ttlS: 2 });
  });

  test('a collapsed read reports the TTL of the load that it joined', async () => {
    const { cache } = setUp();
    const source = new ManualSource<string>();
    const first = cache.read('k', source.load, { ttlS: 3 });
    const second = cache.read('k', source.load, { ttlS: 60 });
    await Promise.resolve();
    await source.latest.finish('v');
    expect(await first).toMatchObject({ outcome: 'miss', ttlS: 3 });
    expect(await second).toMatchObject({ outcome: 'collapsed', ttlS: 3 });
  });
});

test('delete returns whether the key had a fresh value', () => {
  const { cache, clock } = setUp();
  expect(cache.delete('k')).toBe(false);
  cache.set('k', 1, { ttlS: 3 });
  expect(cache.delete('k')).toBe(true);
  expect(cache.delete('k')).toBe(false);
  cache.set('k', 1, { ttlS: 3 });
  clock.advance(3000);
  expect(cache.delete('k')).toBe(false);
});

describe('options of a cache', () => {
  test.each([
    { maxEntries: 0 },
    { maxEntries: 1.5 },
    { maxBytes: -1 },
    { maxBytes: Number.NaN },
    { loadTimeoutS: -1 },
    { staleIfErrorS: Number.NaN },
    { retryS: -0.1 },
    { refreshAheadS: -1 },
    { sweepIntervalS: -60 },
  ])('%j is rejected with the name of the option', (options) => {
    const [name] = Object.keys(options);
    expect(() => new Cache(options)).toThrow(RangeError);
    expect(() => new Cache(options)).toThrow(name);
  });
});
