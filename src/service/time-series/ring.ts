import { COLUMN_NAMES, COLUMNS, type Column, type Point } from './columns.ts';

/** Intervals that a tier remembers, and so the most that one answer holds. */
export const RING_LENGTH = 400;

/** An interval as it is written down: its number, then a figure for each column, null where none is known. */
export type SavedInterval = (number | null)[];

/**
 * The past in intervals of one length: a ring in typed arrays, whose memory does not grow. Intervals are
 * numbered from the epoch, so a time in which nothing was noted is a gap, whatever the reason.
 */
export class Ring {
  readonly intervalS: number;
  /** The number of the interval that each place of the ring holds. */
  readonly #held = new Float64Array(RING_LENGTH).fill(Number.NaN);
  readonly #figures = {} as Record<Column, { values: Float64Array; counts: Uint32Array }>;

  constructor(intervalS: number) {
    this.intervalS = intervalS;
    for (const column of COLUMN_NAMES) {
      this.#figures[column] = {
        values: new Float64Array(RING_LENGTH),
        counts: new Uint32Array(RING_LENGTH),
      };
    }
  }

  /** The number of the interval in which a time falls; seconds since the epoch. */
  numberAt(timeS: number): number {
    return Math.floor(timeS / this.intervalS);
  }

  add(timeS: number, point: Point): void {
    const number = this.numberAt(timeS);
    const place = number % RING_LENGTH;
    if (this.#held[place] !== number) this.#begin(place, number);
    for (const column of COLUMN_NAMES) {
      const figure = point[column];
      if (figure !== null) this.#merge(column, place, figure);
    }
  }

  /** One figure for each interval from the number `first` to `last`, null where none is known. */
  read(column: Column, first: number, last: number): (number | null)[] {
    return Array.from({ length: last - first + 1 }, (_, index) => {
      const place = (first + index) % RING_LENGTH;
      return this.#held[place] === first + index ? this.#figureAt(column, place) : null;
    });
  }

  /** All intervals that are remembered, in no order. */
  save(): SavedInterval[] {
    return [...this.#held].flatMap((number, place) => {
      if (Number.isNaN(number)) return [];
      return [[number, ...COLUMN_NAMES.map((column) => this.#figureAt(column, place))]];
    });
  }

  /** Takes up what was saved. In an interval that goes on, what was measured before counts as one figure. */
  restore(intervals: readonly SavedInterval[]): void {
    for (const [number, ...figures] of intervals) {
      const entries = COLUMN_NAMES.map((column, index) => [column, figures[index] ?? null]);
      this.add((number ?? 0) * this.intervalS, Object.fromEntries(entries) as Point);
    }
  }

  #figureAt(column: Column, place: number): number | null {
    const { values, counts } = this.#figures[column];
    return counts[place] === 0 ? null : (values[place] ?? null);
  }

  #begin(place: number, number: number): void {
    this.#held[place] = number;
    for (const column of COLUMN_NAMES) this.#figures[column].counts[place] = 0;
  }

  #merge(column: Column, place: number, figure: number): void {
    const { values, counts } = this.#figures[column];
    const count = (counts[place] ?? 0) + 1;
    const former = count === 1 ? 0 : (values[place] ?? 0);
    counts[place] = count;
    if (COLUMNS[column] === 'sum') values[place] = former + figure;
    else if (COLUMNS[column] === 'mean') values[place] = former + (figure - former) / count;
    else values[place] = figure;
  }
}
