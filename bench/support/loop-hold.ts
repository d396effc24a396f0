import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';

/** How some work kept others from their turn. Milliseconds. */
export interface LoopHold<T> {
  answer: T;
  /** From the start of the work to its end. */
  totalMs: number;
  /** Longest time between two turns of the event loop. */
  longestMs: number;
  /** Longest delay as Node's own monitor sees it, its interval of 1 ms included. */
  monitoredMs: number;
}

/** Does some work, and looks on every turn of the event loop how long ago the last one was. */
export async function holdOf<T>(work: () => Promise<T>): Promise<LoopHold<T>> {
  const monitor = monitorEventLoopDelay({ resolution: 1 });
  monitor.enable();
  let last = performance.now();
  let longestMs = 0;
  let working = true;
  const look = () => {
    const now = performance.now();
    longestMs = Math.max(longestMs, now - last);
    last = now;
    if (working) setImmediate(look);
  };
  setImmediate(look);
  await turn();
  const begun = performance.now();
  const answer = await work();
  const totalMs = performance.now() - begun;
  await turn();
  working = false;
  monitor.disable();
  return { answer, totalMs, longestMs, monitoredMs: monitor.max / 1e6 };
}
