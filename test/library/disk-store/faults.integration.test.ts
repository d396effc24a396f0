import { execFile } from 'node:child_process';
import { rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, type TestContext, test } from 'vitest';
import { openDiskStore } from '../../../src/library/disk-store/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { run } from '../../support/run.ts';
import { SmallDisk } from '../../support/small-disk.ts';
import { underCi } from '../../support/system-packages.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { content, filesIn, makeFolder, openStore, readBytes, recordsIn } from './support.ts';

const SOON_MS = 10_000;

/** A disk of 1 MB. */
async function mountSmallDisk(context: TestContext): Promise<SmallDisk> {
  const canMount = process.getuid?.() === 0 || underCi();
  if (!canMount) context.skip('mounting a small disk needs root');
  const disk = new SmallDisk(await makeFolder());
  await disk.mount();
  onTestFinished(() => disk.unmount());
  return disk;
}

test('a full disk fails writes with ENOSPC, keeps what is stored, and heals', async (context) => {
  const disk = await mountSmallDisk(context);
  const dir = join(disk.folder, 'store');
  const store = await openStore({ dir });
  await store.put('app', 'k', content(100_000));
  await store.put('app', 'small', content(100));
  await disk.fill();
  for (const size of [10, 20_000, 500_000]) {
    await expect(store.put('app', 'k', content(size, 'new'))).rejects.toMatchObject({ code: 'ENOSPC' });
  }
  expect((await readBytes(store, 'app', 'k'))!.equals(content(100_000))).toBe(true);
  expect(await store.delete('app', 'small')).toBe(true);
  expect(await filesIn(join(dir, 'tmp'))).toEqual([]);
  await disk.free();
  expect(await store.put('app', 'k', content(200_000))).toBe(true);
  expect((await readBytes(store, 'app', 'k'))!.equals(content(200_000))).toBe(true);
  await store.usage();
  expect(store.stats()).toMatchObject({ writeErrors: 3, bytes: 200_704 + 4096 });
});

test('a disk that is read-only fails writes with EROFS and serves what is stored', async (context) => {
  const disk = await mountSmallDisk(context);
  const dir = join(disk.folder, 'store');
  const former = await openDiskStore({ dir });
  await former.put('app', 'k', content(100_000));
  await former.close();
  // Old enough for the time of the last use to be renewed.
  for (const path of await recordsIn(dir)) await utimes(path, 1, 1);
  await run('mount', ['-o', 'remount,ro', disk.folder]);
  const store = await openStore({ dir });
  await expect(store.put('app', 'k', content(10))).rejects.toMatchObject({ code: 'EROFS' });
  await expect(store.delete('app', 'k')).rejects.toMatchObject({ code: 'EROFS' });
  await expect(store.tryLease('app', 'k')).rejects.toMatchObject({ code: 'EROFS' });
  expect((await readBytes(store, 'app', 'k'))!.equals(content(100_000))).toBe(true);
});

test('a disk that hangs fails operations after their timeout, and later ones at once', async () => {
  const dir = await makeFolder();
  const former = await openDiskStore({ dir });
  for (const key of ['a', 'b']) await former.put('app', key, content(10));
  await former.close();
  const clock = new FakeClock();
  const store = await openStore({ dir, clock, timeoutMs: 5000 });
  const pipes = await recordsIn(dir);
  // Opening a named pipe blocks until someone writes to it, as opening a file on a disk that hangs does.
  for (const path of pipes) {
    await rm(path);
    await promisify(execFile)('mkfifo', [path]);
  }
  onTestFinished(async () => {
    for (const path of pipes) await promisify(execFile)('sh', ['-c', ': > "$0"', path]);
  });
  const timeout = { name: 'DiskStoreError', code: 'ERR_STORE_TIMEOUT' };
  let failed = 0;
  const reads = ['a', 'b'].map(async (key) => {
    await expect(store.get('app', key)).rejects.toMatchObject(timeout);
    failed += 1;
  });
  await waitUntil(
    'both fail',
    () => {
      clock.advance(1000);
      return failed === 2;
    },
    SOON_MS,
  );
  await Promise.all(reads);
  // The clock stands still.
  for (let index = 0; index < 20; index += 1)
    await expect(store.get('app', 'a')).rejects.toMatchObject(timeout);
});
