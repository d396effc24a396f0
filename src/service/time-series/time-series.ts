import { COLUMN_NAMES, COLUMNS, type ColumnName, type Point } from './columns.ts';
import { RING_LENGTH, Ring, type SavedInterval } from './ring.ts';

/** Lengths of the coarser intervals. Those close to the sampling interval are not used. */
const COARSE_INTERVALS_S = [15, 60, 300];
/** A slow read adds its point late, but not by this much. An older point means that the clock was set back. */
const MAX_DELAY_S = 600;

/** A time window for charts, in equal intervals: a value of each column for each interval, null if unknown. */
export type SeriesWindow = Record<ColumnName, (number | null)[]> & {
  /** Length of one interval. */
  interval_s: number;
  /** Start of the first interval, in seconds since the epoch. */
  from: number;
  /** End of the last interval, in seconds since the epoch. */
  to: number;
  /** Start of each interval, in seconds since the epoch. */
  t: number[];
};

/** The stored form of a {@link TimeSeries}. */
export interface SavedTimeSeries {
  /** Names of the columns, in the order of the values. */
  columns: readonly string[];
  /** Contents of each ring. */
  tiers: { interval_s: number; intervals: SavedInterval[] }[];
}

/**
 * Usage, counts and cache activity of the last day, in memory of constant size: the latest 400 points as
 * sampled, older ones in coarser intervals.
 */
export class TimeSeries {
  /** By ascending length of their intervals. */
  readonly #rings: Ring[];
  readonly #nowS: () => number;
  #pointCount = 0;
  #newestS: number | null = null;

  /**
   * @param sampleIntervalS time between two points
   * @param now returns the time in milliseconds since the epoch
   */
  constructor(sampleIntervalS: number, now: () => number) {
    const coarse = COARSE_INTERVALS_S.filter((intervalS) => intervalS > 2 * sampleIntervalS);
    this.#rings = [sampleIntervalS, ...coarse].map((intervalS) => new Ring(intervalS));
    this.#nowS = () => now() / 1000;
  }

  /** Number of points added by this process. While it stays the same, so does every window. */
  get pointCount(): number {
    return this.#pointCount;
  }

  /** @param timeS seconds since the epoch */
  add(timeS: number, point: Point): void {
    for (const ring of this.#rings) ring.add(timeS, point);
    this.#pointCount += 1;
    const newestS = this.#newestS ?? timeS;
    this.#newestS = newestS - timeS < MAX_DELAY_S ? Math.max(timeS, newestS) : timeS;
  }

  /** Returns the last `windowS` seconds up to the newest point, in at most {@link RING_LENGTH} intervals. */
  read(windowS: number): SeriesWindow {
    const ring = this.#ringFor(windowS);
    const { intervalS } = ring;
    const last = ring.intervalAt(this.#newestS ?? this.#nowS());
    const first = last - Math.min(Math.ceil(windowS / intervalS), RING_LENGTH) + 1;
    const columns = {} as Record<ColumnName, (number | null)[]>;
    for (const column of COLUMN_NAMES) columns[column] = ring.read(column, first, last).map(rounding(column));
    // The sum of an interval that has not ended is incomplete, and would look like a drop.
    if (ring !== this.#rings[0]) {
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

  /** Returns the contents, to be stored. */
  save(): SavedTimeSeries {
    const tiers = this.#rings.map((ring) => ({ interval_s: ring.intervalS, intervals: ring.save() }));
    return { columns: COLUMN_NAMES, tiers };
  }

  /**
   * Restores the contents of a previous run. Rings whose interval is no longer used are ignored. Call it before
   * the first point is added.
   */
  restore({ tiers }: SavedTimeSeries): void {
    for (const { interval_s, intervals } of tiers)
      this.#rings.find(({ intervalS }) => intervalS === interval_s)?.restore(intervals);
  }

  /** The ring with the shortest intervals that covers the window, or else the one with the longest. */
  #ringFor(windowS: number): Ring {
    const covering = this.#rings.find(({ intervalS }) => intervalS * RING_LENGTH >= windowS);
    return covering ?? this.#rings.at(-1)!;
  }
}

/** Percentages have two decimals, all other values none. */
function rounding(column: ColumnName): (value: number | null) => number | null {
  const steps = column === 'cpu_percent' ? 100 : 1;
  return (value) => (value === null ? null : Math.round(value * steps) / steps);
}
