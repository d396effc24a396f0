import { createHash } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { openDiskStore } from '../../../src/library/disk-store/index.ts';
import {
  bodiesIn,
  content,
  diskUsage,
  filesIn,
  makeFolder,
  openStore,
  readBytes,
  readStream,
} from './support.ts';

const MIB = 1024 * 1024;

describe('an entry', () => {
  test.each([0, 1, 16 * 1024, 16 * 1024 + 1, 256 * 1024, 256 * 1024 + 1, 5 * MIB + 7])(
    'with a body of %i bytes is returned as it was stored, as a buffer and as a stream',
    async (size) => {
      const store = await openStore({ wallClock: () => 1_700_000_000_000 });
      const body = content(size);
      expect(await store.put('app', 'https://a.example/x?y=1', body, { etag: '"1"', list: [1] })).toBe(true);
      const entry = await store.get('app', 'https://a.example/x?y=1');
      expect(entry).toMatchObject({
        key: 'https://a.example/x?y=1',
        metadata: { etag: '"1"', list: [1] },
        size,
        sha256: createHash('sha256').update(body).digest('hex'),
        createdAt: 1_700_000_000_000,
      });
      expect((await entry!.bytes())!.equals(body)).toBe(true);
      expect((await buffer((await entry!.stream())!)).equals(body)).toBe(true);
    },
  );

  test('is written in parts, and is not visible before the commit', async () => {
    const store = await openStore();
    const body = content(MIB + 5);
    const writer = await store.writer('app', 'k', { version: 1 });
    for (let offset = 0; offset < body.length; offset += 50_000) {
      // Without awaiting each: the writer keeps the order.
      writer.write(body.subarray(offset, offset + 50_000)).catch(() => {});
    }
    expect(await store.get('app', 'k')).toBeUndefined();
    expect(await writer.commit({ version: 2 })).toBe(true);
    expect((await store.get('app', 'k'))?.metadata).toEqual({ version: 2 });
    expect((await readBytes(store, 'app', 'k'))!.equals(body)).toBe(true);
  });

  test('is replaced in one step: a stream that was opened before continues with the former body', async () => {
    const store = await openStore();
    const [former, next] = [content(MIB, 1), content(MIB, 2)];
    await store.put('app', 'k', former);
    const stream = await (await store.get('app', 'k'))!.stream();
    await store.put('app', 'k', next);
    await store.delete('app', 'k');
    await store.put('app', 'k', next);
    expect((await buffer(stream!)).equals(former)).toBe(true);
    expect((await readStream(store, 'app', 'k'))!.equals(next)).toBe(true);
  });

  test.each([
    ['the first bytes', 0, 9],
    ['a part over several blocks', 200_000, 900_000],
    ['a part of one block', 300_000, 300_000],
    ['the end', 999_990, undefined],
  ])('is streamed in part: %s', async (_, start, end) => {
    const store = await openStore();
    const body = content(1_000_000);
    await store.put('app', 'k', body);
    const entry = await store.get('app', 'k');
    const stream = await entry!.stream({ start, ...(end !== undefined && { end }) });
    const expected = body.subarray(start, (end ?? body.length - 1) + 1);
    expect((await buffer(stream!)).equals(expected)).toBe(true);
  });

  test('rejects a range that is not within the body', async () => {
    const store = await openStore();
    await store.put('app', 'k', content(100));
    const entry = await store.get('app', 'k');
    await expect(entry!.stream({ start: 100 })).rejects.toThrow(RangeError);
    await expect(entry!.stream({ start: 5, end: 4 })).rejects.toThrow(RangeError);
    await expect(entry!.stream({ end: 100 })).rejects.toThrow(RangeError);
  });

  test('gets new metadata without its body being written, unless it was replaced', async () => {
    const store = await openStore();
    await store.put('app', 'k', content(100_000), { age: 1 });
    const entry = await store.get('app', 'k');
    expect(await entry!.setMetadata({ age: 2 })).toBe(true);
    expect((await store.get('app', 'k'))!.metadata).toEqual({ age: 2 });
    expect((await readBytes(store, 'app', 'k'))!.equals(content(100_000))).toBe(true);
    await store.put('app', 'k', content(100_000, 'new'), { age: 3 });
    expect(await entry!.setMetadata({ age: 4 })).toBe(false);
    expect((await store.get('app', 'k'))!.metadata).toEqual({ age: 3 });
  });
});

