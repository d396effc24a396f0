import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from '../library/cache/index.ts';

/** Late enough for the first engines, and for the first polls of clients that waited for the service. */
const DELAY_MS = 10_000;

/**
 * Returns memory that only the start needed to the system, once, 10 s after the start. Loading the modules leaves
 * 60 MB of garbage and free pages. V8 returns them only under memory pressure, or after this kind of collection, which
 * pauses the process for about 0.1 s.
 */
export function releaseStartupMemory(clock: Clock): void {
  clock.after(DELAY_MS, () => {
    setFlagsFromString('--expose-gc');
    const collect: (options: object) => void = runInNewContext('gc');
    setFlagsFromString('--no-expose-gc');
    collect({ type: 'major', flavor: 'last-resort' });
  });
}
