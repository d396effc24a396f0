import type { CacheTotals, Clock } from '../../library/cache/index.ts';
import { withinDeadline } from '../../library/util/deadline.ts';
import type { ResourceSample } from '../engines/runtime.ts';
import type { Point } from './columns.ts';
import type { TimeSeries } from './time-series.ts';
import { UNKNOWN_USAGE, type Usage, UsageMeter } from './usage.ts';

type Counts = Omit<Point, keyof Usage | `cache_${string}`>;

export interface SamplerParts {
  past: TimeSeries;
  clock: Clock;
  /** Milliseconds since the epoch. */
  now: () => number;
  /** 0: nothing is ever sampled. */
  intervalS: number;
  /** Deadline of reading what the engines use. */
  timeoutS: number;
  /** Samples of all engines, made now unless there are some no older than that; throws where none can be had. */
  readSamples: (maxAgeMs: number, signal: AbortSignal) => Promise<ReadonlyMap<string, ResourceSample>>;
  /** What is counted without asking anyone; null for what is not known. */
  readCounts: () => Counts;
  readCache: () => CacheTotals;
}

/**
 * Notes the figures at each interval. Where somebody polls them, their reads are made use of; where nobody
 * does, engines are read once in an interval. It goes past the cache: a read there would keep its key warm.
 */
export class Sampler {
  readonly #parts: SamplerParts;
  readonly #intervalMs: number;
  readonly #meter = new UsageMeter();
  readonly #stopped = new AbortController();
  #cacheBefore: CacheTotals;
  #reading = false;
  #cancel: () => void = () => {};

  constructor(parts: SamplerParts) {
    this.#parts = parts;
    this.#intervalMs = parts.intervalS * 1000;
    this.#cacheBefore = parts.readCache();
  }

  start(): void {
    const { clock, now } = this.#parts;
    if (this.#intervalMs === 0) return;
    // In the middle of an interval: at its edge, a timer that is early or late would leave one empty.
    const intoIntervalMs = now() % this.#intervalMs;
    const toMiddleMs = this.#intervalMs / 2 - intoIntervalMs;
    // One that is due at once may well be the one that fires, a moment early.
    const delayMs = toMiddleMs > this.#intervalMs / 4 ? toMiddleMs : toMiddleMs + this.#intervalMs;
    this.#cancel = clock.after(delayMs, () => {
      this.start();
      void this.#sample();
    });
  }

  stop(): void {
    this.#cancel();
    this.#stopped.abort();
  }

  async #sample(): Promise<void> {
    const { past, now, readCounts } = this.#parts;
    const timeS = now() / 1000;
    const figures = { ...readCounts(), ...this.#countReads() };
    past.note(timeS, { ...figures, ...(await this.#readUsage()) });
  }

  #countReads(): Omit<Point, keyof Usage | keyof Counts> {
    const before = this.#cacheBefore;
    const totals = this.#parts.readCache();
    this.#cacheBefore = totals;
    return {
      cache_hits: totals.hits - before.hits,
      cache_misses: totals.misses - before.misses,
      cache_loads: totals.loads - before.loads,
      cache_collapsed: totals.collapsed - before.collapsed,
      cache_stale: totals.stale - before.stale,
      cache_errors: totals.loadErrors - before.loadErrors,
    };
  }

  /** Unknown while the engines cannot be read, or while an earlier read of them is still under way. */
  async #readUsage(): Promise<Usage> {
    if (this.#reading) return UNKNOWN_USAGE;
    this.#reading = true;
    const { clock, now, timeoutS, readSamples } = this.#parts;
    const deadline = { clock, timeoutMs: timeoutS * 1000, who: 'The runtime', outer: this.#stopped.signal };
    try {
      const samples = await withinDeadline(deadline, (signal) => readSamples(this.#intervalMs / 2, signal));
      return this.#meter.measure(samples, now());
    } catch {
      // Whoever asks for the figures is told why there are none; here they are a gap.
      return UNKNOWN_USAGE;
    } finally {
      this.#reading = false;
    }
  }
}
