import { COLUMN_NAMES, COLUMNS, type Column, type Point } from './columns.ts';
import { RING_LENGTH, Ring, type SavedInterval } from './ring.ts';

/** Lengths of the coarser intervals, which are used where they are well above that of sampling. */
const COARSE_S = [15, 60, 300];
/** A slow read is noted late, but not by as much as this: then the clock was set back. */
const LATEST_S = 600;

/** What a chart is drawn from: times are seconds since the epoch, at the beginning of each interval. */
export type SeriesWindow = Record<Column, (number | null)[]> & {
  interval_s: number;
  from: number;
  to: number;
  t: number[];
};

/** A past as it is written down, by the length of its intervals. */
export interface SavedTimeSeries {
  columns: readonly string[];
  tiers: { interval_s: number; intervals: SavedInterval[] }[];
}

/**
 * The figures of the last day: the latest hour or so as finely as they were sampled, what is older in
 * coarser intervals.
 */
export class TimeSeries {
  readonly #tiers: Ring[];
  readonly #now: () => number;
  #noted = 0;
  #newestS: number | null = null;

  /** @param nowMs milliseconds since the epoch. */
  constructor(sampleIntervalS: number, nowMs: () => number) {
    const coarse = COARSE_S.filter((lengthS) => lengthS > 2 * sampleIntervalS);
    this.#tiers = [sampleIntervalS, ...coarse].map((lengthS) => new Ring(lengthS));
    this.#now = () => nowMs() / 1000;
  }

  /** How many points were noted: as long as this stays, so do all answers. */
  get noted(): number {
    return this.#noted;
  }

  note(timeS: number, point: Point): void {
    for (const tier of this.#tiers) tier.add(timeS, point);
    this.#noted += 1;
    const newestS = this.#newestS ?? timeS;
    this.#newestS = newestS - timeS < LATEST_S ? Math.max(timeS, newestS) : timeS;
  }

  /** The last `windowS` seconds up to the newest point, in at most 400 intervals. */
  read(windowS: number): SeriesWindow {
    const tier = this.#tierFor(windowS);
    const { intervalS } = tier;
    const last = tier.numberAt(this.#newestS ?? this.#now());
    const first = last - Math.min(Math.ceil(windowS / intervalS), RING_LENGTH) + 1;
    const columns = {} as Record<Column, (number | null)[]>;
    for (const column of COLUMN_NAMES) columns[column] = tier.read(column, first, last).map(rounding(column));
    // What has happened in an interval is not known before its end; a part of it would look like a fall.
    if (tier !== this.#tiers[0]) {
      for (const column of COLUMN_NAMES) if (COLUMNS[column] === 'sum') columns[column].splice(-1, 1, null);
    }
    return {
      interval_s: intervalS,
      from: first * intervalS,
      to: (last + 1) * intervalS,
      t: Array.from({ length: last - first + 1 }, (_, index) => (first + index) * intervalS),
      ...columns,
    };
  }

  save(): SavedTimeSeries {
    const tiers = this.#tiers.map((tier) => ({ interval_s: tier.intervalS, intervals: tier.save() }));
    return { columns: COLUMN_NAMES, tiers };
  }

  /** Takes up the intervals of the former run that are as long as now. Call it before anything is noted. */
  restore({ tiers }: SavedTimeSeries): void {
    for (const { interval_s, intervals } of tiers)
      this.#tiers.find(({ intervalS }) => intervalS === interval_s)?.restore(intervals);
  }

  /** The finest intervals that reach back so far. */
  #tierFor(windowS: number): Ring {
    const fitting = this.#tiers.find(({ intervalS }) => intervalS * RING_LENGTH >= windowS);
    return fitting ?? this.#tiers.at(-1)!;
  }
}

/** More digits would be noise. */
function rounding(column: Column): (figure: number | null) => number | null {
  const steps = column === 'cpu_percent' ? 100 : 1;
  return (figure) => (figure === null ? null : Math.round(figure * steps) / steps);
}
