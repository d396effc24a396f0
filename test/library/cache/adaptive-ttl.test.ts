import { describe, expect, test, vi } from 'vitest';
import { Cache, type CacheOptions } from '../../../src/library/cache/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';

/** A cache that is read once per second, with a TTL of 3 s, and what it loads. */
function setUp(options: CacheOptions<unknown>) {
  const clock = new FakeClock();
  const cache = new Cache<unknown>({ clock, adaptiveTtl: { maxTtlS: 30 }, ...options });
  const source = { value: {} as unknown, loadMs: 0 };
  const load = () => {
    const { value, loadMs } = source;
    if (loadMs === 0) return value;
    return new Promise((resolve) => clock.after(loadMs, () => resolve(value)));
  };
  const read = async () => {
    const reading = Promise.resolve(cache.read('k', load, { ttlS: 3 }));
    if (source.loadMs > 0) await clock.advanceAsync(source.loadMs);
    return reading;
  };
  const poll = async (seconds: number) => {
    for (let s = 0; s < seconds; s += 1) {
      void read();
      await clock.advanceAsync(1000);
    }
  };
  return { clock, cache, source, read, poll };
}

/** TTLs of the values that successive loads store. */
async function ttlsOf(parts: ReturnType<typeof setUp>, loads: number): Promise<number[]> {
  const ttls: number[] = [];
  for (let i = 0; i < loads; i += 1) {
    const { ttlS } = await parts.read();
    ttls.push(ttlS);
    await parts.clock.advanceAsync(ttlS * 1000);
  }
  return ttls;
}

describe('a value that does not change', () => {
  test.each([{ staleIfErrorS: 60 }, { staleIfErrorS: 0, refreshAheadS: 60 }])(
    'lives twice as long after each load, up to the limit (%o)',
    async (options) => {
      const onSet = vi.fn();
      const parts = setUp({ ...options, onSet });
      parts.source.value = { engines: [1, 2] };
      await parts.poll(120);
      expect(onSet.mock.calls.map(([, ttlS]) => ttlS).slice(0, 6)).toEqual([3, 6, 12, 24, 30, 30]);
    },
  );

  test('gets the requested TTL again after a change', async () => {
    const parts = setUp({ staleIfErrorS: 60 });
    parts.source.value = { n: 1 };
    expect(await ttlsOf(parts, 3)).toEqual([3, 6, 12]);
    parts.source.value = { n: 2 };
    expect(await ttlsOf(parts, 2)).toEqual([3, 6]);
  });

  test('is compared by isSame, whose errors count as a change', async () => {
    const isSame = vi.fn(() => true);
    const parts = setUp({ staleIfErrorS: 60, adaptiveTtl: { maxTtlS: 30, isSame } });
    parts.source.value = Symbol('a');
    expect(await ttlsOf(parts, 2)).toEqual([3, 6]);
    parts.source.value = Symbol('b');
    expect(await ttlsOf(parts, 1)).toEqual([12]);
    isSame.mockImplementation(() => {
      throw new Error('cannot compare');
    });
    expect(await ttlsOf(parts, 1)).toEqual([3]);
  });
});

test('an invalidation is effective at once, and the next value gets the requested TTL', async () => {
  const parts = setUp({ staleIfErrorS: 60 });
  parts.source.value = { n: 1 };
  expect(await ttlsOf(parts, 3)).toEqual([3, 6, 12]);
  await parts.read();
  parts.cache.invalidate('*');
  parts.source.value = { n: 2 };
  expect(await parts.read()).toMatchObject({ outcome: 'miss', value: { n: 2 }, ttlS: 3 });
  parts.cache.invalidate('*');
  expect(await parts.read()).toMatchObject({ outcome: 'miss', value: { n: 2 }, ttlS: 3 });
});

describe('slow loads', () => {
  test('take at most a tenth of the time of a key that is polled each second', async () => {
    const { cache, clock } = setUp({ refreshAheadS: 15 });
    const starts: number[] = [];
    const load = () => {
      starts.push(clock.now());
      return new Promise((resolve) => clock.after(2000, () => resolve({ at: clock.now() })));
    };
    for (let s = 0; s < 400; s += 1) {
      void cache.read('k', load, { ttlS: 3 });
      await clock.advanceAsync(1000);
    }
    const cycles = starts.length - 1;
    expect(cycles).toBeGreaterThan(10);
    expect((cycles * 2000) / (starts.at(-1)! - starts[0]!)).toBeLessThanOrEqual(0.1);
  });

  test('lengthen a TTL up to the limit', async () => {
    const parts = setUp({});
    parts.source.loadMs = 1000;
    expect((await parts.read()).ttlS).toBe(9);
    parts.cache.clear();
    parts.source.loadMs = 5000;
    expect((await parts.read()).ttlS).toBe(30);
  });
});

test('a TTL that the load sets, a longer TTL and a TTL of 0 are kept', async () => {
  const { cache, clock } = setUp({ staleIfErrorS: 60 });
  const loadOwn = (_signal: AbortSignal, setFreshness: (f: { ageS: number; ttlS: number }) => void) => {
    setFreshness({ ageS: 0, ttlS: 5 });
    return 1;
  };
  for (let i = 0; i < 3; i += 1) {
    expect(await cache.read('own', loadOwn, { ttlS: 3 })).toMatchObject({ ttlS: 5 });
    expect(await cache.read('long', () => 1, { ttlS: 60 })).toMatchObject({ ttlS: 60 });
    expect(await cache.read('none', () => 1, { ttlS: 0 })).toMatchObject({ outcome: 'miss', ttlS: 0 });
    clock.advance(60_000);
  }
});

test('options out of range are refused', () => {
  for (const options of [
    { maxTtlS: 0 },
    { maxTtlS: Number.NaN },
    { maxTtlS: 1, maxLoadShare: 0 },
    { maxTtlS: 1, maxLoadShare: 1 },
  ])
    expect(() => new Cache({ adaptiveTtl: options })).toThrow(RangeError);
});
