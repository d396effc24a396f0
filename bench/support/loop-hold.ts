import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';

/** How long a task blocked the event loop. Durations are in milliseconds. */
export interface LoopHold<T> {
  /** Result of the task. */
  result: T;
  /** Duration of the task. */
  totalMs: number;
  /** Longest time between two turns of the event loop. */
  longestMs: number;
  /** Longest delay measured by `monitorEventLoopDelay`, including its interval of 1 ms. */
  monitoredMs: number;
}

/** Runs a task and measures the time between turns of the event loop. */
export async function measureLoopHold<T>(task: () => Promise<T>): Promise<LoopHold<T>> {
  const monitor = monitorEventLoopDelay({ resolution: 1 });
  monitor.enable();
  let last = performance.now();
  let longestMs = 0;
  let running = true;
  const check = () => {
    const now = performance.now();
    longestMs = Math.max(longestMs, now - last);
    last = now;
    if (running) setImmediate(check);
  };
  setImmediate(check);
  await turn();
  const startedAt = performance.now();
  const result = await task();
  const totalMs = performance.now() - startedAt;
  await turn();
  running = false;
  monitor.disable();
  return { result, totalMs, longestMs, monitoredMs: monitor.max / 1e6 };
}
