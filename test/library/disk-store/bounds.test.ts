import { copyFile, cp, readdir, readlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  bodiesIn,
  content,
  diskUsage,
  filesIn,
  makeFolder,
  openStore,
  readBytes,
  recordsIn,
} from './support.ts';

const MIB = 1024 * 1024;

test('the entries that were not used for the longest time are removed, and counted', async () => {
  const store = await openStore({ maxBytes: 4 * MIB });
  for (let index = 0; index < 5; index += 1) await store.put('app', `k${index}`, content(500_000, index));
  const hourAgo = Date.now() / 1000 - 3600;
  for (const path of await recordsIn(store.dir)) await utimes(path, hourAgo, hourAgo);
  for (const index of [0, 1, 3, 4]) await store.get('app', `k${index}`);
  for (let index = 5; index < 8; index += 1) await store.put('app', `k${index}`, content(500_000, index));
  await store.usage();
  const { evictions, evictedBytes, bytes } = store.stats();
  expect([evictions, evictedBytes]).toEqual([1, 503_808 + 4096]);
  expect(bytes).toBeLessThanOrEqual(4 * MIB);
  const { entries } = await store.list('app');
  expect(entries.map(({ key }) => key).sort()).toEqual(['k0', 'k1', 'k3', 'k4', 'k5', 'k6', 'k7']);
});

test('the limit holds for all that is on the disk, after any mixture of writes', async () => {
  const maxBytes = 3 * MIB;
  const store = await openStore({ maxBytes });
  for (let index = 0; index < 150; index += 1) {
    await store.put(`app ${index % 3}`, `k${index % 40}`, content((index * 7919) % 300_000, index));
    expect(store.stats().bytes).toBeLessThanOrEqual(maxBytes);
    if (index % 10 === 0) expect(await diskUsage(join(store.dir, 'ns'))).toBeLessThanOrEqual(maxBytes);
  }
  await store.usage();
  expect(store.stats().bytes).toBe(await diskUsage(join(store.dir, 'ns')));
});

test('writes in progress count: what does not fit fails with a code, and leaves nothing', async () => {
  const store = await openStore({ maxBytes: MIB, maxEntryBytes: MIB });
  const first = await store.writer('app', 'a');
  const second = await store.writer('app', 'b');
  await first.write(content(700_000));
  await expect(second.write(content(700_000))).rejects.toMatchObject({ code: 'ERR_STORE_FULL' });
  expect(await first.commit()).toBe(true);
  expect(await filesIn(join(store.dir, 'tmp'))).toEqual([]);
  expect(await readBytes(store, 'app', 'a')).toHaveLength(700_000);
});

test('two stores on one folder keep one limit', async () => {
  const dir = await makeFolder();
  const maxBytes = 2 * MIB;
  const stores = [await openStore({ dir, maxBytes }), await openStore({ dir, maxBytes })];
  for (let index = 0; index < 40; index += 1) {
    await Promise.all(
      stores.map((store, at) => store.put('app', `${at} ${index}`, content(100_000, `${at} ${index}`))),
    );
    expect(await diskUsage(join(dir, 'ns'))).toBeLessThanOrEqual(maxBytes);
  }
  expect(stores[0]!.stats().evictions + stores[1]!.stats().evictions).toBeGreaterThan(50);
});

test('what a killed process has left is removed later, and counts until then', async () => {
  const dir = await makeFolder();
  const past = Date.now() / 1000 - 3600;
  const first = await openStore({ dir });
  await first.put('app', 'k', content(100_000));
  const writer = await first.writer('app', 'lost');
  await writer.write(content(300_000));
  const [temporary] = await filesIn(join(dir, 'tmp'));
  const second = await openStore({ dir });
  await second.usage();
  expect(second.stats().bytes).toBeGreaterThan(400_000);
  await utimes(temporary!, past, past);
  await second.usage();
  expect(await filesIn(join(dir, 'tmp'))).toEqual([]);
  expect(second.stats().bytes).toBe(await diskUsage(join(dir, 'ns')));
  expect(await writer.commit()).toBe(false);
});

test('bodies that no record refers to are removed', async () => {
  const store = await openStore();
  await store.put('app', 'k', content(100_000));
  const [body] = await bodiesIn(store.dir);
  const [record] = await recordsIn(store.dir);
  const remnants = [
    `${record}.${'0'.repeat(64)}`,
    `${record}.${'f'.repeat(64)}`,
    `${record!.slice(0, -4)}0000.${'1'.repeat(64)}`,
  ];
  const past = Date.now() / 1000 - 3600;
  for (const path of remnants) {
    await copyFile(body!, path);
    await utimes(path, past, past);
  }
  expect(await store.usage()).toMatchObject([{ entries: 1 }]);
  expect(await bodiesIn(store.dir)).toEqual([body]);
  expect(store.stats().bytes).toBe(await diskUsage(join(store.dir, 'ns')));
  expect(await readBytes(store, 'app', 'k')).toHaveLength(100_000);
});

test('a folder with dots in its path is swept like others', async () => {
  const dir = join(await makeFolder(), '.cache', 'a.b');
  const store = await openStore({ dir, maxBytes: MIB });
  await store.put('app', 'k', content(100_000));
  const past = Date.now() / 1000 - 3600;
  for (const path of await filesIn(join(dir, 'ns'))) await utimes(path, past, past);
  expect(await store.usage()).toMatchObject([{ entries: 1 }]);
  expect(await readBytes(store, 'app', 'k')).toHaveLength(100_000);
  for (let index = 0; index < 30; index += 1) await store.put('app', `k${index}`, content(100_000, index));
  expect(store.stats().evictions).toBeGreaterThan(20);
});

test('a generation that a process was killed while replacing counts until it is removed', async () => {
  const store = await openStore();
  await store.put('app', 'k', content(100_000));
  const namespace = join(store.dir, 'ns', 'app');
  const former = join(namespace, 'g-former');
  await cp(join(namespace, await readlink(join(namespace, 'current'))), former, { recursive: true });
  await store.usage();
  expect(store.stats().bytes).toBe(await diskUsage(join(store.dir, 'ns')));
  const past = Date.now() / 1000 - 3600;
  await utimes(former, past, past);
  await store.usage();
  expect((await readdir(namespace)).filter((name) => name.startsWith('g-'))).toHaveLength(1);
  expect(await readdir(join(store.dir, 'trash'))).toEqual([]);
  expect(store.stats().bytes).toBe(await diskUsage(join(store.dir, 'ns')));
  expect(await readBytes(store, 'app', 'k')).toHaveLength(100_000);
});
