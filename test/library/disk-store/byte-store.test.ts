import { expect, test } from 'vitest';
import { DiskByteStore } from '../../../src/library/disk-store/index.ts';
import { openStore } from './support.ts';

test('returns stored bytes and their remaining TTL until they expire', async () => {
  let now = 1000;
  const disk = await openStore();
  const store = new DiskByteStore(disk, { wallClock: () => now });
  expect(await store.get('a')).toBeUndefined();
  await store.set('a', Buffer.from('1'), 1000);
  now += 400;
  expect(await store.get('a')).toEqual({ bytes: Buffer.from('1'), ttlMs: 600 });
  await store.set('a', Buffer.from('2'), 1000);
  now += 999;
  expect(await store.get('a')).toEqual({ bytes: Buffer.from('2'), ttlMs: 1 });
  now += 1;
  expect(await store.get('a')).toBeUndefined();
  expect((await disk.list('bytes')).entries).toEqual([]);
});

test('does not return deleted bytes, nor those of another namespace', async () => {
  const disk = await openStore();
  const [store, other] = [new DiskByteStore(disk), new DiskByteStore(disk, { namespace: 'other' })];
  await store.set('a', Buffer.from('1'), 1000);
  expect(await other.get('a')).toBeUndefined();
  await store.delete('a');
  await store.delete('b');
  expect(await store.get('a')).toBeUndefined();
});
