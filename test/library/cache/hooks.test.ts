import { expect, test, vi } from 'vitest';
import { Cache, type ReadOutcome } from '../../../src/library/cache/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';

test('onRead is called for each read with its outcome', async () => {
  const clock = new FakeClock();
  const reads: [string, ReadOutcome][] = [];
  const cache = new Cache<number>({
    clock,
    staleIfErrorS: 60,
    onRead: (key, outcome) => reads.push([key, outcome]),
  });
  cache.get('a');
  await Promise.all([cache.getOrLoad('a', () => 1, { ttlS: 5 }), cache.getOrLoad('a', () => 2, { ttlS: 5 })]);
  cache.get('a');
  await cache.getOrLoad('a', () => 3, { ttlS: 5 });
  cache.peek('a');
  clock.advance(5000);
  await cache.getOrLoad('a', () => Promise.reject(new Error('no')), { ttlS: 5 });
  cache.close();
  await cache.getOrLoad('a', () => 4, { ttlS: 5 });
  expect(reads.map(([, outcome]) => outcome)).toEqual([
    'miss',
    'miss',
    'collapsed',
    'hit',
    'hit',
    'miss',
    'stale',
    'bypass',
  ]);
  expect(new Set(reads.map(([key]) => key))).toEqual(new Set(['a']));
});

test('onEvict is called for entries that exceed the limits, not for removed ones', () => {
  const onEvict = vi.fn();
  const cache = new Cache<number>({ maxEntries: 2, onEvict });
  for (const [index, key] of ['a', 'b', 'c'].entries()) cache.set(key, index, { ttlS: 5 });
  cache.delete('c');
  cache.clear();
  expect(onEvict).toHaveBeenCalledExactlyOnceWith('a', 0);
});

test('an error of a hook goes to onError and does not fail the read', async () => {
  const onError = vi.fn();
  const fail = () => {
    throw new Error('the hook is broken');
  };
  const cache = new Cache<number>({ maxEntries: 1, onRead: fail, onEvict: fail, onError });
  expect(await cache.getOrLoad('a', () => 1, { ttlS: 5 })).toBe(1);
  expect(cache.get('a')).toBe(1);
  cache.set('b', 2, { ttlS: 5 });
  expect(cache.get('b')).toBe(2);
  expect(onError.mock.calls.map(([, key]) => key)).toEqual(['a', 'a', 'a', 'b']);
});
