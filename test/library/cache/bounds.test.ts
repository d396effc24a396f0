import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Cache } from '../../../src/library/cache/cache.ts';
import { MemoryStore } from '../../../src/library/cache/memory-store.ts';
import type { CacheEntry } from '../../../src/library/cache/store.ts';

const TTL = { ttlS: 60 };
const keysOf = (cache: Pick<Cache, 'stats'>) => cache.stats().entries.map(({ key }) => key);

function entry(key: string, bytes = 1): CacheEntry<string> {
  return {
    key,
    value: key,
    bytes,
    storedAt: 0,
    createdAt: 0,
    expiresAt: 1,
    staleUntil: 1,
    lastReadAt: 0,
    invalidated: false,
    retryAt: undefined,
    cancelRefresh: undefined,
  };
}

describe('limits of a cache', () => {
  test('evicts entries above maxEntries and counts them', () => {
    const cache = new Cache<number>({ maxEntries: 100 });
    for (let i = 0; i < 1000; i += 1) cache.set(`k${i}`, i, TTL);
    expect(cache.stats()).toMatchObject({ size: 100, evictions: 900 });
    expect(cache.get('k999')).toBe(999);
  });

  test('evicts entries above maxBytes and counts them', () => {
    const cache = new Cache<string>({ maxBytes: 100_000 });
    for (let i = 0; i < 1000; i += 1) {
      cache.set(`k${i}`, 'x'.repeat(500), TTL);
      expect(cache.stats().bytes).toBeLessThanOrEqual(100_000);
    }
    const { size, evictions, bytes } = cache.stats();
    expect(size).toBeGreaterThan(50);
    expect(size + evictions).toBe(1000);
    expect(bytes).toBeGreaterThan(98_000);
  });

  test('maxEntries defaults to 10,000', () => {
    const cache = new Cache<number>();
    for (let i = 0; i < 10_001; i += 1) cache.set(`k${i}`, i, TTL);
    expect(cache.stats()).toMatchObject({ size: 10_000, evictions: 1 });
  });

  test('maxBytes holds with a sizeOf that returns fractions', () => {
    const cache = new Cache<number>({ maxBytes: 2000, sizeOf: (value) => value / 10 });
    for (let i = 1; i <= 500; i += 1) cache.set(`k${i % 50}`, i, TTL);
    const { bytes, entries, size } = cache.stats();
    expect(size).toBeGreaterThan(1);
    expect(bytes).toBeLessThanOrEqual(2000);
    expect(bytes).toBe(entries.reduce((sum, { bytes }) => sum + bytes, 0));
  });

  test.each([Number.NaN, -1])(
    'a sizeOf that returns %s counts as a store error and maxBytes still holds',
    (size) => {
      const cache = new Cache<number>({ maxBytes: 2000, sizeOf: (value) => (value === 0 ? size : 200) });
      cache.set('bad', 0, TTL);
      expect(cache.get('bad')).toBeUndefined();
      for (let i = 1; i <= 100; i += 1) cache.set(`k${i}`, i, TTL);
      expect(cache.stats().storeErrors).toBe(1);
      expect(cache.stats().bytes).toBeLessThanOrEqual(2000);
      expect(cache.stats().bytes).toBeGreaterThan(1000);
    },
  );

  test('a value larger than maxBytes is returned, counts as an eviction and evicts no other entry', async () => {
    const cache = new Cache<string>({ maxBytes: 10_000 });
    cache.set('small', 'x', TTL);
    const huge = 'x'.repeat(10_000);
    expect(await cache.getOrLoad('huge', () => huge, TTL)).toBe(huge);
    expect(keysOf(cache)).toEqual(['small']);
    expect(cache.stats().evictions).toBe(1);
  });

  test('a value larger than maxBytes removes the former value of its key', () => {
    const cache = new Cache<string>({ maxBytes: 10_000 });
    cache.set('k', 'old', TTL);
    cache.set('k', 'x'.repeat(10_000), TTL);
    expect(cache.get('k')).toBeUndefined();
    expect(cache.stats().bytes).toBe(0);
  });

  test('removing an entry subtracts its bytes', () => {
    const cache = new Cache<string>();
    cache.set('a', 'x', TTL);
    const { bytes } = cache.stats();
    cache.set('b', 'yy', TTL);
    cache.set('b', 'yyyyyyyy', TTL);
    cache.delete('b');
    expect(cache.stats().bytes).toBe(bytes);
    cache.clear();
    expect(cache.stats().bytes).toBe(0);
  });
});

