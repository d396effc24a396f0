import { setImmediate as nextTurn } from 'node:timers/promises';

/**
 * Divides synchronous work into slices, so that timers and sockets are not delayed by more than one of them.
 * @example
 * const slice = new TimeSlice(4);
 * for (const item of items) {
 *   work(item);
 *   if (slice.isOver) await slice.next();
 * }
 */
export class TimeSlice {
  readonly #lengthMs: number;
  #startedAt = performance.now();

  /** @param lengthMs how long a slice is, in milliseconds */
  constructor(lengthMs: number) {
    this.#lengthMs = lengthMs;
  }

  /** Whether the slice has lasted for its length. */
  get isOver(): boolean {
    return performance.now() - this.#startedAt >= this.#lengthMs;
  }

  /** Lets everything else run, and starts the next slice. */
  async next(): Promise<void> {
    await nextTurn();
    this.#startedAt = performance.now();
  }
}
