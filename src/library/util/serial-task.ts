import { type Clock, createSystemClock } from './clock.ts';

/** How a {@link SerialTask} is scheduled. */
export interface SerialTaskOptions {
  /** Source of time for pauses. Default: the system's clock. */
  clock?: Clock;
  /** Pause between the end of a run and the start of the next, in milliseconds. Default: runs only when triggered. */
  intervalMs?: number;
}

/**
 * One run of the task.
 * @param signal aborted by {@link SerialTask.stop}
 * @returns the pause before the next run in milliseconds, or undefined for `intervalMs`
 */
export type SerialRun = (signal: AbortSignal) => Promise<number | undefined> | Promise<void>;

/**
 * Runs an asynchronous task, one run at a time. Any number of triggers during a run start exactly one more run
 * after it, because the run in progress may have read its input before the trigger.
 *
 * The task must handle its own errors: a run that rejects is an unhandled rejection.
 */
export class SerialTask {
  readonly #run: SerialRun;
  readonly #clock: Clock;
  readonly #intervalMs: number | undefined;
  readonly #controller = new AbortController();
  #current: Promise<void> | undefined;
  #running = false;
  #triggeredDuringRun = false;
  #backoffMs: number | undefined;
  #cancelTimer: () => void = () => {};

  constructor(run: SerialRun, { clock = createSystemClock(), intervalMs }: SerialTaskOptions = {}) {
    this.#run = run;
    this.#clock = clock;
    this.#intervalMs = intervalMs;
  }

  /** Whether a run is in progress. */
  get running(): boolean {
    return this.#running;
  }

  /** Starts a run now, or one more after the run in progress. Does nothing after {@link stop}. */
  trigger(): void {
    if (this.#controller.signal.aborted) return;
    if (this.#running) {
      this.#triggeredDuringRun = true;
      return;
    }
    this.#cancelTimer();
    // Set before the run: its synchronous part may trigger the task.
    this.#running = true;
    this.#current = this.#runOnce();
  }

  /** Starts the next run after `delayMs`, in place of any pause. The end of a run in progress sets a new pause. */
  schedule(delayMs: number): void {
    this.#cancelTimer();
    if (!this.#controller.signal.aborted)
      this.#cancelTimer = this.#clock.after(delayMs, () => this.trigger());
  }

  /**
   * Called by a run: postpones the next run by `delayMs`, even if it has been triggered during this one, as a
   * failing run may do itself. A trigger after this run starts the next one at once.
   */
  backOff(delayMs: number): void {
    this.#backoffMs = delayMs;
  }

  /** Aborts the signal of the run in progress and prevents further runs. */
  stop(): void {
    this.#controller.abort();
    this.#cancelTimer();
  }

  /** Like {@link stop}, and resolves when the run in progress has ended. */
  async close(): Promise<void> {
    this.stop();
    await this.#current;
  }

  async #runOnce(): Promise<void> {
    const { signal } = this.#controller;
    let pauseMs: number | undefined;
    try {
      pauseMs = (await this.#run(signal)) ?? this.#intervalMs;
    } finally {
      this.#running = false;
      const again = this.#triggeredDuringRun && this.#backoffMs === undefined;
      const nextMs = this.#backoffMs ?? pauseMs;
      this.#triggeredDuringRun = false;
      this.#backoffMs = undefined;
      if (again) this.trigger();
      else if (nextMs !== undefined) this.schedule(nextMs);
    }
  }
}
