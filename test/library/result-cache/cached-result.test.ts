import { describe, expect, expectTypeOf, test, vi } from 'vitest';
import { Cache, CacheClosedError } from '../../../src/library/cache/index.ts';
import { type StoredResult, cachedResult } from '../../../src/library/result-cache/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { ManualSource } from '../../support/service/manual-source.ts';

function createStore() {
  const clock = new FakeClock();
  return { clock, cache: new Cache<StoredResult>({ clock, loadTimeoutS: 10 }) };
}

describe('an asynchronous function', () => {
  test('runs once for equal arguments, in whatever order their properties come', async () => {
    const run = vi.fn(async (query: { a: number; b?: unknown }, page = 1) => ({ ...query, page }));
    const find = cachedResult(run, { async: true });
    expect(await find({ a: 1, b: 2 })).toEqual({ a: 1, b: 2, page: 1 });
    expect(await find({ b: 2, a: 1 })).toEqual({ a: 1, b: 2, page: 1 });
    expect(run).toHaveBeenCalledTimes(1);
    await find({ a: 1, b: 2 }, 2);
    await find({ a: 1, b: undefined });
    await find({ a: 1 });
    expect(run).toHaveBeenCalledTimes(4);
  });

  test('runs again after its ttl', async () => {
    const { clock, cache } = createStore();
    let runs = 0;
    const count = cachedResult(async () => ++runs, { cache, ttlS: 5 });
    expect(await count()).toBe(1);
    clock.advance(4999);
    expect(await count()).toBe(1);
    clock.advance(1);
    expect(await count()).toBe(2);
  });

  test('runs once for all who ask at the same time', async () => {
    const source = new ManualSource<number>();
    const slow = cachedResult(async (_id: string) => await source.load(new AbortController().signal));
    const calls = [slow('a'), slow('a'), slow('a')];
    await vi.waitFor(() => expect(source.loads).toHaveLength(1));
    await source.latest.finish(7);
    expect(await Promise.all(calls)).toEqual([7, 7, 7]);
    expect(source.loads).toHaveLength(1);
  });

  test('that fails is not remembered, and its own error comes out', async () => {
    class Refused extends Error {}
    const error = new Refused();
    const run = vi.fn(async () => Promise.reject(error));
    const failing = cachedResult(run, { async: true });
    await expect(failing()).rejects.toBe(error);
    await expect(failing()).rejects.toBe(error);
    expect(run).toHaveBeenCalledTimes(2);
  });

  test.each([null, undefined])('%s is no result to keep, unless asked', async (nothing) => {
    const run = vi.fn(async () => nothing);
    const { cache } = createStore();
    const plain = cachedResult(run, { async: true, name: 'plain', cache });
    expect(await plain()).toBe(nothing);
    expect(await plain()).toBe(nothing);
    expect(run).toHaveBeenCalledTimes(2);
    expect(cache.totals().held).toBe(0);
    const kept = cachedResult(run, { async: true, name: 'kept', storeEmpty: true, cache });
    expect(await kept()).toBe(nothing);
    expect(await kept()).toBe(nothing);
    expect(run).toHaveBeenCalledTimes(3);
  });

  test.each([0, '', false, Number.NaN])('%j is a result', async (value) => {
    const run = vi.fn(async () => value);
    const cached = cachedResult(run, { async: true });
    expect([await cached(), await cached()]).toEqual([value, value]);
    expect(run).toHaveBeenCalledTimes(1);
  });

  test('what was invalidated while it ran is given to its callers and not kept', async () => {
    const source = new ManualSource<string>();
    const slow = cachedResult(async (_id: number) => await source.load(new AbortController().signal));
    const early = slow(1);
    await vi.waitFor(() => expect(source.loads).toHaveLength(1));
    slow.invalidate(1);
    const late = slow(1);
    await vi.waitFor(() => expect(source.loads).toHaveLength(2));
    await source.loads[0]!.finish('old');
    await source.loads[1]!.finish('new');
    expect([await early, await late, await slow(1)]).toEqual(['old', 'new', 'new']);
  });

  test('not declared as one is found out by its first call', async () => {
    const run = vi.fn((id: number) => Promise.resolve(id));
    const cached = cachedResult(run);
    expect([await cached(1), await cached(1), await cached(1)]).toEqual([1, 1, 1]);
    expect(run).toHaveBeenCalledTimes(2);
  });
});

describe('a synchronous function', () => {
  test('answers at once, from memory', () => {
    const { clock, cache } = createStore();
    const run = vi.fn((a: number, b: number) => a + b);
    const add = cachedResult(run, { ttlS: 5, cache });
    expect([add(1, 2), add(1, 2), add(2, 1)]).toEqual([3, 3, 3]);
    expect(run).toHaveBeenCalledTimes(2);
    add.invalidate(1, 2);
    add(1, 2);
    expect(run).toHaveBeenCalledTimes(3);
    clock.advance(5000);
    add(1, 2);
    expect(run).toHaveBeenCalledTimes(4);
  });

  test('throws what it throws', () => {
    const failing = cachedResult((): number => {
      throw new RangeError('no');
    });
    expect(failing).toThrow(RangeError);
  });

  test('null is not kept', () => {
    const run = vi.fn(() => null);
    const cached = cachedResult(run);
    expect([cached(), cached()]).toEqual([null, null]);
    expect(run).toHaveBeenCalledTimes(2);
  });
});

