import type { Clock } from '../../library/util/clock.ts';
import { SerialTask } from '../../library/util/serial-task.ts';
import { hasChanged, type VpnObservation } from './observation.ts';

/** Options of a {@link VpnMonitor}. */
export interface VpnMonitorOptions {
  /** Observes the VPN. */
  observe: (signal: AbortSignal) => Promise<VpnObservation>;
  /** Pause between the end of one check and the start of the next, in seconds. */
  intervalS: number;
  /** Source of time for `intervalS`. */
  clock: Clock;
  /** Called when an observation differs from the previous one. */
  onChange: (previous: VpnObservation, current: VpnObservation) => void;
  /**
   * Called after every successful check, after `onChange`: by then outdated answers have been invalidated.
   */
  onObservation: (current: VpnObservation) => void;
  /** Called on the first of several consecutive failed checks. A failed check is not reported as a change. */
  onError: (error: unknown) => void;
}

/** Checks one VPN in the background, one check at a time, and reports changes. */
export class VpnMonitor {
  readonly #options: VpnMonitorOptions;
  readonly #task: SerialTask;
  #previous: VpnObservation | undefined;
  #failing = false;

  constructor(options: VpnMonitorOptions) {
    this.#options = options;
    const { clock, intervalS } = options;
    this.#task = new SerialTask((signal) => this.#check(signal), { clock, intervalMs: intervalS * 1000 });
  }

  /** Runs the first check now. */
  start(): void {
    this.check();
  }

  /** Aborts the check in progress and starts no other. */
  stop(): void {
    this.#task.stop();
  }

  /** Checks now, or once more after the check in progress, which may have read the state from before. */
  check(): void {
    this.#task.trigger();
  }

  async #check(signal: AbortSignal): Promise<void> {
    try {
      const current = await this.#options.observe(signal);
      if (signal.aborted) return;
      const previous = this.#previous;
      this.#previous = current;
      this.#failing = false;
      if (previous && hasChanged(previous, current)) this.#options.onChange(previous, current);
      this.#options.onObservation(current);
    } catch (error) {
      if (signal.aborted) return;
      if (!this.#failing) this.#options.onError(error);
      this.#failing = true;
    }
  }
}
