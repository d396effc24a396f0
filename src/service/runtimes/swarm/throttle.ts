import { type Clock, createSystemClock } from '../../../library/cache/index.ts';

/** Limits how often a task runs: at once, and if it is requested again within the interval, once more at its end. */
export class Throttle {
  readonly #intervalMs: number;
  readonly #clock: Clock;
  /** For each key whose interval runs: whether it was requested again, and how to cancel the timer. */
  readonly #waiting = new Map<string, { again: boolean; cancel: () => void }>();

  /** @param clock defaults to the system's clock */
  constructor(intervalMs: number, clock: Clock = createSystemClock()) {
    this.#intervalMs = intervalMs;
    this.#clock = clock;
  }

  /** Requests a task. Tasks with the same key are the same. */
  run(key: string, task: () => void): void {
    const waiting = this.#waiting.get(key);
    if (waiting) {
      waiting.again = true;
      return;
    }
    const cancel = this.#clock.after(this.#intervalMs, () => {
      const { again } = this.#waiting.get(key)!;
      this.#waiting.delete(key);
      if (again) this.run(key, task);
    });
    this.#waiting.set(key, { again: false, cancel });
    task();
  }

  /** Drops what is still to be run. */
  close(): void {
    for (const { cancel } of this.#waiting.values()) cancel();
    this.#waiting.clear();
  }
}
