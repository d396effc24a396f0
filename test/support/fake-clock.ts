import type { Clock } from '../../src/library/util/clock.ts';

interface Timer {
  readonly due: number;
  readonly fire: () => void;
}

/** A clock whose time only a test advances. */
export class FakeClock implements Clock {
  /** Not 0, so that code which confuses an unset time with a time of 0 fails. */
  #now = 1_000_000;
  readonly #timers = new Set<Timer>();

  /** Number of timers that have neither fired nor been cancelled. */
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

  /** Advances the time and fires the timers that become due, in order, each at its due time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (let next = this.#next(end); next; next = this.#next(end)) this.#fire(next);
    this.#now = end;
  }

  /** Like {@link advance}, and runs the promise callbacks that each timer causes before the next one fires. */
  async advanceAsync(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let next = this.#next(end); next; next = this.#next(end)) {
      this.#fire(next);
      await settle();
    }
    this.#now = end;
  }

  /** Advances the time without firing timers, as a blocked event loop does. They fire at the next advance. */
  stall(ms: number): void {
    this.#now += ms;
  }

  /** The timer with the earliest due time up to `end`; of several, the one that was set first. */
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

/** Resolves when all promise callbacks that are ready have run. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
