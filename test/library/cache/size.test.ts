import { expect, test } from 'vitest';
import { Cache } from '../../../src/library/cache/cache.ts';
import { estimateBytes } from '../../../src/library/cache/size.ts';

test.each<[string, unknown, number]>([
  ['a string as two bytes per character', 'x'.repeat(1000), 2000],
  ['a number', 1.5, 8],
  ['null', null, 8],
  ['a buffer by its length', Buffer.alloc(5000), 5032],
  ['an ArrayBuffer', new ArrayBuffer(5000), 5032],
  ['a view by its own length', new Uint8Array(new ArrayBuffer(5000), 0, 100), 132],
  ['an array of numbers as a slot and a number each', [1, 2, 3], 32 + 3 * 16],
  ['an object with its property names', { cpu: 1 }, 32 + 8 + 3 + 8],
  ['nested values', { body: Buffer.alloc(1000) }, 32 + 8 + 4 + 1032],
  ['the members of a Set', new Set(['aa', 'bb']), 32 + 2 * 4],
  ['keys and values of a Map', new Map([['key', 'value']]), 32 + (32 + 2 * 8 + 6 + 10)],
])('estimateBytes counts %s', (_name, value, bytes) => {
  expect(estimateBytes(value)).toBe(bytes);
});

test('a shared object counts once, and cycles are supported', () => {
  const shared = { text: 'x'.repeat(1000) };
  expect(estimateBytes([shared, shared]) - estimateBytes([shared])).toBeLessThan(50);
  const ring: unknown[] = [];
  ring.push(ring);
  expect(estimateBytes(ring)).toBe(40);
});

test('large and deep values are supported', () => {
  const keys = Array.from({ length: 300_000 }, (_, i) => i);
  expect(estimateBytes(new Set(keys))).toBe(32 + 300_000 * 8);
  let deep: unknown = 'x';
  for (let i = 0; i < 100_000; i += 1) deep = [deep];
  expect(estimateBytes(deep)).toBe(100_000 * 40 + 2);
});

test('the size of an entry includes its key and bookkeeping', () => {
  const cache = new Cache<string>();
  cache.set('k'.repeat(100), 'x'.repeat(1000), { ttlS: 3 });
  const { bytes } = cache.stats();
  expect(bytes).toBeGreaterThan(2000 + 200);
  expect(bytes).toBeLessThan(2000 + 200 + 1000);
});

test('a sizeOf that throws counts as a store error and does not fail the read', async () => {
  const errors: string[] = [];
  const cache = new Cache<string>({
    sizeOf: () => {
      throw new Error('sizeOf failed');
    },
    onError: (error, key) => errors.push(`${key}: ${(error as Error).message}`),
  });
  expect(await cache.getOrLoad('k', () => 'v', { ttlS: 3 })).toBe('v');
  expect(cache.stats()).toMatchObject({ size: 0, storeErrors: 1 });
  expect(errors).toEqual(['k: sizeOf failed']);
});
