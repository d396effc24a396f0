import { expect, it, onTestFinished } from 'vitest';
import { SmallDisk } from '../../support/small-disk.ts';
import { underCi } from '../../support/system-packages.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { describeEngine, makeFolder, startHistory, written } from './support.ts';

/** A disk of 1 MB. */
async function mountSmallDisk(): Promise<SmallDisk> {
  const disk = new SmallDisk(await makeFolder());
  await disk.mount();
  onTestFinished(() => disk.unmount());
  return disk;
}

it('goes on in memory on a full disk, and is in its file once there is room', {
  timeout: 60_000,
}, async (context) => {
  const may = process.getuid?.() === 0 || underCi();
  if (!may) context.skip('mounting a small disk needs root');
  const disk = await mountSmallDisk();
  const { history, reports } = startHistory(disk.folder);
  for (let count = 0; count < 100; count += 1)
    history.record('engine_started', describeEngine(`early${count}`));
  await written(history, 100);

  await disk.fill();
  const message = 'x'.repeat(500);
  for (let count = 0; count < 400; count += 1)
    history.record('engine_started', describeEngine(`late${count}`, message));
  await written(history, 500);
  await waitUntil('the full disk is found', () => history.keeping?.store === 'memory', 10_000);
  expect(history.keeping?.fault).toMatch(/full|I\/O/);
  expect((await history.events({ limit: 1, offset: 0 }))[0]?.containerId).toBe('late399');
  expect((await history.events({ limit: 1, offset: 499 }))[0]?.containerId).toBe('early0');
  expect(reports).toEqual([{ level: 'warn', message: expect.stringContaining('kept in memory') }]);

  await disk.free();
  await waitUntil('the file takes over', () => history.keeping?.store === 'file', 20_000);
  expect(reports.map(({ level }) => level)).toEqual(['warn', 'info']);
  expect((await history.figures()).dropped).toBe(0);
  await history.close();
  const next = startHistory(disk.folder);
  await written(next.history, 500);
  expect(next.reports).toEqual([]);
});