describe('a write', () => {
  test('leaves nothing when it is aborted', async () => {
    const store = await openStore();
    const writer = await store.writer('app', 'k');
    await writer.write(content(MIB));
    await writer.abort();
    await expect(writer.write(content(1))).rejects.toMatchObject({ code: 'ERR_STORE_ABORTED' });
    await expect(writer.commit()).rejects.toMatchObject({ code: 'ERR_STORE_ABORTED' });
    expect(await store.get('app', 'k')).toBeUndefined();
    expect(await filesIn(join(store.dir, 'tmp'))).toEqual([]);
    expect(store.stats()).toMatchObject({ bytes: 0, writes: 0, writeErrors: 0 });
  });

  test('of a body that is too large fails and keeps the former entry', async () => {
    const store = await openStore({ maxBytes: 4 * MIB, maxEntryBytes: MIB });
    await store.put('app', 'k', content(10));
    await expect(store.put('app', 'k', content(MIB + 1))).rejects.toMatchObject({
      code: 'ERR_STORE_TOO_LARGE',
    });
    expect((await readBytes(store, 'app', 'k'))!.equals(content(10))).toBe(true);
    expect(await filesIn(join(store.dir, 'tmp'))).toEqual([]);
    expect(store.stats()).toMatchObject({ writes: 1, writeErrors: 1 });
  });

  test('is discarded if its key is deleted, its pattern is deleted or its namespace is cleared meanwhile', async () => {
    const store = await openStore();
    const other = await openStore({ dir: store.dir });
    await store.put('app', 'first', content(1));
    for (const invalidate of [
      () => store.delete('app', 'k'),
      () => store.deleteMatching('app', 'k*'),
      () => store.clearNamespace('app'),
      () => other.clearNamespace('app'),
    ]) {
      for (const size of [100, MIB]) {
        const writer = await store.writer('app', 'k');
        await writer.write(content(size));
        await invalidate();
        expect(await writer.commit()).toBe(false);
        expect(await store.get('app', 'k')).toBeUndefined();
      }
    }
    await store.usage();
    expect(await filesIn(join(store.dir, 'tmp'))).toEqual([]);
  });

  test('removes the body that it replaces, and a deletion both files', async () => {
    const store = await openStore();
    for (const seed of [1, 2, 2]) await store.put('app', 'k', content(MIB, seed));
    expect(await bodiesIn(store.dir)).toHaveLength(1);
    expect(store.stats().bytes).toBe(await diskUsage(join(store.dir, 'ns')));
    await store.put('app', 'k', content(10));
    expect(await bodiesIn(store.dir)).toHaveLength(0);
    await store.delete('app', 'k');
    expect(await filesIn(join(store.dir, 'ns'))).toEqual([]);
    expect(store.stats().bytes).toBe(0);
  });
});

