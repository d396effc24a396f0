import { expect, it, onTestFinished } from 'vitest';
import { SmallDisk } from '../../support/small-disk.ts';
import { underCi } from '../../support/system-packages.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { describeEngine, makeFolder, startEventLog, written } from './support.ts';

/** A disk of 1 MB. */
async function mountSmallDisk(): Promise<SmallDisk> {
  const disk = new SmallDisk(await makeFolder());
  await disk.mount();
  onTestFinished(() => disk.unmount());
  return disk;
}

it('stores events in memory while the disk is full, and moves them to the file later', {
  timeout: 60_000,
}, async (context) => {
  const canMount = process.getuid?.() === 0 || underCi();
  if (!canMount) context.skip('mounting a small disk needs root');
  const disk = await mountSmallDisk();
  const { eventLog, logLines } = startEventLog(disk.folder);
  for (let count = 0; count < 100; count += 1) eventLog.record(describeEngine(`early${count}`));
  await written(eventLog, 100);

  await disk.fill();
  const message = 'x'.repeat(500);
  for (let count = 0; count < 400; count += 1) eventLog.record(describeEngine(`late${count}`, message));
  await written(eventLog, 500);
  await waitUntil('the write error', () => eventLog.storage?.store === 'memory', 10_000);
  expect(eventLog.storage?.error).toMatch(/full|I\/O/);
  expect((await eventLog.events({ limit: 1, offset: 0 }))[0]?.containerId).toBe('late399');
  expect((await eventLog.events({ limit: 1, offset: 499 }))[0]?.containerId).toBe('early0');
  expect(logLines).toEqual([{ level: 'warn', message: expect.stringContaining('storing events in memory') }]);

  await disk.free();
  await waitUntil('the file to be used again', () => eventLog.storage?.store === 'file', 20_000);
  await waitUntil('the log message about it', () => logLines.length > 1, 10_000);
  expect(logLines.map(({ level }) => level)).toEqual(['warn', 'info']);
  expect((await eventLog.stats()).dropped).toBe(0);
  await eventLog.close();
  const next = startEventLog(disk.folder);
  await written(next.eventLog, 500);
  expect(next.logLines).toEqual([]);
});
