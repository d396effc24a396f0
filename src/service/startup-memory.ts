import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from '../library/cache/index.ts';

/** Late enough for the first engines, for the first polls of clients, and for the end of warming. */
const DELAY_MS = 20_000;
/** Share of the time that the event loop may have been busy. The start alone takes less. */
const MAX_UTILIZATION = 0.3;

/**
 * Returns memory that only the start needed to the system, once, 20 s after the start or when the service is idle.
 * Loading the modules leaves garbage and free pages. V8 returns them only under memory pressure, or after this kind of
 * collection, which pauses the process for about 0.1 s and discards compiled code: under load, cached replies were
 * slower for minutes.
 */
export function releaseStartupMemory(clock: Clock): void {
  const before = performance.eventLoopUtilization();
  clock.after(DELAY_MS, () => {
    if (performance.eventLoopUtilization(before).utilization > MAX_UTILIZATION) {
      releaseStartupMemory(clock);
      return;
    }
    setFlagsFromString('--expose-gc');
    const collect: (options: object) => void = runInNewContext('gc');
    setFlagsFromString('--no-expose-gc');
    collect({ type: 'major', flavor: 'last-resort' });
  });
}
