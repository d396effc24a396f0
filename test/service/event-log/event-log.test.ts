import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { waitUntil } from '../../support/wait-until.ts';
import { describeEngine, makeFolder, makeStream, startHistory, written } from './support.ts';

const FAILING = new URL('./fixtures/failing-worker.ts', import.meta.url);

describe('a restart', () => {
  it('finds the events and the streams of the former run', async () => {
    const folder = await makeFolder();
    const first = startHistory(folder);
    first.history.record('engine_started', describeEngine('c1'));
    first.history.save(makeStream('s1'));
    first.history.record('engine_stopped', describeEngine('c1', 'Engine is gone'));
    await first.history.close();

    const { history, reports } = startHistory(folder);
    const events = await history.events({ limit: 10, offset: 0 });
    expect(events).toMatchObject([
      { type: 'engine_stopped', message: 'Engine is gone' },
      { type: 'engine_started', message: 'Engine runs', containerId: 'c1', details: { port: 19_000 } },
    ]);
    expect(events[0]!.id).toBeGreaterThan(events[1]!.id);
    expect(Math.abs(events[0]!.time - Date.now())).toBeLessThan(60_000);
    expect(await history.streams(10)).toEqual([makeStream('s1')]);
    history.record('engine_started', describeEngine('c2'));
    await written(history, 3);
    expect([...first.reports, ...reports]).toEqual([]);
  });

  it('writes what was recorded in the turn of the stop', async () => {
    const folder = await makeFolder();
    const first = startHistory(folder);
    for (let count = 0; count < 2000; count += 1)
      first.history.record('engine_started', describeEngine(`c${count}`));
    await first.history.close();
    const { history } = startHistory(folder);
    expect((await history.figures()).total).toBe(2000);
  });
});

describe('a burst', () => {
  it('of 50,000 events is written whole, and holds the event loop but shortly', {
    timeout: 60_000,
  }, async (context) => {
    const { history, reports } = startHistory(await makeFolder());
    await history.figures();
    const holds: number[] = [];
    for (let burst = 0; burst < 200; burst += 1) {
      const before = process.threadCpuUsage();
      for (let count = 0; count < 250; count += 1)
        history.record('engine_started', describeEngine(`c${count}`));
      // What is handed over in this turn belongs to the hold.
      await nextTurn();
      const { user, system } = process.threadCpuUsage(before);
      holds.push((user + system) / 1000);
    }
    await written(history, 50_000);
    const mean = holds.reduce((sum, hold) => sum + hold) / holds.length;
    const longest = Math.max(...holds);
    context.annotate(`a turn with 250 events: mean ${mean} ms, longest ${longest} ms of this thread`);
    // By the thread's own clock: on a busy machine, the time that others take is no hold of ours. That clock
    // may move in steps of some milliseconds, of which the mean knows nothing.
    expect(mean).toBeLessThan(5);
    expect(longest).toBeLessThan(50);
    expect((await history.figures()).dropped).toBe(0);
    expect(reports).toEqual([]);
  });

  it('for which there is no room loses the oldest, counted and reported once', async () => {
    const { history, reports } = startHistory(await makeFolder(), { maxQueued: 100 });
    for (let count = 0; count < 1000; count += 1)
      history.record('engine_started', describeEngine(`c${count}`));
    await written(history, 100);
    expect((await history.events({ limit: 1, offset: 99 }))[0]).toMatchObject({ containerId: 'c900' });
    expect(await history.figures()).toMatchObject({ dropped: 900, queued: 0 });
    expect(reports).toEqual([{ level: 'warn', message: expect.stringContaining('loses events') }]);
    for (let count = 0; count < 101; count += 1) history.record('engine_started', describeEngine('later'));
    await written(history, 200);
    expect(reports).toHaveLength(2);
    expect((await history.figures()).dropped).toBe(901);
  });
});

describe('retention', () => {
  it('is enforced by the worker without being asked', async () => {
    const { history } = startHistory(await makeFolder(), { maxEvents: 700 });
    for (let count = 0; count < 5000; count += 1)
      history.record('engine_started', describeEngine(`c${count}`));
    await waitUntil(
      'the last event, and no more than are kept',
      async () => {
        const [newest] = await history.events({ limit: 1, offset: 0 });
        const { total } = await history.figures();
        return newest?.containerId === 'c4999' && total === 700;
      },
      10_000,
    );
    expect((await history.events({ limit: 1, offset: 699 }))[0]).toMatchObject({ containerId: 'c4300' });
  });
});

describe('the worker', () => {
  it('is started again after a crash, and is handed what it had not written', {
    timeout: 20_000,
  }, async () => {
    const folder = join(await makeFolder(), 'crash');
    await mkdir(folder);
    const { history, reports } = startHistory(folder, { program: FAILING });
    for (let count = 0; count < 300; count += 1)
      history.record('engine_started', describeEngine(`c${count}`));
    await waitUntil('the report', () => reports.length > 0, 10_000);
    expect(reports[0]!.message).toContain('a planted fault');
    expect(history.keeping).toBeNull();
    await expect(history.events({ limit: 1, offset: 0 })).rejects.toMatchObject({
      code: 'history_unavailable',
    });
    history.record('engine_started', describeEngine('last'));
    await writeFile(join(folder, 'mended'), '');
    await waitUntil('the worker', () => history.keeping?.store === 'file', 15_000);
    await written(history, 301);
    const events = await history.events({ limit: 1000, offset: 0 });
    expect(events.map(({ containerId }) => containerId)).toEqual([
      'last',
      ...Array.from({ length: 300 }, (_, index) => `c${299 - index}`),
    ]);
    expect((await history.figures()).dropped).toBe(0);
  });

  it('that does not answer fails a read in time, and holds up neither events nor the stop', {
    timeout: 20_000,
  }, async () => {
    const folder = join(await makeFolder(), 'hang');
    await mkdir(folder);
    const { history } = startHistory(folder, { program: FAILING });
    history.record('engine_started', describeEngine('c1'));
    const asked = performance.now();
    await expect(history.events({ limit: 1, offset: 0 })).rejects.toMatchObject({
      code: 'history_unavailable',
    });
    expect(performance.now() - asked).toBeLessThan(4000);
    history.record('engine_started', describeEngine('c2'));
    await history.close();
    expect(performance.now() - asked).toBeLessThan(12_000);
  });
});