describe('eviction', () => {
  test('evicts entries that were not read, oldest first', () => {
    const cache = new Cache<number>({ maxEntries: 4 });
    for (const key of ['a', 'b', 'c', 'd']) cache.set(key, 1, TTL);
    cache.get('a');
    cache.get('c');
    cache.set('e', 1, TTL);
    expect(keysOf(cache)).toEqual(['a', 'c', 'd', 'e']);
    cache.set('f', 1, TTL);
    expect(keysOf(cache)).toEqual(['a', 'c', 'e', 'f']);
  });

  test('a scan of keys that are never read does not evict keys in use', () => {
    const cache = new Cache<number>({ maxEntries: 10 });
    const inUse = ['a', 'b', 'c', 'd', 'e'];
    for (const key of inUse) cache.set(key, 1, TTL);
    for (let i = 0; i < 1000; i += 1) {
      for (const key of inUse) expect(cache.get(key)).toBe(1);
      cache.set(`scan${i}`, 1, TTL);
    }
  });

  test('a new entry is stored even if all others are in use', () => {
    const cache = new Cache<number>({ maxEntries: 3 });
    for (const key of ['a', 'b', 'c']) cache.set(key, 1, TTL);
    for (const key of ['a', 'b', 'c']) cache.get(key);
    cache.set('new', 1, TTL);
    expect(keysOf(cache)).toEqual(['b', 'c', 'new']);
  });

  test('peek does not protect an entry from eviction', () => {
    const store = new MemoryStore<string>({ maxEntries: 2, maxBytes: 100 });
    store.set(entry('a'));
    store.set(entry('b'));
    store.peek('a');
    expect(store.set(entry('c')).map(({ key }) => key)).toEqual(['a']);
  });
});

describe('MemoryStore', () => {
  test.each([
    { maxEntries: 0, maxBytes: 10 },
    { maxEntries: 10, maxBytes: 0 },
    { maxEntries: Number.NaN, maxBytes: 10 },
  ])('rejects the limits %j', (limits) => {
    expect(() => new MemoryStore(limits)).toThrow(RangeError);
  });

  test('iterates over entries oldest first and can be changed during the iteration', () => {
    const store = new MemoryStore<string>({ maxEntries: 10, maxBytes: 100 });
    for (const key of ['a', 'b', 'c']) store.set(entry(key));
    const seen: string[] = [];
    for (const { key } of store.entries()) {
      seen.push(key);
      if (key === 'a') {
        store.delete('a');
        store.delete('b');
        store.set(entry('d'));
      }
    }
    expect(seen).toEqual(['a', 'c', 'd']);
  });

  test('keeps its limits and sums and reports all evictions for any sequence of operations', () => {
    const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
    const step = fc.oneof(
      fc.record({ act: fc.constant('set' as const), key, bytes: fc.integer({ min: 1, max: 12 }) }),
      fc.record({ act: fc.constantFrom('get' as const, 'delete' as const), key }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const store = new MemoryStore<string>({ maxEntries: 3, maxBytes: 10 });
        const expected = new Map<string, CacheEntry<string>>();
        for (const step of steps) {
          if (step.act === 'set') {
            const added = entry(step.key, step.bytes);
            expected.set(step.key, added);
            const evicted = store.set(added);
            expect(evicted.includes(added)).toBe(step.bytes > 10);
            for (const victim of evicted) {
              expect(expected.get(victim.key)).toBe(victim);
              expected.delete(victim.key);
            }
          } else if (step.act === 'get') {
            expect(store.get(step.key)).toBe(expected.get(step.key));
          } else {
            expect(store.delete(step.key)).toBe(expected.get(step.key));
            expected.delete(step.key);
          }
          expect(new Set(store.entries())).toEqual(new Set(expected.values()));
          expect(store.size).toBe(expected.size);
          expect(store.size).toBeLessThanOrEqual(3);
          expect(store.bytes).toBe([...expected.values()].reduce((sum, { bytes }) => sum + bytes, 0));
          expect(store.bytes).toBeLessThanOrEqual(10);
        }
      }),
      { numRuns: 300 },
    );
  });
});
