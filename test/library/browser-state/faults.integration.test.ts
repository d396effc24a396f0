import { mkdtemp, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, type TestContext, test } from 'vitest';
import {
  DiskCache,
  LocalStore,
  type ObjectStore,
  RedisCache,
  RedisLeases,
  RedisStore,
} from '../../../src/library/browser-state/index.ts';
import { describeWithRedis, startRedis } from '../../support/redis/redis.ts';
import { SmallDisk } from '../../support/small-disk.ts';
import { underCi } from '../../support/system-packages.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { connectedLink, freshNamespace, SOON_MS } from '../redis/support.ts';
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

const LARGE = randomBytes(300_000);

async function mountSmallDisk(context: TestContext): Promise<SmallDisk> {
  const canMount = process.getuid?.() === 0 || underCi();
  if (!canMount) context.skip('mounting a small disk needs root');
  const disk = new SmallDisk(await temporaryFolder());
  await disk.mount();
  onTestFinished(() => disk.unmount());
  return disk;
}

describe('a full disk', () => {
  test('fails a mount, which leaves neither a folder nor a lease', async (context) => {
    const disk = await mountSmallDisk(context);
    const driver = new MemoryStore();
    const [full, other] = [
      await openHost({ driver, workFolder: join(disk.folder, 'work') }),
      await openHost({ driver }),
    ];
    await commitFiles(other, 'user', 's1', { file: 'content', large: LARGE });
    await disk.fill();
    for (const mode of ['rw', 'ro'] as const)
      await expect(full.mount('user', 's1', { mode })).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(await readdir(join(disk.folder, 'work', 'mounts')).catch(() => [])).toEqual([]);
    await (await other.mount('user', 's1')).discard();
    await disk.free();
    await using mount = await full.mount('user', 's1');
    expect(Object.keys(await readFiles(mount.dir))).toEqual(['file', 'large']);
  });

  test('that fills up while a profile is written fails the mount', async (context) => {
    const disk = await mountSmallDisk(context);
    const driver = new MemoryStore();
    const [full, other] = [
      await openHost({ driver, workFolder: join(disk.folder, 'work') }),
      await openHost({ driver }),
    ];
    const large = randomBytes(3_000_000);
    await commitFiles(other, 'user', 's1', { file: 'content', large });
    await expect(full.mount('user', 's1')).rejects.toMatchObject({ code: 'ENOSPC' });
    expect(await readdir(join(disk.folder, 'work', 'mounts'))).toEqual([]);
    expect((await mountedFiles(other, 'user', 's1')).large).toBe(large.toString('latin1'));
  });

  test('of the storage fails a commit, which can be repeated; the last version stays', async (context) => {
    const disk = await mountSmallDisk(context);
    const folder = join(disk.folder, 'store');
    const open = () => openHost({ driver: new LocalStore({ folder }) });
    const [a, b] = [await open(), await open()];
    await commitFiles(a, 'user', 's1', { file: 'one' });
    await using mount = await a.mount('user', 's1');
    await writeFiles(mount.dir, { file: 'two', large: LARGE });
    await disk.fill();
    await expect(mount.commit()).rejects.toMatchObject({ code: 'STORAGE_FAILED', transient: false });
    await expect(mount.commit()).rejects.toThrow('ENOSPC');
    expect(await mountedFiles(b, 'user', 's1')).toEqual({ file: 'one' });
    expect((await b.verify('user', 's1')).problems).toEqual([]);
    expect(await readdir(join(folder, '~unfinished'))).toEqual([]);
    await disk.free();
    expect(await mount.commit()).toBe(2);
    expect((await mountedFiles(b, 'user', 's1')).file).toBe('two');
  });

  test('of a cache fails neither mounts nor commits', async (context) => {
    const disk = await mountSmallDisk(context);
    const driver = new MemoryStore();
    const errors: unknown[] = [];
    const cache = new DiskCache({
      folder: await mkdtemp(join(disk.folder, 'cache-')),
      onError: (error) => errors.push(error),
    });
    const store = await openHost({ driver, caches: [cache] });
    await disk.fill();
    await commitFiles(store, 'user', 's1', { file: 'one', large: LARGE });
    expect((await mountedFiles(store, 'user', 's1')).file).toBe('one');
    expect(errors).not.toEqual([]);
    expect(errors.every((error) => (error as NodeJS.ErrnoException).code === 'ENOSPC')).toBe(true);
  });
});

