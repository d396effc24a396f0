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

test('returns stored bytes without a promise too', async () => {
  const clock = new FakeClock();
  const store = new MemoryByteStore({ clock });
  expect(store.getSync('a')).toBeNull();
  await store.set('a', bytes('1'), 1000);
  expect(store.getSync('a')).toEqual({ bytes: bytes('1'), ttlMs: 1000 });
  clock.advance(1000);
  expect(store.getSync('a')).toBeNull();
});

test('keeps no part of a larger buffer, and its own bytes are not shared with it', async () => {
  const store = new MemoryByteStore();
  const slab = Buffer.alloc(64 * 1024, 'x');
  await store.set('a', slab.subarray(10, 20), 1000);
  slab.fill('y');
  const stored = store.getSync('a')!.bytes;
  expect(Buffer.from(stored).toString()).toBe('x'.repeat(10));
  expect(stored.buffer.byteLength).toBe(10);
});

test('counts what is kept with an entry until the entry is gone, and evicts for it', async () => {
  const store = new MemoryByteStore({ maxBytes: 10_000 });
  await store.set('a', Buffer.alloc(1000), 1000);
  await store.set('b', Buffer.alloc(1000), 1000);
  const before = store.bytes;
  const { bytes: kept } = store.getSync('a')!;
  store.addCost('a', kept, 500);
  expect(store.bytes).toBe(before + 500);
  store.addCost('a', Buffer.alloc(1000), 500);
  store.addCost('c', kept, 500);
  expect(store.bytes).toBe(before + 500);
  store.addCost('a', kept, 6500);
  expect([store.getSync('a')?.bytes, store.getSync('b')]).toEqual([kept, null]);
  await store.set('a', Buffer.alloc(1000), 1000);
  await store.set('b', Buffer.alloc(1000), 1000);
  expect(store.bytes).toBe(before);
});

test('rejects invalid limits', () => {
  expect(() => new MemoryByteStore({ maxEntries: 0 })).toThrow(RangeError);
  expect(() => new MemoryByteStore({ maxBytes: 1.5 })).toThrow(RangeError);
});
