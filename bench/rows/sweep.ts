import { Cache, type Clock, createSystemClock } from '../../src/library/cache/index.ts';
import type { Bench, Row } from '../row.ts';
import { type LoopHold, measureLoopHold } from '../support/loop-hold.ts';
import { atMost, type Finding } from '../support/measure.ts';

const TTL_S = 3600;
const SLICE = atMost(5);

export const sweep: Row = {
  name: 'sweep',
  title: 'Sweep of 1,000,000 entries',
  async run({ quick }: Bench): Promise<Finding[]> {
    const count = quick ? 50_000 : 1_000_000;
    const rounds = quick ? 1 : 5;
    const fresh: LoopHold<number>[] = [];
    const expired: LoopHold<number>[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const clock = new ShiftedClock();
      const cache = fill(count, clock);
      // Garbage of the filling must not be collected during the sweep.
      globalThis.gc?.();
      fresh.push(await sweepOf(cache, 0));
      clock.shift(2000 * TTL_S);
      expired.push(await sweepOf(cache, count));
      cache.close();
    }
    return [...findings('all expired', expired), ...findings('none expired', fresh)];
  },
};

/** The system clock plus an offset, so that entries expire without waiting. */
class ShiftedClock implements Clock {
  readonly #system = createSystemClock();
  #shiftMs = 0;

  now(): number {
    return this.#system.now() + this.#shiftMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.#system.after(delayMs, callback);
  }

  shift(ms: number): void {
    this.#shiftMs += ms;
  }
}

function fill(count: number, clock: Clock): Cache<object> {
  const limits = { maxEntries: count, maxBytes: Number.MAX_SAFE_INTEGER };
  const cache = new Cache<object>({ clock, sweepIntervalS: 0, ...limits });
  for (let index = 0; index < count; index += 1) {
    cache.set(`stats:engine:${index}`, { container_count: index }, { ttlS: TTL_S });
  }
  return cache;
}

async function sweepOf(cache: Cache<object>, expected: number): Promise<LoopHold<number>> {
  const hold = await measureLoopHold(() => cache.sweep());
  if (hold.result !== expected) throw new Error(`swept ${hold.result} entries instead of ${expected}`);
  return hold;
}

function findings(name: string, holds: readonly LoopHold<number>[]): Finding[] {
  return [
    {
      what: `${name}: longest time between two turns of the event loop`,
      unit: 'ms',
      target: SLICE,
      rounds: holds.map(({ longestMs }) => longestMs),
    },
    {
      what: `${name}: longest delay by perf_hooks, including its interval of 1 ms`,
      unit: 'ms',
      target: null,
      rounds: holds.map(({ monitoredMs }) => monitoredMs),
    },
    {
      what: `${name}: total duration`,
      unit: 'ms',
      target: null,
      rounds: holds.map(({ totalMs }) => totalMs),
    },
  ];
}
