import { mkdir, open, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import type { DiskStore } from '../../../src/library/disk-store/index.ts';
import { bodiesIn, content, openStore, readBytes, readStream, recordsIn } from './support.ts';

const MIB = 1024 * 1024;

/** Changes one byte of a file. */
async function flipByte(path: string, position: number): Promise<void> {
  await using file = await open(path, 'r+');
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, position);
  await file.write(Buffer.from([buffer[0]! ^ 1]), 0, 1, position);
}

async function storeWithBody(size = MIB): Promise<{ store: DiskStore; body: string; record: string }> {
  const store = await openStore();
  await store.put('app', 'k', content(size));
  const [[body], [record]] = await Promise.all([bodiesIn(store.dir), recordsIn(store.dir)]);
  return { store, body: body!, record: record! };
}

/** The key is a miss, can be stored again, and is then a hit. */
async function expectHealed(store: DiskStore, size = MIB): Promise<void> {
  expect(await store.get('app', 'k')).toBeUndefined();
  await store.put('app', 'k', content(size));
  expect((await readBytes(store, 'app', 'k'))!.equals(content(size))).toBe(true);
}

describe('a changed body', () => {
  test.each([0, 300_000, MIB - 1])('with another byte at %i is never returned', async (position) => {
    const { store, body } = await storeWithBody();
    await flipByte(body, position);
    expect(await readBytes(store, 'app', 'k')).toBeUndefined();
    expect(store.stats().corrupt).toBe(1);
    await expectHealed(store);
  });

  test('that is too short is never returned', async () => {
    const { store, body } = await storeWithBody();
    await truncate(body, 500_000);
    expect(await readBytes(store, 'app', 'k')).toBeUndefined();
    await expectHealed(store);
  });

  test('that was truncated to nothing, or is missing, is a miss', async () => {
    const { store, body } = await storeWithBody();
    await truncate(body, 0);
    expect(await readStream(store, 'app', 'k')).toBeUndefined();
    await expectHealed(store);
    await rm(body);
    expect(await readStream(store, 'app', 'k')).toBeUndefined();
    await expectHealed(store);
  });

  test('ends a stream before its first wrong block', async () => {
    const { store, body } = await storeWithBody();
    await flipByte(body, 600_000);
    const stream = await (await store.get('app', 'k'))!.stream();
    const received: Buffer[] = [];
    const reading = (async () => {
      for await (const chunk of stream!) received.push(chunk);
    })();
    await expect(reading).rejects.toMatchObject({ code: 'ERR_STORE_CORRUPT' });
    const bytes = Buffer.concat(received);
    expect(bytes.length).toBeLessThanOrEqual(2 * 256 * 1024);
    expect(bytes.equals(content(MIB).subarray(0, bytes.length))).toBe(true);
    await expect.poll(() => store.get('app', 'k')).toBeUndefined();
  });
});

describe('a changed record', () => {
  test.each([
    ['a byte of its hash', (path: string) => flipByte(path, 3)],
    ['a byte of its metadata', (path: string) => flipByte(path, 50)],
    ['its end', async (path: string) => truncate(path, (await readFile(path)).length - 1)],
    ['everything', (path: string) => writeFile(path, '')],
    ['its content', (path: string) => writeFile(path, 'garbage '.repeat(100))],
  ])('is a miss, and is removed: %s', async (_, change) => {
    const { store, record } = await storeWithBody();
    await change(record);
    expect(await store.get('app', 'k')).toBeUndefined();
    expect(await recordsIn(store.dir)).toEqual([]);
    expect(store.stats().corrupt).toBe(1);
    await expectHealed(store);
  });

  test('of a small body is a miss', async () => {
    const store = await openStore();
    await store.put('app', 'k', content(1000));
    const [record] = await recordsIn(store.dir);
    await flipByte(record!, 900);
    await expectHealed(store, 1000);
  });

  test('does not stop a list or a sweep', async () => {
    const { store, record } = await storeWithBody();
    await store.put('app', 'other', content(10));
    await flipByte(record, 3);
    expect((await store.list('app')).entries.map(({ key }) => key)).toEqual(['other']);
    expect(await store.usage()).toMatchObject([{ namespace: 'app', entries: 1 }]);
  });

  test('of another key under the same name is a miss', async () => {
    const { store, record } = await storeWithBody();
    await store.put('app', 'other', content(10));
    const [other] = (await recordsIn(store.dir)).filter((path) => path !== record);
    await writeFile(record, await readFile(other!));
    expect(await store.get('app', 'k')).toBeUndefined();
  });
});

test('a fault of the disk rejects with its code', async () => {
  const { store, body, record } = await storeWithBody();
  await rm(body);
  await mkdir(body);
  const entry = await store.get('app', 'k');
  await expect(entry!.bytes()).rejects.toMatchObject({ name: 'DiskStoreError', code: 'EISDIR' });
  await rm(record);
  await mkdir(record);
  await expect(store.get('app', 'k')).rejects.toMatchObject({ name: 'DiskStoreError', code: 'EISDIR' });
  await expect(store.put('app', 'k', content(1))).rejects.toMatchObject({ code: 'EISDIR' });
  expect(store.stats().writeErrors).toBe(1);
});
