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
