import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../../library/cache/index.ts';

const RESOLUTION_MS = 10;
const HALF_WINDOW_MS = 30_000;

/** Delay of the event loop's timers, in seconds. */
export interface Delays {
  mean: number;
  p50: number;
  p90: number;
  p99: number;
  max: number;
}

/**
 * Delay of the event loop over the last 30 to 60 seconds, independent of how often it is read. Two histograms
 * overlap, started 30 s apart, and the older one is read: if each read reset a single histogram, two
 * scrapers would each get half of the values.
 * @see https://nodejs.org/api/perf_hooks.html#perf_hooksmonitoreventloopdelayoptions
 */
export class EventLoopDelay {
  readonly #clock: Clock;
  #older = startHistogram();
  #newer = startHistogram();
  #cancelTimer: () => void;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#cancelTimer = this.#scheduleRotation();
  }

  /** The delays measured so far; all 0 before the first measurement. */
  read(): Delays {
    const { mean, max, count } = this.#older;
    if (count === 0) return { mean: 0, p50: 0, p90: 0, p99: 0, max: 0 };
    const percentile = (percent: number) => toDelay(this.#older.percentile(percent));
    return {
      mean: toDelay(mean),
      p50: percentile(50),
      p90: percentile(90),
      p99: percentile(99),
      max: toDelay(max),
    };
  }

  /** Stops measuring. */
  stop(): void {
    this.#cancelTimer();
    this.#older.disable();
    this.#newer.disable();
  }

  #scheduleRotation(): () => void {
    return this.#clock.after(HALF_WINDOW_MS, () => {
      this.#older.disable();
      this.#older = this.#newer;
      this.#newer = startHistogram();
      this.#cancelTimer = this.#scheduleRotation();
    });
  }
}

function startHistogram(): ReturnType<typeof monitorEventLoopDelay> {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  return histogram;
}

/** The histogram measures the time between two timers set 10 ms apart; what exceeds that is the delay. */
function toDelay(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000);
}