describe('the function', () => {
  test('keeps its signature, name, length and this', async () => {
    async function lookUp(this: { base: number }, id: string, deep?: boolean): Promise<number> {
      return this.base + id.length + (deep ? 1 : 0);
    }
    const cached = cachedResult(lookUp);
    expectTypeOf(cached).parameters.toEqualTypeOf<[id: string, deep?: boolean | undefined]>();
    expectTypeOf(cached).returns.toEqualTypeOf<Promise<number>>();
    expectTypeOf(cached.invalidate).parameters.toEqualTypeOf<[id: string, deep?: boolean | undefined]>();
    const generic = cachedResult(async <T>(value: T): Promise<T> => value);
    expectTypeOf(await generic('text' as const)).toEqualTypeOf<'text'>();
    expect([cached.name, cached.length]).toEqual(['lookUp', lookUp.length]);
    expect(await cached.call({ base: 10 }, 'abc')).toBe(13);
    expect(await cached.call({ base: 20 }, 'abc')).toBe(23);
  });

  test('of an object that cannot be told apart runs each time, rightly', async () => {
    class Counter {
      #count = 0;
      next = cachedResult(async function (this: Counter) {
        this.#count += 1;
        return this.#count;
      });
    }
    const counter = new Counter();
    expect([await counter.next(), await counter.next()]).toEqual([1, 2]);
  });

  test('runs directly where its arguments have no canonical form', async () => {
    const onError = vi.fn();
    const run = vi.fn(async (callback: () => number) => callback());
    const cached = cachedResult(run, { async: true, onError });
    expect([await cached(() => 1), await cached(() => 2)]).toEqual([1, 2]);
    expect(onError).toHaveBeenCalledTimes(2);
    expect(cached.keyOf(() => 1)).toBeUndefined();
  });

  test('runs directly with the cache off, or closed', async () => {
    const run = vi.fn(async () => 1);
    const off = cachedResult(run, { async: true, enabled: false });
    expect([await off(), await off()]).toEqual([1, 1]);
    const { cache } = createStore();
    const closed = cachedResult(run, { async: true, cache });
    cache.close();
    expect([await closed(), await closed()]).toEqual([1, 1]);
    expect(run).toHaveBeenCalledTimes(4);
  });

  test('runs directly where the cache fails in whatever it is asked', async () => {
    const broken = () => {
      throw new Error('the cache is broken');
    };
    const cache = { get: broken, set: broken, delete: broken, getOrLoad: broken };
    const onError = vi.fn();
    expect(await cachedResult(async () => 1, { cache, onError })()).toBe(1);
    expect(cachedResult(() => 2, { cache, onError })()).toBe(2);
    expect(onError).toHaveBeenCalledTimes(3);
  });

  test('is not run once more by those whom a deadline of the cache has failed', async () => {
    const { clock, cache } = createStore();
    const source = new ManualSource<number>();
    const slow = cachedResult(async () => await source.load(new AbortController().signal), { cache });
    const calls = [slow(), slow()];
    await clock.advanceAsync(10_000);
    await source.latest.finish(1);
    expect(await Promise.all(calls)).toEqual([1, 1]);
    expect(source.loads).toHaveLength(1);
  });

  test('goes on when its cache is closed under it', async () => {
    const { cache } = createStore();
    const source = new ManualSource<number>();
    const onError = vi.fn();
    const slow = cachedResult(async () => await source.load(new AbortController().signal), {
      cache,
      onError,
    });
    const call = slow();
    await vi.waitFor(() => expect(source.loads).toHaveLength(1));
    cache.close();
    await source.latest.finish(1);
    expect(await call).toBe(1);
    expect(onError).toHaveBeenCalledExactlyOnceWith(expect.any(CacheClosedError), 'anonymous');
  });
});

describe('the key', () => {
  const later = async (x: number) => x * 2;

  test('is prefix, name, 16 digits of the source and the arguments', () => {
    const first = cachedResult(later);
    expect(first.keyOf(1)).toMatch(/^result_cache:later:[0-9a-f]{16}:[0-9a-f]{64}$/);
    expect(cachedResult(later, { keyPrefix: 'api', name: 'a:b' }).keyOf(1)).toMatch(/^api:a%3Ab:/);
  });

  test('changes with the source, unless a version stands in for it', () => {
    const before = { process: (x: number) => x * 2 }.process;
    const after = { process: (x: number) => x * 3 }.process;
    expect(cachedResult(after).keyOf(1)).not.toBe(cachedResult(before).keyOf(1));
    const version = '1';
    expect(cachedResult(after, { version }).keyOf(1)).toBe(cachedResult(before, { version }).keyOf(1));
    expect(cachedResult(after, { version: '2' }).keyOf(1)).not.toBe(
      cachedResult(before, { version }).keyOf(1),
    );
  });

  test('of what shows no source rests on the name', () => {
    const bound = (fn: (x: number) => number) => cachedResult(fn.bind(null)).keyOf(1)?.split(':')[2];
    expect(bound(Math.abs)).not.toBe(bound(Math.ceil));
    expect(cachedResult(Math.abs).keyOf(1)).toBe(cachedResult(Math.abs).keyOf(1));
  });

  test('over 200 characters is hashed', () => {
    const name = 'n'.repeat(200);
    expect(cachedResult(later, { name }).keyOf(1)).toMatch(/^[0-9a-f]{64}$/);
    expect(cachedResult(later, { name }).keyOf(1)).not.toBe(cachedResult(later, { name }).keyOf(2));
    expect(cachedResult(later, { name, maxKeyLength: 400 }).keyOf(1)).toMatch(/^result_cache:nnn/);
  });

  test('a ttl that is none is refused at once', () => {
    expect(() => cachedResult(later, { ttlS: Number.NaN })).toThrow(RangeError);
  });
});
