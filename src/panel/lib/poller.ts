import type { Reading } from './api.ts';
import type { Clock } from './clock.ts';
import { Store } from './store.ts';

/** What is known of one polled read. */
export interface Polled<T> {
  /** The last good answer; null before the first. */
  value: T | null;
  /** When the service made it, in the clock's milliseconds. */
  madeAt: number | null;
  /** The source behind the service fails, and this is the last good answer it had. */
  stale: boolean;
  /** Why the last attempt failed; null if it did not. */
  error: Error | null;
}

export interface PollerParts<T> {
  clock: Clock;
  read: (etag: string | null) => Promise<Reading<T>>;
  /** Milliseconds between two polls. */
  intervalMs: () => number;
}

/** Notices come in bursts, as when twenty engines start: that is one change to a reader. */
const MIN_GAP_MS = 250;

/** Polls one read while somebody looks: one request at a time, at an interval, or at once when asked. */
export class Poller<T> {
  readonly state = new Store<Polled<T>>({ value: null, madeAt: null, stale: false, error: null });
  readonly #parts: PollerParts<T>;
  #etag: string | null = null;
  #watchers = 0;
  #paused = false;
  #reading = false;
  #again = false;
  #begunAt = Number.NEGATIVE_INFINITY;
  #cancel: () => void = () => {};

  constructor(parts: PollerParts<T>) {
    this.#parts = parts;
  }

  /** Counts a reader in; polling goes on until the returned function has been called for each. */
  watch(): () => void {
    this.#watchers += 1;
    if (this.#watchers === 1) this.#schedule();
    let watching = true;
    return () => {
      if (!watching) return;
      watching = false;
      this.#watchers -= 1;
      if (this.#watchers === 0) this.#cancel();
    };
  }

  /** While paused nothing is asked; afterwards at once what has become due. */
  pause(paused: boolean): void {
    this.#paused = paused;
    this.#schedule();
  }

  /** Asks at once, or right after the request under way, which may be answered from before the change. */
  ask(): void {
    if (this.#reading) this.#again = true;
    else this.#schedule(MIN_GAP_MS);
  }

  /** Follows a change of the interval. */
  retime(): void {
    if (!this.#reading) this.#schedule();
  }

  get #idle(): boolean {
    return this.#paused || this.#watchers === 0;
  }

  #schedule(gapMs?: number): void {
    this.#cancel();
    this.#cancel = () => {};
    if (this.#idle || this.#reading) return;
    const waitMs = this.#begunAt + (gapMs ?? this.#parts.intervalMs()) - this.#parts.clock.now();
    if (waitMs <= 0) void this.#poll();
    else this.#cancel = this.#parts.clock.after(waitMs, () => void this.#poll());
  }

  async #poll(): Promise<void> {
    const { clock, read } = this.#parts;
    this.#reading = true;
    this.#again = false;
    this.#begunAt = clock.now();
    try {
      this.#take(await read(this.#etag));
    } catch (error) {
      this.state.value = { ...this.state.value, error: error as Error };
    }
    this.#reading = false;
    this.#schedule(this.#again ? MIN_GAP_MS : undefined);
  }

  #take(reading: Reading<T>): void {
    const { stale, etag, ageS } = reading;
    const value = reading.same ? this.state.value.value : reading.value;
    this.#etag = etag;
    const madeAt = this.#parts.clock.now() - ageS * 1000;
    this.state.value = { value, madeAt, stale, error: null };
  }
}
