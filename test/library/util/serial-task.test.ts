import { describe, expect, test } from 'vitest';
import { SerialTask } from '../../../src/library/util/serial-task.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function setUp(intervalMs?: number) {
  const clock = new FakeClock();
  const runs: { end: (pauseMs?: number) => Promise<void>; signal: AbortSignal }[] = [];
  const task = new SerialTask(
    (signal) =>
      new Promise<number | undefined>((resolve) => {
        const end = async (pauseMs?: number) => {
          resolve(pauseMs);
          await new Promise(setImmediate);
        };
        runs.push({ end, signal });
      }),
    { clock, ...(intervalMs === undefined ? {} : { intervalMs }) },
  );
  return { clock, runs, task };
}

describe('SerialTask', () => {
  test('does not run before it is triggered', () => {
    const { clock, runs } = setUp(100);
    clock.advance(1000);
    expect(runs).toHaveLength(0);
  });

  test('runs once more after a run during which it was triggered several times', async () => {
    const { runs, task } = setUp();
    task.trigger();
    task.trigger();
    task.trigger();
    expect(runs).toHaveLength(1);
    await runs[0]!.end();
    expect(runs).toHaveLength(2);
    await runs[1]!.end();
    expect(runs).toHaveLength(2);
    expect(task.running).toBe(false);
  });

  test('waits for the interval after the end of a run', async () => {
    const { clock, runs, task } = setUp(100);
    task.trigger();
    clock.advance(500);
    expect(runs).toHaveLength(1);
    await runs[0]!.end();
    clock.advance(99);
    expect(runs).toHaveLength(1);
    clock.advance(1);
    expect(runs).toHaveLength(2);
  });

  test('waits for the pause that the run returns, and a trigger ends the wait', async () => {
    const { clock, runs, task } = setUp(100);
    task.trigger();
    await runs[0]!.end(1000);
    clock.advance(999);
    expect(runs).toHaveLength(1);
    task.trigger();
    expect(runs).toHaveLength(2);
    await runs[1]!.end();
    clock.advance(1);
    expect(runs).toHaveLength(2);
    clock.advance(99);
    expect(runs).toHaveLength(3);
  });

  test('a trigger from the synchronous part of a run starts no second run beside it', async () => {
    let active = 0;
    let runs = 0;
    const task: SerialTask = new SerialTask(async () => {
      active += 1;
      runs += 1;
      expect(active).toBe(1);
      if (runs === 1) task.trigger();
      await new Promise(setImmediate);
      active -= 1;
    });
    task.trigger();
    await expect.poll(() => task.running).toBe(false);
    expect(runs).toBe(2);
  });

  test('a run that backs off postpones the next one, triggers during it included', async () => {
    const clock = new FakeClock();
    let runs = 0;
    const task: SerialTask = new SerialTask(
      async () => {
        runs += 1;
        task.trigger();
        if (runs === 1) task.backOff(500);
        else task.stop();
      },
      { clock, intervalMs: 10 },
    );
    task.trigger();
    await clock.advanceAsync(499);
    expect(runs).toBe(1);
    await clock.advanceAsync(1);
    expect(runs).toBe(2);
  });

  test('a scheduled run replaces the pause, and nothing is scheduled once stopped', async () => {
    const { clock, runs, task } = setUp(1000);
    task.trigger();
    await runs[0]!.end();
    task.schedule(100);
    clock.advance(100);
    expect(runs).toHaveLength(2);
    await runs[1]!.end();
    clock.advance(999);
    expect(runs).toHaveLength(2);
    task.stop();
    task.schedule(1);
    clock.advance(1000);
    expect(runs).toHaveLength(2);
  });

  test('close aborts the run in progress and prevents further runs', async () => {
    const { clock, runs, task } = setUp(100);
    task.trigger();
    task.trigger();
    const closed = task.close();
    expect(runs[0]!.signal.aborted).toBe(true);
    await runs[0]!.end();
    await closed;
    task.trigger();
    clock.advance(1000);
    expect(runs).toHaveLength(1);
  });
});
