import { expect, test } from 'vitest';
import { MemoryByteStore } from '../../../src/library/cache/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const bytes = (text: string) => Buffer.from(text);

test('returns stored bytes and their remaining TTL until they expire', async () => {
  const clock = new FakeClock();
  const store = new MemoryByteStore({ clock });
  expect(await store.get('a')).toBeUndefined();
  await store.set('a', bytes('1'), 1000);
  clock.advance(400);
  expect(await store.get('a')).toEqual({ bytes: bytes('1'), ttlMs: 600 });
  await store.set('a', bytes('2'), 1000);
  clock.advance(999);
  expect(await store.get('a')).toEqual({ bytes: bytes('2'), ttlMs: 1 });
  clock.advance(1);
  expect(await store.get('a')).toBeUndefined();
  expect(store.size).toBe(0);
});

test('does not return deleted bytes', async () => {
  const store = new MemoryByteStore();
  await store.set('a', bytes('1'), 1000);
  await store.delete('a');
  await store.delete('b');
  expect(await store.get('a')).toBeUndefined();
  expect(store.bytes).toBe(0);
});

test('keeps its limits, and a value above them evicts no other entry', async () => {
  const store = new MemoryByteStore({ maxEntries: 3, maxBytes: 10_000 });
  for (let i = 0; i < 10; i += 1) await store.set(`key ${i}`, bytes('x'), 1000);
  expect(store.size).toBe(3);
  await store.set('huge', Buffer.alloc(10_001), 1000);
  expect(await store.get('huge')).toBeUndefined();
  expect(store.size).toBe(3);
  for (let i = 0; i < 3; i += 1) await store.set(`large ${i}`, Buffer.alloc(4000), 1000);
  expect(store.bytes).toBeLessThanOrEqual(10_000);
  expect((await store.get('large 2'))?.bytes.byteLength).toBe(4000);
});

test('removes expired entries during set, without a timer', async () => {
  const clock = new FakeClock();
  const store = new MemoryByteStore({ clock });
  for (let i = 0; i < 100; i += 1) await store.set(`old ${i}`, bytes('x'), 1000);
  clock.advance(1000);
  for (let i = 0; i < 30; i += 1) await store.set('new', bytes('x'), 1000);
  expect(store.size).toBe(1);
  expect(clock.pending).toBe(0);
});

test('rejects invalid limits', () => {
  expect(() => new MemoryByteStore({ maxEntries: 0 })).toThrow(RangeError);
  expect(() => new MemoryByteStore({ maxBytes: 1.5 })).toThrow(RangeError);
});
