import type { CacheTotals, Clock } from '../../library/cache/index.ts';
import { withinDeadline } from '../../library/util/deadline.ts';
import type { ResourceSample } from '../engines/runtime.ts';
import type { Point } from './columns.ts';
import type { TimeSeries } from './time-series.ts';
import { UNKNOWN_USAGE, type Usage, UsageMeter } from './usage.ts';

type CacheActivity = Pick<Point, Extract<keyof Point, `cache_${string}`>>;
type Counts = Omit<Point, keyof Usage | keyof CacheActivity>;

/** Options of a {@link Sampler}. */
export interface SamplerOptions {
  /** Receives the points. */
  timeSeries: TimeSeries;
  clock: Clock;
  /** Returns the time in milliseconds since the epoch. */
  now: () => number;
  /** Time between two points; 0 disables sampling. */
  intervalS: number;
  /** Timeout of `readSamples`. */
  timeoutS: number;
  /**
   * Returns a sample of every engine, at most `maxAgeMs` old.
   * @throws if the samples cannot be read
   */
  readSamples: (maxAgeMs: number, signal: AbortSignal) => Promise<ReadonlyMap<string, ResourceSample>>;
  /** Returns counts that are in memory; null for unknown ones. */
  readCounts: () => Counts;
  /** Called with the samples of all engines, and the time in seconds since the epoch. */
  onSamples: (timeS: number, samples: ReadonlyMap<string, ResourceSample>) => void;
  /** Returns the totals of the cache since the start. */
  readCacheTotals: () => CacheTotals;
}

/**
 * Adds a point to the time series in each interval. Samples that were read for a client within half an interval
 * are reused; otherwise all engines are sampled. It bypasses the cache: reading through it would make the cache
 * treat the key as watched and refresh it.
 */
export class Sampler {
  readonly #options: SamplerOptions;
  readonly #intervalMs: number;
  readonly #meter = new UsageMeter();
  readonly #stopController = new AbortController();
  #previousTotals: CacheTotals;
  #reading = false;
  #cancelTimer: () => void = () => {};

  constructor(options: SamplerOptions) {
    this.#options = options;
    this.#intervalMs = options.intervalS * 1000;
    this.#previousTotals = options.readCacheTotals();
  }

  /** Schedules the next point, and all later ones. */
  start(): void {
    const { clock, now } = this.#options;
    if (this.#intervalMs === 0) return;
    // In the middle of an interval: at its boundary, an early or late timer would leave an interval empty.
    const elapsedMs = now() % this.#intervalMs;
    const toMiddleMs = this.#intervalMs / 2 - elapsedMs;
    // A timer that fires slightly early is still before the middle of its interval: it must not add a second point.
    const delayMs = toMiddleMs > this.#intervalMs / 4 ? toMiddleMs : toMiddleMs + this.#intervalMs;
    this.#cancelTimer = clock.after(delayMs, () => {
      this.start();
      void this.#sample();
    });
  }

  /** Stops sampling and aborts a read in progress. */
  stop(): void {
    this.#cancelTimer();
    this.#stopController.abort();
  }

  async #sample(): Promise<void> {
    const { timeSeries, now, readCounts } = this.#options;
    const timeS = now() / 1000;
    const counts = { ...readCounts(), ...this.#readCacheActivity() };
    timeSeries.add(timeS, { ...counts, ...(await this.#readUsage()) });
  }

  /** What the cache has done since the previous point. */
  #readCacheActivity(): CacheActivity {
    const previous = this.#previousTotals;
    const totals = this.#options.readCacheTotals();
    this.#previousTotals = totals;
    return {
      cache_hits: totals.hits - previous.hits,
      cache_misses: totals.misses - previous.misses,
      cache_loads: totals.loads - previous.loads,
      cache_collapsed: totals.collapsed - previous.collapsed,
      cache_stale: totals.stale - previous.stale,
      cache_errors: totals.loadErrors - previous.loadErrors,
    };
  }

  /** Unknown if the engines cannot be read, or if the previous read is still in progress. */
  async #readUsage(): Promise<Usage> {
    if (this.#reading) return UNKNOWN_USAGE;
    this.#reading = true;
    const { clock, now, timeoutS, readSamples } = this.#options;
    const deadline = {
      clock,
      timeoutMs: timeoutS * 1000,
      subject: 'The runtime',
      signal: this.#stopController.signal,
    };
    try {
      const samples = await withinDeadline(deadline, (signal) => readSamples(this.#intervalMs / 2, signal));
      this.#options.onSamples(now() / 1000, samples);
      return this.#meter.measure(samples, now());
    } catch {
      // A gap in the chart. Clients that read the stats of engines get the error.
      return UNKNOWN_USAGE;
    } finally {
      this.#reading = false;
    }
  }
}
