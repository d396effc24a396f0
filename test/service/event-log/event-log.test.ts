import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { waitUntil } from '../../support/wait-until.ts';
import { describeEngine, makeFolder, makeStream, startEventLog, written } from './support.ts';

const FAILING = new URL('./fixtures/failing-worker.ts', import.meta.url);

describe('a restart', () => {
  it('keeps the events and streams of the previous run', async () => {
    const folder = await makeFolder();
    const first = startEventLog(folder);
    first.eventLog.record(describeEngine('c1'));
    first.eventLog.saveStream(makeStream('s1'));
    first.eventLog.record(describeEngine('c1', 'Engine is no longer running'));
    await first.eventLog.close();

    const { eventLog, logLines } = startEventLog(folder);
    const events = await eventLog.events({ limit: 10, offset: 0 });
    expect(events).toMatchObject([
      { type: 'engine', message: 'Engine is no longer running' },
      { type: 'engine', message: 'Engine is running', containerId: 'c1', details: { port: 19_000 } },
    ]);
    expect(events[0]!.id).toBeGreaterThan(events[1]!.id);
    expect(Math.abs(events[0]!.time - Date.now())).toBeLessThan(60_000);
    expect(await eventLog.streams(10)).toEqual([makeStream('s1')]);
    eventLog.record(describeEngine('c2'));
    await written(eventLog, 3);
    expect([...first.logLines, ...logLines]).toEqual([]);
  });

  it('keeps events recorded in the same turn as the stop', async () => {
    const folder = await makeFolder();
    const first = startEventLog(folder);
    for (let count = 0; count < 2000; count += 1) first.eventLog.record(describeEngine(`c${count}`));
    await first.eventLog.close();
    const { eventLog } = startEventLog(folder);
    expect((await eventLog.stats()).total).toBe(2000);
  });
});

describe('a burst', () => {
  it('of 50,000 events is stored completely, and blocks the event loop only briefly', {
    timeout: 60_000,
  }, async (context) => {
    const { eventLog, logLines } = startEventLog(await makeFolder());
    await eventLog.stats();
    const blockedMs: number[] = [];
    for (let burst = 0; burst < 200; burst += 1) {
      const before = process.threadCpuUsage();
      for (let count = 0; count < 250; count += 1) eventLog.record(describeEngine(`c${count}`));
      // Includes posting the batch to the worker, which happens in this turn.
      await nextTurn();
      const { user, system } = process.threadCpuUsage(before);
      blockedMs.push((user + system) / 1000);
    }
    await written(eventLog, 50_000);
    const mean = blockedMs.reduce((sum, ms) => sum + ms) / blockedMs.length;
    const longest = Math.max(...blockedMs);
    context.annotate(`a turn with 250 events: mean ${mean} ms, longest ${longest} ms of CPU time`);
    // CPU time of this thread, because other processes take time on a busy machine. Its clock may advance in
    // steps of several milliseconds, which affects single turns but not the mean.
    expect(mean).toBeLessThan(5);
    expect(longest).toBeLessThan(50);
    expect((await eventLog.stats()).dropped).toBe(0);
    expect(logLines).toEqual([]);
  });

  it('that exceeds the queue drops the oldest events, counts them and logs one line', async () => {
    const { eventLog, logLines } = startEventLog(await makeFolder(), { maxQueued: 100 });
    for (let count = 0; count < 1000; count += 1) eventLog.record(describeEngine(`c${count}`));
    await written(eventLog, 100);
    expect((await eventLog.events({ limit: 1, offset: 99 }))[0]).toMatchObject({ containerId: 'c900' });
    expect(await eventLog.stats()).toMatchObject({ dropped: 900, queued: 0 });
    expect(logLines).toEqual([{ level: 'warn', message: expect.stringContaining('dropping events') }]);
    for (let count = 0; count < 101; count += 1) eventLog.record(describeEngine('later'));
    await written(eventLog, 200);
    expect(logLines).toHaveLength(2);
    expect((await eventLog.stats()).dropped).toBe(901);
  });
});

describe('retention', () => {
  it('is enforced by the worker on its own', async () => {
    const { eventLog } = startEventLog(await makeFolder(), { maxEvents: 700 });
    for (let count = 0; count < 5000; count += 1) eventLog.record(describeEngine(`c${count}`));
    await waitUntil(
      'the last event, and no more than the maximum',
      async () => {
        const [newest] = await eventLog.events({ limit: 1, offset: 0 });
        const { total } = await eventLog.stats();
        return newest?.containerId === 'c4999' && total === 700;
      },
      10_000,
    );
    expect((await eventLog.events({ limit: 1, offset: 699 }))[0]).toMatchObject({ containerId: 'c4300' });
  });
});

describe('the worker', () => {
  it('is restarted after a crash, and receives the events it had not stored', {
    timeout: 20_000,
  }, async () => {
    const folder = join(await makeFolder(), 'crash');
    await mkdir(folder);
    const { eventLog, logLines } = startEventLog(folder, { script: FAILING });
    for (let count = 0; count < 300; count += 1) eventLog.record(describeEngine(`c${count}`));
    await waitUntil('the log line', () => logLines.length > 0, 10_000);
    expect(logLines[0]!.message).toContain('a planted error');
    expect(eventLog.storage).toBeNull();
    await expect(eventLog.events({ limit: 1, offset: 0 })).rejects.toMatchObject({
      code: 'history_unavailable',
    });
    eventLog.record(describeEngine('last'));
    await writeFile(join(folder, 'repaired'), '');
    await waitUntil('the worker', () => eventLog.storage?.store === 'file', 15_000);
    await written(eventLog, 301);
    const events = await eventLog.events({ limit: 1000, offset: 0 });
    expect(events.map(({ containerId }) => containerId)).toEqual([
      'last',
      ...Array.from({ length: 300 }, (_, index) => `c${299 - index}`),
    ]);
    expect((await eventLog.stats()).dropped).toBe(0);
  });

  it('that hangs makes reads fail at their timeout, and delays neither new events nor the stop', {
    timeout: 20_000,
  }, async () => {
    const folder = join(await makeFolder(), 'hang');
    await mkdir(folder);
    const { eventLog } = startEventLog(folder, { script: FAILING });
    eventLog.record(describeEngine('c1'));
    const startedAt = performance.now();
    await expect(eventLog.events({ limit: 1, offset: 0 })).rejects.toMatchObject({
      code: 'history_unavailable',
    });
    expect(performance.now() - startedAt).toBeLessThan(4000);
    eventLog.record(describeEngine('c2'));
    await eventLog.close();
    expect(performance.now() - startedAt).toBeLessThan(12_000);
  });
});
