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

test('onSet and onDelete are called once for each value that is stored and that is gone', async () => {
  const clock = new FakeClock();
  const calls: [string, string, number][] = [];
  const cache = new Cache<number>({
    clock,
    maxEntries: 3,
    staleIfErrorS: 10,
    onSet: (key, ttlS) => calls.push(['set', key, ttlS]),
    onDelete: (key, ageS) => calls.push(['delete', key, ageS]),
  });
  const flush = () => calls.splice(0);
  cache.set('a', 1, { ttlS: 5 });
  await cache.getOrLoad('b', () => 2, { ttlS: 6 });
  cache.set('a', 3, { ttlS: 7 });
  expect(flush()).toEqual([
    ['set', 'a', 5],
    ['set', 'b', 6],
    ['set', 'a', 7],
  ]);
  clock.advance(2000);
  cache.invalidate('a');
  cache.invalidate('a');
  cache.delete('a');
  cache.delete('never');
  cache.delete('b');
  expect(flush()).toEqual([
    ['delete', 'a', 2],
    ['delete', 'b', 2],
  ]);
  for (const key of ['c', 'd', 'e', 'f']) cache.set(key, 0, { ttlS: 1 });
  clock.advance(11_000);
  await cache.sweep();
  expect(flush().filter(([call]) => call === 'delete')).toEqual([
    ['delete', 'c', 0],
    ['delete', 'd', 11],
    ['delete', 'e', 11],
    ['delete', 'f', 11],
  ]);
});

test('onRead reports the age of a cached value', async () => {
  const clock = new FakeClock();
  const onRead = vi.fn();
  const cache = new Cache<number>({ clock, staleIfErrorS: 60, onRead });
  await cache.getOrLoad('a', () => 1, { ttlS: 5 });
  clock.advance(2000);
  cache.get('a');
  await cache.getOrLoad('a', () => 2, { ttlS: 5 });
  clock.advance(5000);
  await cache.getOrLoad('a', () => Promise.reject(new Error('no')), { ttlS: 5 });
  expect(onRead.mock.calls).toEqual([
    ['a', 'miss', undefined],
    ['a', 'hit', 2],
    ['a', 'hit', 2],
    ['a', 'miss', undefined],
    ['a', 'stale', 7],
  ]);
});

test('an error of a hook goes to onError and does not fail the read', async () => {
  const onError = vi.fn();
  const fail = () => {
    throw new Error('the hook is broken');
  };
  const hooks = { onRead: fail, onEvict: fail, onSet: fail, onDelete: fail };
  const cache = new Cache<number>({ maxEntries: 1, ...hooks, onError });
  expect(await cache.getOrLoad('a', () => 1, { ttlS: 5 })).toBe(1);
  expect(cache.get('a')).toBe(1);
  cache.set('b', 2, { ttlS: 5 });
  expect(cache.get('b')).toBe(2);
  expect(onError.mock.calls.map(([, key]) => key)).toEqual(['a', 'a', 'a', 'a', 'a', 'b', 'b']);
});
