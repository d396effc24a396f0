import type { Clock } from '../../src/library/util/clock.ts';

interface Timer {
  readonly due: number;
  readonly fire: () => void;
}

/** Time that moves only when a test moves it. */
export class FakeClock implements Clock {
  /** Not zero: code that mistakes "no time yet" for a reading would otherwise go unnoticed. */
  #now = 1_000_000;
  readonly #timers = new Set<Timer>();

  /** Timers that have neither fired nor been cancelled. */
  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, fire: () => void): () => void {
    const timer = { due: this.#now + delayMs, fire };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Moves time on, firing the timers that fall due, each at its own time and in order. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#next(end); next; next = this.#next(end)) this.#fire(next);
    this.#now = end;
  }

  /** Like {@link advance}; what each timer sets off in promises is done before the next one fires. */
  async advanceAsync(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#fire(next);
      await settle();
    }
    this.#now = end;
  }

  /** Moves time on while no timer can fire, as a busy event loop does. They fire with the next advance. */
  stall(ms: number): void {
    this.#now += ms;
  }

  /** The earliest timer due by `end`; of those due together, the one set first. */
  #next(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.due <= end && (first === undefined || timer.due < first.due)) first = timer;
    }
    return first;
  }

  #fire(timer: Timer): void {
    this.#timers.delete(timer);
    this.#now = Math.max(this.#now, timer.due);
    timer.fire();
  }
}

/** Resolves once all promise callbacks that can run have run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
