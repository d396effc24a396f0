import type { Clock } from '../../library/util/clock.ts';
import { differs, type VpnObservation } from './observation.ts';

export interface VpnMonitorOptions {
  observe: (signal: AbortSignal) => Promise<VpnObservation>;
  /** How long after one look the next begins, in seconds. */
  intervalS: number;
  clock: Clock;
  /** Told of each change between two looks that succeeded. */
  onChange: (previous: VpnObservation, current: VpnObservation) => void;
  /** Told of each look that succeeded, after any change: what it sets off must not read what is out of date. */
  onSeen: (current: VpnObservation) => void;
  /** Told of the first of a streak of looks that failed. A failed look is no change. */
  onError: (error: unknown) => void;
}

/** Looks at the VPN in the background, one look at a time, and tells what changed. */
export class VpnMonitor {
  readonly #options: VpnMonitorOptions;
  readonly #stopping = new AbortController();
  #last: VpnObservation | undefined;
  #looking = false;
  #lookAgain = false;
  #failing = false;
  #cancelNext: () => void = () => {};

  constructor(options: VpnMonitorOptions) {
    this.#options = options;
  }

  start(): void {
    this.poke();
  }

  stop(): void {
    this.#stopping.abort();
    this.#cancelNext();
  }

  /**
   * Looks at once, because something is known to have happened. During a look it asks for one more: the
   * one under way may have read what was true before.
   */
  poke(): void {
    if (this.#looking) {
      this.#lookAgain = true;
      return;
    }
    if (this.#stopping.signal.aborted) return;
    this.#cancelNext();
    this.#looking = true;
    this.#look().finally(() => {
      this.#looking = false;
      this.#next();
    });
  }

  #next(): void {
    if (this.#lookAgain) {
      this.#lookAgain = false;
      this.poke();
    } else if (!this.#stopping.signal.aborted) {
      this.#cancelNext = this.#options.clock.after(this.#options.intervalS * 1000, () => this.poke());
    }
  }

  async #look(): Promise<void> {
    const { signal } = this.#stopping;
    try {
      const current = await this.#options.observe(signal);
      if (signal.aborted) return;
      const previous = this.#last;
      this.#last = current;
      this.#failing = false;
      if (previous && differs(previous, current)) this.#options.onChange(previous, current);
      this.#options.onSeen(current);
    } catch (error) {
      if (signal.aborted) return;
      if (!this.#failing) this.#options.onError(error);
      this.#failing = true;
    }
  }
}
