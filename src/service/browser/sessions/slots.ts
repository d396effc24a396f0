import type { Clock } from '../../../library/cache/index.ts';
import { withinDeadline } from '../../../library/util/deadline.ts';
import { RoundhouseError } from '../../errors.ts';

/** A bounded number of places. Callers wait in the order of their calls, up to a deadline. */
export class Slots {
  readonly #max: number;
  readonly #clock: Clock;
  readonly #queue: (() => void)[] = [];
  #used = 0;

  constructor(max: number, clock: Clock) {
    this.#max = max;
    this.#clock = clock;
  }

  /** Number of places that are taken. */
  get used(): number {
    return this.#used;
  }

  /** Number of callers that wait. */
  get waiting(): number {
    return this.#queue.length;
  }

  /**
   * Takes a place, or waits for one.
   * @param timeoutMs how long to wait
   * @param signal ends the wait; its reason is thrown
   * @returns a function that frees the place; calling it again has no effect
   * @throws RoundhouseError `too_many_sessions` after `timeoutMs`
   */
  async take(timeoutMs: number, signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#used < this.#max) {
      this.#used += 1;
      return this.#freeOnce();
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#queue.push(resolve);
    const deadline = { clock: this.#clock, timeoutMs, subject: 'The queue', signal };
    try {
      await withinDeadline(deadline, () => promise);
    } catch (error) {
      const position = this.#queue.indexOf(resolve);
      if (position >= 0) this.#queue.splice(position, 1);
      // The place was passed on in the same turn as the deadline.
      else this.#passOn();
      signal.throwIfAborted();
      throw new RoundhouseError(
        'too_many_sessions',
        `All ${this.#max} sessions (BROWSER_MAX_SESSIONS) are in use, and none has ended within ${timeoutMs / 1000} s`,
        { cause: error },
      );
    }
    return this.#freeOnce();
  }

  #freeOnce(): () => void {
    let isFree = false;
    return () => {
      if (isFree) return;
      isFree = true;
      this.#passOn();
    };
  }

  /** Gives a place to the first caller that waits. */
  #passOn(): void {
    const next = this.#queue.shift();
    if (next) next();
    else this.#used -= 1;
  }
}
