import { describe, expect, test, vi } from 'vitest';
import { Cache, type Freshness } from '../../../src/library/cache/index.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { ManualSource } from '../../support/service/manual-source.ts';

const OPTIONS = { ttlS: 10, staleWhileRevalidateS: 20 };

async function filled(cacheOptions = {}) {
  const clock = new FakeClock();
  const cache = new Cache<string>({ clock, ...cacheOptions });
  await cache.getOrLoad('k', () => 'old', OPTIONS);
  return { clock, cache, source: new ManualSource<string>() };
}

describe('staleWhileRevalidateS', () => {
  test('returns the expired value at once and loads it in the background, once', async () => {
    const { clock, cache, source } = await filled();
    clock.advance(10_000);
    for (let reads = 0; reads < 3; reads += 1) {
      const read = cache.read('k', source.load, OPTIONS);
      expect(read).toMatchObject({ value: 'old', outcome: 'stale', ageS: 10, ttlS: 0 });
    }
    await settle();
    expect(source.loads).toHaveLength(1);
    await source.latest.finish('new');
    expect(cache.read('k', source.load, OPTIONS)).toMatchObject({ value: 'new', outcome: 'hit' });
    expect(cache.totals()).toMatchObject({ hits: 1, stale: 3, loads: 2 });
  });

  test('after it, waits for the load', async () => {
    const { clock, cache } = await filled();
    clock.advance(30_000);
    expect(await cache.read('k', () => 'new', OPTIONS)).toMatchObject({ value: 'new', outcome: 'miss' });
  });

  test('never returns an invalidated value', async () => {
    for (const staleIfErrorS of [0, 60]) {
      const { cache } = await filled({ staleIfErrorS });
      cache.invalidate('k');
      expect(await cache.read('k', () => 'new', OPTIONS)).toMatchObject({ value: 'new', outcome: 'miss' });
    }
  });

  test('a value invalidated during its revalidation is not returned afterwards', async () => {
    const { clock, cache, source } = await filled();
    clock.advance(10_000);
    cache.read('k', source.load, OPTIONS);
    await settle();
    cache.invalidate('k');
    const next = cache.read('k', () => 'newest', OPTIONS);
    await source.latest.finish('superseded');
    expect(await next).toMatchObject({ value: 'newest', outcome: 'miss' });
    expect(cache.get('k')).toBe('newest');
  });

  test('an invalidated value replaces a failed load only for staleIfErrorS', async () => {
    const { clock, cache } = await filled({ staleIfErrorS: 5 });
    clock.advance(16_000);
    cache.invalidate('k');
    const failing = () => Promise.reject(new Error('source is down'));
    await expect(cache.getOrLoad('k', failing, OPTIONS)).rejects.toThrow('source is down');
  });

  test('keeps returning the value while revalidations fail, with one attempt per retryS', async () => {
    const { clock, cache } = await filled({ retryS: 1 });
    const failing = vi.fn(() => Promise.reject(new Error('source is down')));
    clock.advance(10_000);
    for (let reads = 0; reads < 4; reads += 1) {
      expect(cache.read('k', failing, OPTIONS)).toMatchObject({ value: 'old', outcome: 'stale' });
      await settle();
      clock.advance(500);
    }
    expect(failing).toHaveBeenCalledTimes(2);
  });

  test('a sweep keeps the value as long as it may be returned', async () => {
    const { clock, cache } = await filled();
    clock.advance(29_999);
    expect(await cache.sweep()).toBe(0);
    clock.advance(1);
    expect(await cache.sweep()).toBe(1);
  });

  test('does not apply to a value that the load declared as not cacheable', async () => {
    const clock = new FakeClock();
    const cache = new Cache<string>({ clock });
    const once = (_: AbortSignal, setFreshness: (freshness: Freshness) => void) => {
      setFreshness({ ageS: 0, ttlS: 0 });
      return 'once';
    };
    await cache.getOrLoad('k', once, OPTIONS);
    expect(await cache.read('k', () => 'again', OPTIONS)).toMatchObject({ value: 'again', outcome: 'miss' });
  });

  test('rejects a negative time', () => {
    const cache = new Cache();
    const read = () => cache.read('k', () => 1, { ttlS: 1, staleWhileRevalidateS: -1 });
    expect(read).toThrow(RangeError);
  });
});