/** Runs a function before the first call of a driver that matches. */
function before(inner: ObjectStore, pattern: RegExp, run: () => Promise<void>): ObjectStore {
  let started: Promise<void> | undefined;
  const call = async (name: string) => {
    if (pattern.test(name)) started ??= run();
    await started;
  };
  return {
    kind: inner.kind,
    get: (key, options) => call(`get ${key}`).then(() => inner.get(key, options)),
    put: (key, bytes, options) => call(`put ${key}`).then(() => inner.put(key, bytes, options)),
    create: (key, bytes, options) => call(`create ${key}`).then(() => inner.create(key, bytes, options)),
    list: (prefix, options) => call(`list ${prefix}`).then(() => inner.list(prefix, options)),
    delete: (key, options) => call(`delete ${key}`).then(() => inner.delete(key, options)),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}

describeWithRedis('Redis that is killed', () => {
  /** Keeps what it has confirmed. */
  const startDurable = () => startRedis('--appendonly', 'yes', '--appendfsync', 'always');

  async function openLink(url: string, prefix = freshNamespace()) {
    const link = await connectedLink(url, { prefix });
    onTestFinished(() => link.close());
    return link;
  }

  test.each([
    ['reads the newest version', /^get .*\/m\//],
    ['reads a pack', /^get .*\/p\//],
  ])('while a mount %s from it fails the mount; the profile is intact after a restart', async (_, call) => {
    await using server = await startDurable();
    const link = await openLink(server.url);
    const open = (driver: ObjectStore) => openHost({ driver, leases: new RedisLeases(link) });
    const store = await open(new RedisStore({ link, connectTimeoutMs: 50 }));
    await commitFiles(store, 'user', 's1', { file: 'content', large: LARGE });
    const driver = new RedisStore({ link, connectTimeoutMs: 50 });
    const killed = await open(before(driver, call, () => server.kill('SIGKILL')));
    await expect(killed.mount('user', 's1', { mode: 'ro' })).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
    });
    await expect(killed.mount('user', 's1', { mode: 'ro' })).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
    });
    await server.start();
    await waitUntil('the link is connected again', () => link.state === 'connected', SOON_MS);
    expect((await mountedFiles(store, 'user', 's1')).file).toBe('content');
  });

  test('during a commit to it leaves the old version or the new one', async () => {
    for (const call of [/^put .*\/p\//, /^create .*\/m\//, /^list .*\/m\//]) {
      await using server = await startDurable();
      const link = await openLink(server.url);
      const open = (driver: ObjectStore) => openHost({ driver, leases: new RedisLeases(link) });
      const store = await open(new RedisStore({ link, connectTimeoutMs: 50 }));
      await commitFiles(store, 'user', 's1', { file: 'one' });
      const driver = new RedisStore({ link, connectTimeoutMs: 50 });
      let armed = false;
      const kill = async () => server.kill('SIGKILL');
      const killed = await open(before(driver, call, () => (armed ? kill() : Promise.resolve())));
      const mount = await killed.mount('user', 's1');
      await writeFiles(mount.dir, { file: 'two' });
      armed = true;
      await expect(mount.commit()).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
      await server.start();
      await waitUntil('the link is connected again', () => link.state === 'connected', SOON_MS);
      const { file } = await mountedFiles(store, 'user', 's1');
      expect(['one', 'two']).toContain(file);
      expect((await store.verify('user', 's1')).problems).toEqual([]);
      await mount.discard();
    }
  });

  test.each(['SIGKILL', 'SIGSTOP'] as const)(
    'as a cache (%s) during a mount and during a commit costs neither',
    async (signal) => {
      await using server = await startRedis();
      const link = await connectedLink(server.url, { prefix: freshNamespace(), commandTimeoutMs: 200 });
      onTestFinished(() => link.close());
      const memory = new MemoryStore();
      const plain = await openHost({ driver: memory });
      await commitFiles(plain, 'user', 's1', { file: 'one', large: LARGE });
      const driver = before(memory, /^get .*\/p\//, () => server.kill(signal));
      const store = await openHost({ driver, caches: [new RedisCache({ link })] });
      await using mount = await store.mount('user', 's1');
      expect((await readFiles(mount.dir)).file).toBe('one');
      await writeFiles(mount.dir, { file: 'two' });
      expect(await mount.commit()).toBe(2);
      expect((await mountedFiles(plain, 'user', 's1')).file).toBe('two');
    },
  );

  test('while it holds the lease fails a commit with a clear error; it can be repeated', async () => {
    await using server = await startDurable();
    const link = await openLink(server.url);
    const driver = new MemoryStore();
    const store = await openHost({ driver, leases: new RedisLeases(link) });
    await using mount = await store.mount('user', 's1');
    await writeFiles(mount.dir, { file: 'content' });
    await server.kill('SIGKILL');
    const commit = mount.commit();
    await expect(commit).rejects.toMatchObject({ code: 'STORAGE_FAILED', transient: true });
    await expect(commit).rejects.toThrow('Redis, which holds the leases of sessions, is unavailable');
    expect(driver.calls.filter((call) => call.includes('/m/'))).toEqual([]);
    await server.start();
    await waitUntil('the link is connected again', () => link.state === 'connected', SOON_MS);
    expect(await mount.commit()).toBe(1);
  });
});
