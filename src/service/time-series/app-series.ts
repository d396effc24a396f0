import type { Clock } from '../../library/cache/index.ts';

/** The columns of an app's series, named as in the API: counted within each interval. */
export const APP_COLUMNS = [
  'hits',
  'misses',
  'bypasses',
  'bytes_to_browser',
  'bytes_from_upstream',
  'bytes_saved',
] as const;

/** What an app's sessions have transferred since the start of the service. */
export type AppTotals = Readonly<Record<(typeof APP_COLUMNS)[number], number>>;

/** A time window of an app's series, in equal intervals; null where nothing was counted yet. */
export type AppSeriesWindow = Record<(typeof APP_COLUMNS)[number], (number | null)[]> & {
  /** Length of one interval. */
  interval_s: number;
  /** Start of the first interval, in seconds since the epoch. */
  from: number;
  /** End of the last interval, in seconds since the epoch. */
  to: number;
  /** Start of each interval, in seconds since the epoch. */
  t: number[];
};

/** Options of {@link AppSeries}. */
export interface AppSeriesOptions {
  readonly clock: Clock;
  /** Returns the time in milliseconds since the epoch. */
  readonly now: () => number;
  /** Time between two samples; 0 disables them. */
  readonly intervalS: number;
  /** Returns the totals of each app, by a name that identifies it. */
  readonly readTotals: () => ReadonlyMap<string, AppTotals>;
}

/** Most intervals in one response, and the intervals of each length that are kept. */
const MAX_INTERVALS = 400;
/** Apps whose intervals are kept. Of more, those without traffic for the longest time lose theirs. */
const MAX_APPS = 200;
const COARSE_INTERVALS_S = [15, 60, 300];
const ZERO = Object.fromEntries(APP_COLUMNS.map((name) => [name, 0])) as AppTotals;

/** The increases within one interval, in the order of {@link APP_COLUMNS}. */
type Increases = Float64Array;

/**
 * The traffic of each app over the last day, in memory. Only intervals with traffic are stored, because most apps are
 * idle most of the time.
 */
export class AppSeries {
  readonly #options: AppSeriesOptions;
  readonly #lengthsS: readonly number[];
  readonly #startedS: number;
  #totals: ReadonlyMap<string, AppTotals> = new Map();
  /** By app, the one with the latest traffic last: for each length, the intervals by their number from the epoch. */
  readonly #apps = new Map<string, Map<number, Increases>[]>();
  #sampleCount = 0;
  #sampledS: number;
  #cancelTimer: () => void = () => {};

  constructor(options: AppSeriesOptions) {
    this.#options = options;
    const { intervalS, now } = options;
    const finest = Math.max(1, intervalS);
    this.#lengthsS = [finest, ...COARSE_INTERVALS_S.filter((lengthS) => lengthS > 2 * finest)];
    this.#startedS = now() / 1000;
    this.#sampledS = this.#startedS;
  }

  /** Number of samples. While it stays the same, so does every window. */
  get sampleCount(): number {
    return this.#sampleCount;
  }

  /** Begins to sample. */
  start(): void {
    const { clock, intervalS } = this.#options;
    if (intervalS === 0) return;
    this.#cancelTimer = clock.after(intervalS * 1000, () => {
      this.sample();
      this.start();
    });
  }

  /** Ends sampling. */
  stop(): void {
    this.#cancelTimer();
  }

  /** Adds what has been counted since the previous sample. */
  sample(): void {
    const totals = this.#options.readTotals();
    this.#sampledS = this.#options.now() / 1000;
    this.#sampleCount += 1;
    for (const [app, current] of totals) {
      const previous = this.#totals.get(app) ?? ZERO;
      // A lower total is that of an app that was installed again.
      const isReset = APP_COLUMNS.some((name) => current[name] < previous[name]);
      const base = isReset ? ZERO : previous;
      if (APP_COLUMNS.some((name) => current[name] > base[name])) this.#add(app, current, base);
    }
    for (const app of this.#apps.keys()) if (!totals.has(app)) this.#apps.delete(app);
    this.#totals = totals;
  }

  /** Returns the last `windowS` seconds of an app, in at most 400 intervals. */
  read(app: string, windowS: number): AppSeriesWindow {
    const covering = this.#lengthsS.findIndex((lengthS) => lengthS * MAX_INTERVALS >= windowS);
    const index = covering === -1 ? this.#lengthsS.length - 1 : covering;
    const lengthS = this.#lengthsS[index]!;
    const last = Math.floor(this.#sampledS / lengthS);
    const first = last - Math.min(Math.ceil(windowS / lengthS), MAX_INTERVALS) + 1;
    const intervals = this.#apps.get(app)?.[index];
    // The sum of an interval that has not ended is incomplete, and would look like a drop.
    const end = index === 0 ? last : last - 1;
    const begin = Math.floor(this.#startedS / lengthS);
    const numbers = Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
    const columns = APP_COLUMNS.map((name, column) => {
      const countAt = (number: number) =>
        number < begin || number > end ? null : (intervals?.get(number)?.[column] ?? 0);
      return [name, numbers.map(countAt)] as const;
    });
    return {
      interval_s: lengthS,
      from: first * lengthS,
      to: (last + 1) * lengthS,
      t: numbers.map((number) => number * lengthS),
      ...(Object.fromEntries(columns) as Record<(typeof APP_COLUMNS)[number], (number | null)[]>),
    };
  }

  #add(app: string, current: AppTotals, base: AppTotals): void {
    const tiers = this.#apps.get(app) ?? this.#lengthsS.map(() => new Map<number, Increases>());
    this.#apps.delete(app);
    this.#apps.set(app, tiers);
    for (const [index, lengthS] of this.#lengthsS.entries()) {
      const number = Math.floor(this.#sampledS / lengthS);
      const intervals = tiers[index]!;
      const increases = intervals.get(number) ?? new Float64Array(APP_COLUMNS.length);
      for (const [column, name] of APP_COLUMNS.entries())
        increases[column] = (increases[column] ?? 0) + current[name] - base[name];
      intervals.set(number, increases);
      for (const old of intervals.keys()) {
        if (old > number - MAX_INTERVALS) break;
        intervals.delete(old);
      }
    }
    const [idlest] = this.#apps.keys();
    if (this.#apps.size > MAX_APPS && idlest !== undefined) this.#apps.delete(idlest);
  }
}
