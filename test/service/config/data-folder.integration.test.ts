import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { loadApiKey } from '../../../src/service/config/api-key.ts';
import { ensureFolder } from '../../../src/service/config/data-folder.ts';
import { lockDataFolder } from '../../../src/service/event-log/data-folder-lock.ts';
import { SmallDisk } from '../../support/small-disk.ts';
import { underCi } from '../../support/system-packages.ts';

test('folders are created for their owner only, and may exist', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'roundhouse-folder-'));
  onTestFinished(() => rm(parent, { recursive: true }));
  for (let time = 1; time <= 2; time += 1) ensureFolder(join(parent, 'a', 'b'));
  expect((await stat(join(parent, 'a', 'b'))).mode & 0o777).toBe(0o700);
});

test('a folder in /proc, where none can be created, is an error and does not hang', async () => {
  for (const path of ['/proc/roundhouse', '/proc/roundhouse/a/b'])
    expect(() => ensureFolder(path)).toThrow(expect.objectContaining({ code: 'ENOENT' }));
  await expect(loadApiKey(null, '/proc/roundhouse/a')).rejects.toThrow('set DATA_DIR to a writable folder');
  lockDataFolder('/proc/roundhouse/a')();
});

test('a file in the place of the folder is an error', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'roundhouse-folder-'));
  onTestFinished(() => rm(parent, { recursive: true }));
  await writeFile(join(parent, 'file'), '');
  expect(() => ensureFolder(join(parent, 'file'))).toThrow(expect.objectContaining({ code: 'EEXIST' }));
  expect(() => ensureFolder(join(parent, 'file', 'a'))).toThrow(expect.objectContaining({ code: 'ENOTDIR' }));
});

test('a read-only file system is reported as such', async (context) => {
  if (process.getuid?.() !== 0 && !underCi()) context.skip('mounting a small disk needs root');
  const parent = await mkdtemp(join(tmpdir(), 'roundhouse-folder-'));
  const disk = new SmallDisk(parent);
  await disk.mount();
  onTestFinished(async () => {
    await disk.unmount();
    await rm(parent, { recursive: true });
  });
  await disk.makeReadOnly();
  expect(() => ensureFolder(parent)).not.toThrow();
  for (const path of ['a', 'a/b/c'])
    expect(() => ensureFolder(join(parent, path))).toThrow(expect.objectContaining({ code: 'EROFS' }));
});
