import type { Clock } from '../../../library/cache/index.ts';

/** How often activity is checked in each idle period. */
const CHECKS = 4;

/** What an {@link IdleTimer} works with. */
export interface IdleTimerOptions {
  readonly clock: Clock;
  /** How long without activity is idle; 0 for never. */
  readonly idleMs: number;
  /** A number that changes with each activity. */
  readonly readActivity: () => number;
  /** Called once. */
  readonly onIdle: () => void;
}

/** Detects that nothing has happened for some time. The time is exceeded by at most a quarter. */
export class IdleTimer {
  readonly #options: IdleTimerOptions;
  #activity = 0;
  #lastActiveAt = 0;
  #cancel: () => void = () => {};

  constructor(options: IdleTimerOptions) {
    this.#options = options;
  }

  /** Begins to measure. */
  start(): void {
    if (this.#options.idleMs === 0) return;
    this.#activity = this.#options.readActivity();
    this.touch();
    this.#schedule();
  }

  /** Counts as an activity. */
  touch(): void {
    this.#lastActiveAt = this.#options.clock.now();
  }

  /** Ends measuring. */
  stop(): void {
    this.#cancel();
  }

  #schedule(): void {
    const { clock, idleMs } = this.#options;
    this.#cancel = clock.after(idleMs / CHECKS, () => this.#check());
  }

  #check(): void {
    const { clock, idleMs, readActivity, onIdle } = this.#options;
    const activity = readActivity();
    if (activity !== this.#activity) this.touch();
    this.#activity = activity;
    if (clock.now() - this.#lastActiveAt >= idleMs) onIdle();
    else this.#schedule();
  }
}