describe('a namespace', () => {
  test('shares nothing with others, whatever their names', async () => {
    const store = await openStore();
    const names = ['a', 'A', 'a/b', '../a', '.', 'é', '_41', ' ', 'a'.repeat(200)];
    for (const name of names) await store.put(name, 'k', Buffer.from(name));
    for (const name of names) expect(String(await readBytes(store, name, 'k'))).toBe(name);
    const usage = await store.usage();
    expect(usage.map(({ namespace }) => namespace).sort()).toEqual([...names].sort());
    await store.clearNamespace('a');
    expect(await store.get('a', 'k')).toBeUndefined();
    expect(String(await readBytes(store, 'A', 'k'))).toBe('A');
    await expect(store.put('', 'k', content(1))).rejects.toThrow(RangeError);
    await expect(store.put('x'.repeat(300), 'k', content(1))).rejects.toThrow(RangeError);
  });

  test('is listed in pages, each entry once, while others come and go', async () => {
    const store = await openStore();
    const stable = Array.from({ length: 60 }, (_, index) => `stable ${index}`);
    for (const key of stable) await store.put('app', key, content(10, key), { key });
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.list('app', { limit: 7, ...(cursor && { cursor }) });
      expect(page.entries.length).toBeLessThanOrEqual(7);
      seen.push(...page.entries.map(({ key }) => key));
      cursor = page.cursor;
      await store.put('app', `other ${seen.length}`, content(1));
      await store.delete('app', `other ${seen.length - 7}`);
    } while (cursor !== undefined);
    expect(seen.filter((key) => key.startsWith('stable')).sort()).toEqual([...stable].sort());
    expect(new Set(seen).size).toBe(seen.length);
    expect(await store.list('none')).toEqual({ entries: [], cursor: undefined });
  });

  test('loses the entries whose key matches a pattern', async () => {
    const store = await openStore();
    for (const key of ['/a/1.js', '/a/2.js', '/a/1.css', '/b/1.js'])
      await store.put('app', key, content(50_000, key));
    expect(await store.deleteMatching('app', '/a/?.js')).toBe(2);
    expect((await store.list('app')).entries.map(({ key }) => key).sort()).toEqual(['/a/1.css', '/b/1.js']);
    expect(await store.delete('app', '/a/1.js')).toBe(false);
    expect(await store.delete('app', '/b/1.js')).toBe(true);
  });

  test('is cleared without touching its files, which are removed afterwards', async () => {
    const store = await openStore();
    for (let index = 0; index < 50; index += 1) await store.put('app', `k${index}`, content(20_000, index));
    await store.put('other', 'k', content(20_000));
    await store.clearNamespace('app');
    await store.clearNamespace('none');
    expect((await store.list('app')).entries).toEqual([]);
    await store.put('app', 'new', content(20_000, 'new'));
    const usage = await store.usage();
    expect(usage.map(({ namespace, entries }) => [namespace, entries])).toEqual([
      ['app', 1],
      ['other', 1],
    ]);
    expect(store.stats().bytes).toBe(await diskUsage(join(store.dir, 'ns')));
    expect(await filesIn(join(store.dir, 'trash'))).toEqual([]);
  });

  test('reports its entries, bytes and age', async () => {
    let now = 1000;
    const store = await openStore({ wallClock: () => now });
    await store.put('app', 'a', content(20_000));
    now = 2000;
    await store.put('app', 'b', content(300));
    expect(await store.usage()).toEqual([
      { namespace: 'app', entries: 2, bodyBytes: 20_300, bytes: 28_672, oldestAt: 1000, newestAt: 2000 },
    ]);
    expect(store.stats()).toMatchObject({ hits: 0, misses: 0, writes: 2, bytes: 28_672 });
    await store.get('app', 'a');
    await store.get('app', 'none');
    expect(store.stats()).toMatchObject({ hits: 1, misses: 1 });
  });
});

describe('a folder', () => {
  test('keeps its entries when it is opened again', async () => {
    const dir = await makeFolder();
    await using store = await openDiskStore({ dir });
    await store.put('app', 'k', content(MIB));
    const { bytes } = store.stats();
    await store.close();
    await expect(async () => store.get('app', 'k')).rejects.toMatchObject({ code: 'ERR_STORE_CLOSED' });
    const again = await openStore({ dir });
    expect((await readBytes(again, 'app', 'k'))!.equals(content(MIB))).toBe(true);
    expect(again.stats().bytes).toBe(bytes);
  });

  test('that is removed while the store is open is created again', async () => {
    const store = await openStore();
    await store.put('app', 'k', content(MIB));
    await rm(store.dir, { recursive: true });
    expect(await store.get('app', 'k')).toBeUndefined();
    expect(await store.put('app', 'k', content(MIB))).toBe(true);
    expect(await store.put('app', 'small', content(10))).toBe(true);
    expect((await readBytes(store, 'app', 'k'))!.equals(content(MIB))).toBe(true);
    expect(store.stats().bytes).toBe(await diskUsage(join(store.dir, 'ns')));
  });

  test('that contains something else is refused and left as it is', async () => {
    const dir = await makeFolder();
    await writeFile(join(dir, 'photo.jpg'), 'x');
    await expect(openDiskStore({ dir })).rejects.toMatchObject({ code: 'ERR_STORE_FORMAT' });
    expect(await filesIn(dir)).toEqual([join(dir, 'photo.jpg')]);
    await writeFile(join(dir, 'format'), 'roundhouse disk store 99\n');
    await expect(openDiskStore({ dir })).rejects.toThrow(/another version/);
  });

  test.each([
    { maxBytes: 1000 },
    { maxEntryBytes: 0 },
    { maxBytes: 10 * MIB, maxEntryBytes: 11 * MIB },
    { timeoutMs: 0 },
  ])('rejects the options %j', async (options) => {
    await expect(openDiskStore({ dir: await makeFolder(), ...options })).rejects.toThrow(RangeError);
  });
});
