import { describe, expect, expectTypeOf, test, vi } from 'vitest';
import { Cache, CacheClosedError } from '../../../src/library/cache/index.ts';
import { cachedResult, type StoredResult } from '../../../src/library/result-cache/index.ts';
import { resultKeys } from '../../../src/library/result-cache/result-key.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { ManualSource } from '../../support/service/manual-source.ts';

function createStore() {
  const clock = new FakeClock();
  return { clock, cache: new Cache<StoredResult>({ clock, loadTimeoutS: 10 }) };
}

describe('cachedResult of an asynchronous function', () => {
  test('calls it once for equal arguments, regardless of the order of properties', async () => {
    const fn = vi.fn(async (query: { a: number; b?: unknown }, page = 1) => ({ ...query, page }));
    const find = cachedResult(fn, { async: true });
    expect(await find({ a: 1, b: 2 })).toEqual({ a: 1, b: 2, page: 1 });
    expect(await find({ b: 2, a: 1 })).toEqual({ a: 1, b: 2, page: 1 });
    expect(fn).toHaveBeenCalledTimes(1);
    await find({ a: 1, b: 2 }, 2);
    await find({ a: 1, b: undefined });
    await find({ a: 1 });
    expect(fn).toHaveBeenCalledTimes(4);
  });

  test('calls it again after ttlS', async () => {
    const { clock, cache } = createStore();
    let calls = 0;
    const count = cachedResult(async () => ++calls, { cache, ttlS: 5 });
    expect(await count()).toBe(1);
    clock.advance(4999);
    expect(await count()).toBe(1);
    clock.advance(1);
    expect(await count()).toBe(2);
  });

  test('shares one execution between concurrent calls', async () => {
    const source = new ManualSource<number>();
    const slow = cachedResult(async (_id: string) => await source.load(new AbortController().signal));
    const calls = [slow('a'), slow('a'), slow('a')];
    await vi.waitFor(() => expect(source.loads).toHaveLength(1));
    await source.latest.finish(7);
    expect(await Promise.all(calls)).toEqual([7, 7, 7]);
    expect(source.loads).toHaveLength(1);
  });

  test('rejects with the error of the function, and does not cache it', async () => {
    class Refused extends Error {}
    const error = new Refused();
    const fn = vi.fn(async () => Promise.reject(error));
    const failing = cachedResult(fn, { async: true });
    await expect(failing()).rejects.toBe(error);
    await expect(failing()).rejects.toBe(error);
    expect(fn).toHaveBeenCalledTimes(2);
  });

  test.each([null, undefined])('caches %s only if storeEmpty is set', async (nothing) => {
    const fn = vi.fn(async () => nothing);
    const { cache } = createStore();
    const plain = cachedResult(fn, { async: true, name: 'plain', cache });
    expect(await plain()).toBe(nothing);
    expect(await plain()).toBe(nothing);
    expect(fn).toHaveBeenCalledTimes(2);
    expect(cache.totals().entryCount).toBe(0);
    const stored = cachedResult(fn, { async: true, name: 'stored', storeEmpty: true, cache });
    expect(await stored()).toBe(nothing);
    expect(await stored()).toBe(nothing);
    expect(fn).toHaveBeenCalledTimes(3);
  });

  test.each([0, '', false, Number.NaN])('caches %j', async (value) => {
    const fn = vi.fn(async () => value);
    const cached = cachedResult(fn, { async: true });
    expect([await cached(), await cached()]).toEqual([value, value]);
    expect(fn).toHaveBeenCalledTimes(1);
  });

  test('returns a result invalidated during its execution, and does not cache it', async () => {
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

  test('detects an asynchronous function without `async` by its first call', async () => {
    const fn = vi.fn((id: number) => Promise.resolve(id));
    const cached = cachedResult(fn);
    expect([await cached(1), await cached(1), await cached(1)]).toEqual([1, 1, 1]);
    expect(fn).toHaveBeenCalledTimes(2);
  });
});

describe('cachedResult of a synchronous function', () => {
  test('returns the result from memory synchronously', () => {
    const { clock, cache } = createStore();
    const fn = vi.fn((a: number, b: number) => a + b);
    const add = cachedResult(fn, { ttlS: 5, cache });
    expect([add(1, 2), add(1, 2), add(2, 1)]).toEqual([3, 3, 3]);
    expect(fn).toHaveBeenCalledTimes(2);
    add.invalidate(1, 2);
    add(1, 2);
    expect(fn).toHaveBeenCalledTimes(3);
    clock.advance(5000);
    add(1, 2);
    expect(fn).toHaveBeenCalledTimes(4);
  });

  test('throws the error of the function', () => {
    const failing = cachedResult((): number => {
      throw new RangeError('no');
    });
    expect(failing).toThrow(RangeError);
  });

  test('does not cache null', () => {
    const fn = vi.fn(() => null);
    const cached = cachedResult(fn);
    expect([cached(), cached()]).toEqual([null, null]);
    expect(fn).toHaveBeenCalledTimes(2);
  });
});

describe('cachedResult', () => {
  test('preserves the signature, name, length and this', async () => {
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

  test('calls a method each time if its object has no canonical form', async () => {
    class Counter {
      #count = 0;
      next = cachedResult(
        async function (this: Counter) {
          this.#count += 1;
          return this.#count;
        },
        { onError: () => {} },
      );
    }
    const counter = new Counter();
    expect([await counter.next(), await counter.next()]).toEqual([1, 2]);
  });

  test('calls the function directly if its arguments have no canonical form', async () => {
    const onError = vi.fn();
    const fn = vi.fn(async (callback: () => number) => callback());
    const cached = cachedResult(fn, { async: true, onError });
    expect([await cached(() => 1), await cached(() => 2)]).toEqual([1, 2]);
    expect(onError).toHaveBeenCalledTimes(2);
    expect(cached.keyOf(() => 1)).toBeUndefined();
  });

  test('calls the function directly if the cache is disabled or closed', async () => {
    const fn = vi.fn(async () => 1);
    const disabled = cachedResult(fn, { async: true, enabled: false });
    expect([await disabled(), await disabled()]).toEqual([1, 1]);
    const { cache } = createStore();
    const closed = cachedResult(fn, { async: true, cache });
    cache.close();
    expect([await closed(), await closed()]).toEqual([1, 1]);
    expect(fn).toHaveBeenCalledTimes(4);
  });

  test('calls the function directly if every method of the cache throws', async () => {
    const broken = () => {
      throw new Error('the cache is broken');
    };
    const cache = { get: broken, set: broken, delete: broken, read: broken };
    const onError = vi.fn();
    expect(await cachedResult(async () => 1, { cache, onError })()).toBe(1);
    expect(cachedResult(() => 2, { cache, onError })()).toBe(2);
    expect(onError).toHaveBeenCalledTimes(3);
  });

  test('shares an execution that exceeds the load timeout of the cache', async () => {
    const { clock, cache } = createStore();
    const source = new ManualSource<number>();
    const slow = cachedResult(async () => await source.load(new AbortController().signal), { cache });
    const calls = [slow(), slow()];
    await clock.advanceAsync(10_000);
    await source.latest.finish(1);
    expect(await Promise.all(calls)).toEqual([1, 1]);
    expect(source.loads).toHaveLength(1);
  });

  test('returns the result if the cache is closed during the call', async () => {
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

describe('the key of a call', () => {
  const later = async (x: number) => x * 2;

  test('has the prefix, the name, 16 hex digits of the hash of the source and the hash of the arguments', () => {
    const first = cachedResult(later);
    expect(first.keyOf(1)).toMatch(/^result_cache:later:[0-9a-f]{16}:[0-9a-f]{64}$/);
    expect(cachedResult(later, { keyPrefix: 'api', name: 'a:b' }).keyOf(1)).toMatch(/^api:a%3Ab:/);
  });

  test('depends on the source or, if given, on the version', () => {
    const before = { process: (x: number) => x * 2 }.process;
    const after = { process: (x: number) => x * 3 }.process;
    expect(cachedResult(after).keyOf(1)).not.toBe(cachedResult(before).keyOf(1));
    const version = '1';
    expect(cachedResult(after, { version }).keyOf(1)).toBe(cachedResult(before, { version }).keyOf(1));
    expect(cachedResult(after, { version: '2' }).keyOf(1)).not.toBe(
      cachedResult(before, { version }).keyOf(1),
    );
  });

  test('depends on the name of a function without visible source', () => {
    const bound = (fn: (x: number) => number) => cachedResult(fn.bind(null)).keyOf(1)?.split(':')[2];
    expect(bound(Math.abs)).not.toBe(bound(Math.ceil));
    expect(cachedResult(Math.abs).keyOf(1)).toBe(cachedResult(Math.abs).keyOf(1));
  });

  test('is hashed if it has more than 200 characters', () => {
    const name = 'n'.repeat(200);
    expect(cachedResult(later, { name }).keyOf(1)).toMatch(/^[0-9a-f]{64}$/);
    expect(cachedResult(later, { name }).keyOf(1)).not.toBe(cachedResult(later, { name }).keyOf(2));
    expect(cachedResult(later, { name, maxKeyLength: 400 }).keyOf(1)).toMatch(/^result_cache:nnn/);
  });
});

describe('calls with instances of classes', () => {
  class Account {
    readonly #id: number;
    constructor(id: number) {
      this.#id = id;
    }
    get id(): number {
      return this.#id;
    }
  }

  test('are counted, and the first one emits a warning unless there is onError', async () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    try {
      const fn = vi.fn(async (account: Account) => account.id);
      const cached = cachedResult(fn, { async: true, name: 'balance' });
      expect([await cached(new Account(1)), await cached(new Account(2))]).toEqual([1, 2]);
      expect(cached.uncachedCalls).toBe(2);
      expect(warn).toHaveBeenCalledExactlyOnceWith(
        'A call of balance was not cached: an instance of Account has no canonical form. Set the option keyOf to cache such calls.',
        { code: 'ROUNDHOUSE_UNCACHED_CALL' },
      );
      const onError = vi.fn();
      await cachedResult(fn, { async: true, onError })(new Account(1));
      expect(warn).toHaveBeenCalledTimes(1);
      expect(onError).toHaveBeenCalledTimes(1);
      expect(cached.keyOf(new Account(1))).toBeUndefined();
      expect(cached.uncachedCalls).toBe(2);
    } finally {
      warn.mockRestore();
    }
  });

  test('are cached with keyOf, which replaces the arguments and this', async () => {
    const fn = vi.fn(async (account: Account, page = 1) => `${account.id}/${page}`);
    const cached = cachedResult(fn, { async: true, keyOf: (account, page = 1) => [account.id, page] });
    expect(await cached(new Account(1))).toBe('1/1');
    expect(await cached(new Account(1), 1)).toBe('1/1');
    expect(await cached(new Account(2))).toBe('2/1');
    expect(fn).toHaveBeenCalledTimes(2);
    cached.invalidate(new Account(1));
    await cached(new Account(1));
    expect(fn).toHaveBeenCalledTimes(3);
    expect(cached.uncachedCalls).toBe(0);
  });

  test('are cached per object of a method with keyOf', async () => {
    class Repository {
      readonly name: string;
      #reads = 0;
      constructor(name: string) {
        this.name = name;
      }
      find = cachedResult(
        async function (this: Repository, id: number) {
          this.#reads += 1;
          return `${this.name}/${id}: ${this.#reads}`;
        },
        {
          keyOf(id) {
            return [this.name, id];
          },
        },
      );
    }
    const [a, b] = [new Repository('a'), new Repository('b')];
    expect([await a.find(1), await a.find(1), await b.find(1)]).toEqual(['a/1: 1', 'a/1: 1', 'b/1: 1']);
  });

  test('are executed if keyOf throws', async () => {
    const onError = vi.fn();
    const keyOf = () => {
      throw new Error('no key');
    };
    expect(await cachedResult(async () => 1, { keyOf, onError })()).toBe(1);
    expect(onError).toHaveBeenCalledTimes(1);
  });
});

test('a call of a method has another key than a call with the same object as an argument', () => {
  const plain = resultKeys({ prefix: 'p', name: 'n', schema: 's', maxLength: 200, keyOf: undefined });
  const keys = [plain(1, []), plain(undefined, [1]), plain(1, ['this']), plain(undefined, [1, 'this'])];
  expect(new Set(keys).size).toBe(4);
});

describe('options by result', () => {
  test('ttlS can depend on the result', async () => {
    const { clock, cache } = createStore();
    const fn = vi.fn(async (found: boolean) => (found ? ['one'] : []));
    const options = { cache, async: true, ttlS: (list: string[]) => (list.length > 0 ? 60 : 1) };
    const find = cachedResult(fn, options);
    await find(true);
    await find(false);
    clock.advance(1000);
    await find(true);
    expect(fn).toHaveBeenCalledTimes(2);
    await find(false);
    expect(fn).toHaveBeenCalledTimes(3);
    const findSync = cachedResult(
      vi.fn((n: number) => n),
      { cache, ttlS: (n) => n },
    );
    expect([findSync(0), findSync(5)]).toEqual([0, 5]);
    expect(cache.get(findSync.keyOf(0)!)).toBeUndefined();
    expect(cache.get(findSync.keyOf(5)!)).toEqual({ value: 5 });
  });

  test('a ttlS that throws or is invalid does not fail the call', async () => {
    const onError = vi.fn();
    const cached = cachedResult(async () => 1, { ttlS: () => Number.NaN, onError });
    expect([await cached(), await cached()]).toEqual([1, 1]);
    expect(onError).toHaveBeenCalledTimes(2);
  });

  test('tags invalidate the results of several functions', async () => {
    const { cache } = createStore();
    const fn = vi.fn(async (id: number) => id);
    const tags = (id: number) => [`user:${id}`];
    const profile = cachedResult(fn, { cache, async: true, name: 'profile', tags });
    const orders = cachedResult(fn, { cache, async: true, name: 'orders', tags });
    for (const id of [1, 2]) {
      await profile(id);
      await orders(id);
    }
    expect(cache.invalidateTags(['user:1'])).toBe(2);
    await Promise.all([profile(1), orders(1), profile(2), orders(2)]);
    expect(fn).toHaveBeenCalledTimes(6);
  });

  test('staleWhileRevalidateS returns the former result while it is loaded again', async () => {
    const { clock, cache } = createStore();
    let version = 0;
    const cached = cachedResult(async () => ++version, { cache, ttlS: 5, staleWhileRevalidateS: 60 });
    expect(await cached()).toBe(1);
    clock.advance(5000);
    expect(await cached()).toBe(1);
    await settle();
    expect(await cached()).toBe(2);
  });
});

test('cachedResult rejects an invalid ttlS', () => {
  expect(() => cachedResult(async () => 1, { ttlS: Number.NaN })).toThrow(RangeError);
});
