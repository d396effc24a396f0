import { describe, expect, test, vi } from 'vitest';
import { Cache } from '../../../src/library/cache/cache.ts';
import { LoadTimeoutError } from '../../../src/library/cache/errors.ts';
import type { CacheOptions } from '../../../src/library/cache/options.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { ManualSource } from '../../support/service/manual-source.ts';

const TTL = { ttlS: 3 };
const down = () => Promise.reject(new Error('down'));

/** A cache with one value, `good`, that has just been loaded. */
async function setUp(options: CacheOptions<string> = {}) {
  const clock = new FakeClock();
  const errors: string[] = [];
  const onError = (error: unknown, key: string) => errors.push(`${key}: ${(error as Error).message}`);
  const cache = new Cache<string>({ clock, staleIfErrorS: 30, onError, ...options });
  await cache.getOrLoad('k', () => 'good', TTL);
  return { clock, cache, errors };
}

describe('a load that fails', () => {
  test('is answered with the last value, as stale and with its age', async () => {
    const { clock, cache } = await setUp();
    clock.advance(4000);
    expect(await cache.read('k', down, TTL)).toEqual({ value: 'good', outcome: 'stale', ageS: 4, ttlS: -1 });
    expect(cache.stats()).toMatchObject({
      hits: 0,
      misses: 2,
      stale: 1,
      loadErrors: 1,
      size: 0,
      entries: [],
    });
  });

  test('is answered with the last value for staleIfErrorS after its expiry, then with the error', async () => {
    const { clock, cache } = await setUp();
    clock.advance(32_999);
    expect(await cache.read('k', down, TTL)).toMatchObject({ value: 'good', outcome: 'stale', ageS: 32.999 });
    clock.advance(1);
    await expect(cache.getOrLoad('k', down, TTL)).rejects.toThrow('down');
  });

  test('repeatedly does not extend the time for which the last value is served', async () => {
    const { clock, cache } = await setUp();
    await clock.advanceAsync(3000);
    const outcomes: string[] = [];
    for (let s = 3; s <= 40; s += 1) {
      try {
        const { outcome, ageS } = await cache.read('k', down, TTL);
        expect(ageS).toBe(s);
        outcomes.push(outcome);
      } catch (error) {
        outcomes.push((error as Error).message);
      }
      await clock.advanceAsync(1000);
    }
    expect(outcomes).toEqual([...Array(30).fill('stale'), ...Array(8).fill('down')]);
  });

  test('rejects its readers if there is no stale value or staleIfErrorS is 0', async () => {
    const { clock, cache } = await setUp({ staleIfErrorS: 0 });
    clock.advance(3000);
    await expect(cache.getOrLoad('k', down, TTL)).rejects.toThrow('down');
    await expect(cache.getOrLoad('never loaded', down, TTL)).rejects.toThrow('down');
  });

  test('is answered with an invalidated value as stale, but not with a deleted one', async () => {
    const { cache } = await setUp();
    cache.invalidate('k');
    expect(await cache.read('k', down, TTL)).toMatchObject({ value: 'good', outcome: 'stale' });
    expect(cache.read('k', down, TTL)).toMatchObject({ value: 'good', outcome: 'stale' });
    cache.delete('k');
    await expect(cache.getOrLoad('k', down, TTL)).rejects.toThrow('down');
  });

  test('is answered with the stale value for all its readers', async () => {
    const { clock, cache } = await setUp();
    clock.advance(3000);
    const reads = Array.from({ length: 5 }, () => cache.read('k', down, TTL));
    for (const read of await Promise.all(reads))
      expect(read).toMatchObject({ value: 'good', outcome: 'stale' });
    expect(cache.stats()).toMatchObject({ loads: 2, misses: 6, stale: 5, collapsed: 4, loadErrors: 1 });
  });

  test('is reported once for consecutive failures', async () => {
    const { clock, cache, errors } = await setUp();
    await clock.advanceAsync(3000);
    for (let i = 0; i < 4; i += 1) {
      await cache.getOrLoad('k', down, TTL);
      await clock.advanceAsync(1000);
    }
    expect(errors).toEqual(['k: down']);
    await cache.getOrLoad('k', () => 'up', TTL);
    await clock.advanceAsync(3000);
    await cache.getOrLoad('k', down, TTL);
    expect(errors).toEqual(['k: down', 'k: down']);
  });
});

