import type { Reading } from './api.ts';
import type { Clock } from './clock.ts';
import { Store } from './store.ts';

/** State of a polled resource. */
export interface Polled<T> {
  /** The last value received; null before the first. */
  value: T | null;
  /** When the service generated the value, in milliseconds of the panel's clock. */
  generatedAt: number | null;
  /** Whether the service could not read its source and returned the last good value. */
  stale: boolean;
  /** Why the latest request failed; null if it succeeded. */
  error: Error | null;
}

/** Options of {@link Poller}. */
export interface PollerOptions<T> {
  clock: Clock;
  read: (etag: string | null) => Promise<Reading<T>>;
  /** Returns the milliseconds from the start of one request to the start of the next. */
  intervalMs: () => number;
}

/** Minimum time between two requests. Notices come in bursts, such as when twenty engines start. */
const MIN_GAP_MS = 250;

/** Polls a resource while it has watchers, with at most one request at a time. */
export class Poller<T> {
  readonly state = new Store<Polled<T>>({ value: null, generatedAt: null, stale: false, error: null });
  readonly #options: PollerOptions<T>;
  #etag: string | null = null;
  #watchers = 0;
  #paused = false;
  #reading = false;
  #refreshAgain = false;
  #lastStartedAt = Number.NEGATIVE_INFINITY;
  #cancelTimer: () => void = () => {};

  constructor(options: PollerOptions<T>) {
    this.#options = options;
  }

  /** Whether there is a watcher. */
  get isWatched(): boolean {
    return this.#watchers > 0;
  }

  /** Adds a watcher. @returns a function that removes it; without watchers there are no requests */
  watch(): () => void {
    this.#watchers += 1;
    if (this.#watchers === 1) this.#schedule();
    let watching = true;
    return () => {
      if (!watching) return;
      watching = false;
      this.#watchers -= 1;
      if (this.#watchers === 0) this.#cancelTimer();
    };
  }

  /** Stops requests, or resumes them: a request that fell due in the meantime is sent immediately. */
  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#schedule();
  }

  /** Reads now, or again after the request in flight, whose response may be older than the change. */
  refresh(): void {
    if (this.#reading) this.#refreshAgain = true;
    else this.#schedule(MIN_GAP_MS);
  }

  /** Applies a changed interval. */
  reschedule(): void {
    if (!this.#reading) this.#schedule();
  }

  #schedule(gapMs?: number): void {
    this.#cancelTimer();
    this.#cancelTimer = () => {};
    if (this.#paused || this.#watchers === 0 || this.#reading) return;
    const delayMs = this.#lastStartedAt + (gapMs ?? this.#options.intervalMs()) - this.#options.clock.now();
    if (delayMs <= 0) void this.#poll();
    else this.#cancelTimer = this.#options.clock.after(delayMs, () => void this.#poll());
  }

  async #poll(): Promise<void> {
    const { clock, read } = this.#options;
    this.#reading = true;
    this.#refreshAgain = false;
    this.#lastStartedAt = clock.now();
    try {
      this.#update(await read(this.#etag));
    } catch (error) {
      this.state.value = { ...this.state.value, error: error as Error };
    }
    this.#reading = false;
    this.#schedule(this.#refreshAgain ? MIN_GAP_MS : undefined);
  }

  #update(reading: Reading<T>): void {
    const { stale, etag, ageS } = reading;
    const value = reading.notModified ? this.state.value.value : reading.value;
    this.#etag = etag;
    const generatedAt = this.#options.clock.now() - ageS * 1000;
    this.state.value = { value, generatedAt, stale, error: null };
  }
}
