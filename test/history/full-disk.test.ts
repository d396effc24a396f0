import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { run } from '../support/run.ts';
import { underCi } from '../support/system-packages.ts';
import { waitUntil } from '../support/wait-until.ts';
import { describeEngine, makeFolder, startHistory, written } from './support.ts';

/** A disk of 1 MB. */
async function mountSmallDisk(): Promise<string> {
  const folder = await makeFolder();
  await run('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'roundhouse-test', folder]);
  onTestFinished(async () => {
    await run('umount', ['--lazy', folder]);
  });
  return folder;
}

async function fill(path: string): Promise<void> {
  for (let size = 64 * 1024; size >= 512; size /= 2) {
    try {
      for (;;) await writeFile(path, Buffer.alloc(size), { flag: 'a' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
}

it('goes on in memory on a full disk, and is in its file once there is room', {
  timeout: 60_000,
}, async (context) => {
  const may = process.getuid?.() === 0 || underCi();
  if (!may) context.skip('mounting a small disk needs root');
  const folder = await mountSmallDisk();
  const { history, reports } = startHistory(folder);
  for (let count = 0; count < 100; count += 1)
    history.record('engine_started', describeEngine(`early${count}`));
  await written(history, 100);

  await fill(join(folder, 'filler'));
  const message = 'x'.repeat(500);
  for (let count = 0; count < 400; count += 1)
    history.record('engine_started', describeEngine(`late${count}`, message));
  await written(history, 500);
  await waitUntil('the full disk is found', () => history.keeping?.store === 'memory', 10_000);
  expect(history.keeping?.fault).toMatch(/full|I\/O/);
  expect((await history.events({ limit: 1, offset: 0 }))[0]?.containerId).toBe('late399');
  expect((await history.events({ limit: 1, offset: 499 }))[0]?.containerId).toBe('early0');
  expect(reports).toEqual([{ level: 'warn', message: expect.stringContaining('kept in memory') }]);

  await rm(join(folder, 'filler'));
  await waitUntil('the file takes over', () => history.keeping?.store === 'file', 20_000);
  expect(reports.map(({ level }) => level)).toEqual(['warn', 'info']);
  expect((await history.figures()).dropped).toBe(0);
  await history.close();
  const next = startHistory(folder);
  await written(next.history, 500);
  expect(next.reports).toEqual([]);
});