describe('while loads fail', () => {
  test('reads get the stale value synchronously, and there is at most one attempt per retryS', async () => {
    const { clock, cache } = await setUp({ retryS: 1 });
    const source = new ManualSource<string>();
    const read = () => cache.read('k', source.load, TTL);
    await clock.advanceAsync(3000);
    const first = read();
    await settle();
    await source.latest.fail(new Error('down'));
    expect(await first).toMatchObject({ outcome: 'stale' });
    await clock.advanceAsync(999);
    expect(read()).toMatchObject({ outcome: 'stale' });
    await settle();
    expect(source.loads).toHaveLength(1);
    await clock.advanceAsync(1);
    for (let i = 0; i < 3; i += 1) expect(read()).toMatchObject({ value: 'good', outcome: 'stale' });
    await settle();
    expect(source.loads).toHaveLength(2);
  });

  test('the value of the first successful load is a hit', async () => {
    const { clock, cache } = await setUp();
    await clock.advanceAsync(3000);
    await cache.getOrLoad('k', down, TTL);
    await clock.advanceAsync(1000);
    expect(cache.read('k', () => 'recovered', TTL)).toMatchObject({ value: 'good', outcome: 'stale' });
    await settle();
    expect(cache.read('k', down, TTL)).toMatchObject({ value: 'recovered', outcome: 'hit', ageS: 0 });
  });

  test('without reads there are no attempts', async () => {
    const { clock, cache } = await setUp({ refreshAheadS: 2 });
    await clock.advanceAsync(3000);
    await cache.getOrLoad('k', down, TTL);
    const { loads } = cache.stats();
    await clock.advanceAsync(600_000);
    expect(cache.stats().loads).toBe(loads);
  });

  test('after an invalidation the next read waits for a load instead of getting the stale value', async () => {
    const { clock, cache } = await setUp();
    await clock.advanceAsync(3000);
    await cache.getOrLoad('k', down, TTL);
    cache.invalidate('k');
    expect(await cache.read('k', () => 'changed', TTL)).toMatchObject({ value: 'changed', outcome: 'miss' });
  });

  test('an invalidation supersedes an attempt in progress', async () => {
    const { clock, cache } = await setUp();
    const source = new ManualSource<string>();
    await clock.advanceAsync(3000);
    await cache.getOrLoad('k', down, TTL);
    await clock.advanceAsync(1000);
    cache.read('k', source.load, TTL);
    await settle();
    cache.invalidate('k');
    await source.latest.finish('before the change');
    expect(cache.get('k')).toBeUndefined();
    expect(await cache.read('k', () => 'changed', TTL)).toMatchObject({ value: 'changed', outcome: 'miss' });
  });
});

describe('a load that times out', () => {
  test('rejects with its key and timeout, and its signal aborts', async () => {
    const clock = new FakeClock();
    const cache = new Cache<string>({ clock, loadTimeoutS: 10 });
    const source = new ManualSource<string>();
    const result = cache.getOrLoad('stats:total', source.load, TTL).catch((error: unknown) => error);
    await clock.advanceAsync(9999);
    expect(cache.stats()).toMatchObject({ inFlight: 1, loadErrors: 0 });
    expect(source.latest.signal.aborted).toBe(false);
    await clock.advanceAsync(1);
    const error = await result;
    expect(error).toBeInstanceOf(LoadTimeoutError);
    expect(error).toMatchObject({ name: 'LoadTimeoutError', key: 'stats:total', timeoutS: 10 });
    expect(source.latest.signal.reason).toBe(error);
    expect(cache.stats()).toMatchObject({ inFlight: 0, loadErrors: 1 });
  });

  test('is answered with the stale value, and its later value is not cached', async () => {
    const { clock, cache } = await setUp({ loadTimeoutS: 2 });
    const source = new ManualSource<string>();
    clock.advance(3000);
    const result = cache.read('k', source.load, TTL);
    await clock.advanceAsync(2000);
    expect(await result).toMatchObject({ value: 'good', outcome: 'stale', ageS: 5 });
    await source.latest.finish('too late');
    expect(cache.get('k')).toBeUndefined();
    expect(cache.read('k', source.load, TTL)).toMatchObject({ value: 'good', outcome: 'stale' });
  });

  test('does not block the next load of its key', async () => {
    const clock = new FakeClock();
    const cache = new Cache<string>({ clock, loadTimeoutS: 2 });
    const hung = expect(cache.getOrLoad('k', () => new Promise<string>(() => {}), TTL)).rejects.toThrow(
      LoadTimeoutError,
    );
    await clock.advanceAsync(2000);
    await hung;
    expect(await cache.getOrLoad('k', () => 'up', TTL)).toBe('up');
  });

  test('is aborted at its own deadline, with one timer for all loads', async () => {
    const { clock, cache } = await setUp();
    const timers = clock.pending;
    const hang = () => new Promise<string>(() => {});
    const first = expect(cache.getOrLoad('first', hang, TTL)).rejects.toThrow(LoadTimeoutError);
    await clock.advanceAsync(6000);
    const second = cache.getOrLoad('second', hang, TTL);
    const outcome = vi.fn();
    second.catch(outcome);
    await cache.getOrLoad('other', () => 'up', TTL);
    expect(clock.pending).toBe(timers);
    await clock.advanceAsync(4000);
    await first;
    await clock.advanceAsync(5999);
    expect(outcome).not.toHaveBeenCalled();
    await clock.advanceAsync(1);
    expect(outcome).toHaveBeenCalledWith(expect.any(LoadTimeoutError));
  });
});
