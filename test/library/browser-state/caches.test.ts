import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { DiskCache } from '../../../src/library/browser-state/index.ts';
import {
  commitFiles,
  MemoryStore,
  mountedFiles,
  openHost,
  randomBytes,
  readFiles,
  temporaryFolder,
  writeFiles,
} from './support.ts';

describe('the last mounted folder', () => {
  test('is used on the same host, with the caches of the browser', async () => {
    const driver = new MemoryStore();
    const store = await openHost({ driver });
    await commitFiles(store, 'user', 's1', { file: 'content', 'Default/Cache/data_0': 'rebuildable' });
    driver.calls.length = 0;
    await using mount = await store.mount('user', 's1');
    expect(await readFiles(mount.dir)).toEqual({ file: 'content', 'Default/Cache/data_0': 'rebuildable' });
    expect(driver.calls.filter((call) => call.startsWith('get') && call.includes('/p/'))).toEqual([]);
    expect(store.stats().mounts).toEqual({ empty: 1, lastFolder: 1, packs: 0 });
  });

  test('is not used if another host has committed since', async () => {
    const driver = new MemoryStore();
    const [a, b] = [await openHost({ driver }), await openHost({ driver })];
    await commitFiles(a, 'user', 's1', { file: 'one' });
    await commitFiles(b, 'user', 's1', { file: 'two' });
    await using mount = await a.mount('user', 's1');
    expect(await readFiles(mount.dir)).toEqual({ file: 'two' });
  });

  test.each<[string, Record<string, string>]>([
    ['a changed file', { file: 'changed' }],
    ['a changed file of the same size', { file: 'kontent' }],
    ['an additional file', { other: 'added' }],
  ])('is verified: with %s it is not used', async (_, change) => {
    const workFolder = await temporaryFolder();
    const store = await openHost({ driver: new MemoryStore(), workFolder });
    await commitFiles(store, 'user', 's1', { file: 'content' });
    await writeFiles(join(workFolder, 'last/user/s1/profile'), change);
    await using mount = await store.mount('user', 's1');
    expect(await readFiles(mount.dir)).toEqual({ file: 'content' });
    expect(store.stats().mounts.packs).toBe(1);
  });

  test('is not used by another store, and is gone after a deletion and after uncommitted changes', async () => {
    const workFolder = await temporaryFolder();
    const store = await openHost({ driver: new MemoryStore(), workFolder });
    const other = await openHost({ driver: new MemoryStore(), workFolder });
    await commitFiles(store, 'user', 's1', { file: 'content', Cache: 'private' });
    await commitFiles(other, 'user', 's2', { file: 'content' });
    await other.fork('user', 's2', 's1');
    await using mount = await other.mount('user', 's1');
    expect(Object.keys(await readFiles(mount.dir))).toEqual(['file']);
    await commitFiles(store, 'user', 's1', { file: 'content 2' });
    await store.delete('user', 's1');
    expect(await readdir(join(workFolder, 'last/user'))).not.toContain('s1');
    await commitFiles(store, 'user', 's3', { file: 'content' });
    const changed = await store.mount('user', 's3');
    await writeFiles(changed.dir, { file: 'secret' });
    await changed.discard();
    expect(await readdir(join(workFolder, 'last/user'))).not.toContain('s3');
  });

  test('of two mounts at the same time is used by one; each has a folder of its own', async () => {
    const store = await openHost({ driver: new MemoryStore() });
    await commitFiles(store, 'user', 's1', { file: 'content' });
    const mounts = await Promise.all([
      store.mount('user', 's1'),
      store.mount('user', 's1', { mode: 'ro' }),
      store.mount('user', 's1', { mode: 'fork' }),
    ]);
    expect(new Set(mounts.map(({ dir }) => dir)).size).toBe(3);
    await mounts[0].discard();
    expect(await readFiles(mounts[1].dir)).toEqual({ file: 'content' });
    expect(await readFiles(mounts[2].dir)).toEqual({ file: 'content' });
    await Promise.all(mounts.map((mount) => mount.discard()));
  });
});

describe('a disk cache', () => {
  async function openCached(maxBytes?: number) {
    const folder = await temporaryFolder();
    const driver = new MemoryStore();
    const open = () =>
      openHost({ driver, caches: [new DiskCache(maxBytes ? { folder, maxBytes } : { folder })] });
    const files = async () =>
      (await readdir(folder, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name));
    return { folder, driver, open, files };
  }

  test('serves manifests and packs, verified', async () => {
    const { driver, open, files } = await openCached();
    const [a, b] = [await open(), await open()];
    await commitFiles(a, 'user', 's1', { file: 'content' });
    driver.calls.length = 0;
    expect(await mountedFiles(b, 'user', 's1')).toEqual({ file: 'content' });
    expect(driver.calls).toEqual(['list browser-state/user/s1/']);
    for (const path of await files()) {
      const bytes = await readFile(path);
      await writeFile(path, bytes.with(20, bytes[20]! ^ 1));
    }
    expect(await mountedFiles(b, 'user', 's1')).toEqual({ file: 'content' });
    expect(b.stats().caches[0]).toMatchObject({ errors: 2 });
    await a.delete('user', 's1');
    expect(await files()).toEqual([]);
  });

  test('is filled by warm(), and has a bounded size', async () => {
    const { driver, open, files, folder } = await openCached(200_000);
    const plain = await openHost({ driver });
    for (let i = 0; i < 6; i += 1)
      await commitFiles(plain, 'user', `s${i}`, { file: randomBytes(50_000, i + 1) });
    const cached = await open();
    await cached.warm('user', ['s1']);
    driver.calls.length = 0;
    await mountedFiles(cached, 'user', 's1');
    expect(driver.calls).toEqual(['list browser-state/user/s1/']);
    await cached.warm('user', ['s2', 's3', 's4', 's5', 's0']);
    await cached.close();
    const sizes = await Promise.all((await files()).map(async (path) => (await readFile(path)).length));
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(300_000);
    expect(folder).toBeTruthy();
  });

  test('that fails costs no mount and no commit', async () => {
    const { driver } = await openCached();
    const folder = join(await temporaryFolder(), 'a file');
    await writeFile(folder, '');
    const errors: unknown[] = [];
    const cache = new DiskCache({ folder, onError: (error) => errors.push(error) });
    const store = await openHost({ driver, caches: [cache] });
    await commitFiles(store, 'user', 's1', { file: 'content' });
    expect(await mountedFiles(store, 'user', 's1')).toEqual({ file: 'content' });
    expect(errors.length).toBeGreaterThan(0);
  });
});
