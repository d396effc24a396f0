import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock } from '../../library/cache/index.ts';

const RESOLUTION_MS = 10;
const HALF_WINDOW_MS = 30_000;

/** How late the event loop was with its timers, in seconds. */
export interface Delays {
  mean: number;
  p50: number;
  p90: number;
  p99: number;
  max: number;
}

/**
 * The delay of the event loop over the last 30 to 60 seconds, whoever asks and however often. Two
 * measurements overlap, begun 30 s apart, and the longer one answers: one that each answer sets back would
 * give two scrapers half the truth each.
 */
export class EventLoopDelay {
  readonly #clock: Clock;
  #longer = begin();
  #shorter = begin();
  #cancelTurn: () => void;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#cancelTurn = this.#turnLater();
  }

  read(): Delays {
    const { mean, max, count } = this.#longer;
    if (count === 0) return { mean: 0, p50: 0, p90: 0, p99: 0, max: 0 };
    const percentile = (percent: number) => toDelay(this.#longer.percentile(percent));
    return {
      mean: toDelay(mean),
      p50: percentile(50),
      p90: percentile(90),
      p99: percentile(99),
      max: toDelay(max),
    };
  }

  stop(): void {
    this.#cancelTurn();
    this.#longer.disable();
    this.#shorter.disable();
  }

  #turnLater(): () => void {
    return this.#clock.after(HALF_WINDOW_MS, () => {
      this.#longer.disable();
      this.#longer = this.#shorter;
      this.#shorter = begin();
      this.#cancelTurn = this.#turnLater();
    });
  }
}

function begin(): ReturnType<typeof monitorEventLoopDelay> {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  return histogram;
}

/** What is measured is the time between two timers that are to fire 10 ms apart. */
function toDelay(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e9 - RESOLUTION_MS / 1000);
}
