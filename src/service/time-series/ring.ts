import { COLUMN_NAMES, COLUMNS, type ColumnName, type Point } from './columns.ts';

/** Number of intervals in a ring, and so the maximum number of intervals in one response. */
export const RING_LENGTH = 400;

/** A stored interval: its number, followed by a value for each column, null if unknown. */
export type SavedInterval = (number | null)[];

/**
 * The latest intervals of one length: a ring buffer in typed arrays, of constant size. Intervals are numbered
 * from the epoch, so a period without points reads as null, even if its slots hold older intervals.
 */
export class Ring {
  /** Length of one interval, in seconds. */
  readonly intervalS: number;
  /** Number of the interval in each slot. */
  readonly #numbers = new Float64Array(RING_LENGTH).fill(Number.NaN);
  /** Combined value in each slot, and the number of values combined. */
  readonly #columns = {} as Record<ColumnName, { values: Float64Array; counts: Uint32Array }>;

  /** @param intervalS length of one interval, in seconds */
  constructor(intervalS: number) {
    this.intervalS = intervalS;
    for (const column of COLUMN_NAMES) {
      this.#columns[column] = {
        values: new Float64Array(RING_LENGTH),
        counts: new Uint32Array(RING_LENGTH),
      };
    }
  }

  /** Returns the number of the interval that contains a time in seconds since the epoch. */
  intervalAt(timeS: number): number {
    return Math.floor(timeS / this.intervalS);
  }

  /** Adds a point to its interval. */
  add(timeS: number, point: Point): void {
    const number = this.intervalAt(timeS);
    const slot = number % RING_LENGTH;
    if (this.#numbers[slot] !== number) this.#reset(slot, number);
    for (const column of COLUMN_NAMES) {
      const value = point[column];
      if (value !== null) this.#combine(column, slot, value);
    }
  }

  /** Returns a value for each interval from number `first` to number `last`, null if unknown. */
  read(column: ColumnName, first: number, last: number): (number | null)[] {
    return Array.from({ length: last - first + 1 }, (_, index) => {
      const slot = (first + index) % RING_LENGTH;
      return this.#numbers[slot] === first + index ? this.#valueIn(column, slot) : null;
    });
  }

  /** Returns all intervals, in no particular order. */
  save(): SavedInterval[] {
    return [...this.#numbers].flatMap((number, slot) => {
      if (Number.isNaN(number)) return [];
      return [[number, ...COLUMN_NAMES.map((column) => this.#valueIn(column, slot))]];
    });
  }

  /** Adds saved intervals. In one that continues, the saved mean has the weight of a single value. */
  restore(intervals: readonly SavedInterval[]): void {
    for (const [number, ...values] of intervals) {
      const entries = COLUMN_NAMES.map((column, index) => [column, values[index] ?? null]);
      this.add((number ?? 0) * this.intervalS, Object.fromEntries(entries) as Point);
    }
  }

  #valueIn(column: ColumnName, slot: number): number | null {
    const { values, counts } = this.#columns[column];
    return counts[slot] === 0 ? null : (values[slot] ?? null);
  }

  #reset(slot: number, number: number): void {
    this.#numbers[slot] = number;
    for (const column of COLUMN_NAMES) this.#columns[column].counts[slot] = 0;
  }

  #combine(column: ColumnName, slot: number, value: number): void {
    const { values, counts } = this.#columns[column];
    const count = (counts[slot] ?? 0) + 1;
    const previous = count === 1 ? 0 : (values[slot] ?? 0);
    counts[slot] = count;
    if (COLUMNS[column] === 'sum') values[slot] = previous + value;
    else if (COLUMNS[column] === 'mean') values[slot] = previous + (value - previous) / count;
    else values[slot] = value;
  }
}
