import type { Clock } from '../util/clock.ts';
import { SerialTask } from '../util/serial-task.ts';
import { BrowserStateError } from './errors.ts';
import type { Lease } from './leases/lease.ts';

/** Renews the lease of a mount until it ends. */
export class LeaseKeeper {
  /** Aborted when the lease is lost. */
  readonly signal: AbortSignal;
  readonly #lost = new AbortController();
  readonly #lease: Lease;
  readonly #session: string;
  readonly #leaseMs: number;
  readonly #clock: Clock;
  readonly #renewals: SerialTask;
  #renewedAt: number;

  constructor(
    lease: Lease,
    options: { session: string; leaseMs: number; clock: Clock; onError: (error: unknown) => void },
  ) {
    this.signal = this.#lost.signal;
    this.#lease = lease;
    this.#session = options.session;
    this.#leaseMs = options.leaseMs;
    this.#clock = options.clock;
    this.#renewedAt = options.clock.now();
    const renew = async () => {
      try {
        await this.#renew();
      } catch (error) {
        options.onError(error);
      }
    };
    this.#renewals = new SerialTask(renew, { clock: options.clock, intervalMs: options.leaseMs / 3 });
    this.#renewals.schedule(options.leaseMs / 3);
  }

  /** Time until the lease ends unless it is renewed, in milliseconds. */
  get remainingMs(): number {
    return Math.max(0, this.#renewedAt + this.#leaseMs - this.#clock.now());
  }

  /**
   * Makes sure that the lease is held: renews it if it may have ended, for example while this process was stopped, or
   * if the lease requires it.
   * @throws BrowserStateError `LEASE_LOST` if another mount has taken it
   */
  async check(): Promise<void> {
    const mustRenew = this.#lease.renewBeforeCommit || this.remainingMs === 0;
    if (!this.signal.aborted && mustRenew) await this.#renew();
    if (this.signal.aborted) throw this.signal.reason;
  }

  /** Stops the renewals and releases the lease. */
  async close(): Promise<void> {
    await this.#renewals.close();
    if (!this.signal.aborted) await this.#lease.release();
  }

  async #renew(): Promise<void> {
    const startedAt = this.#clock.now();
    if (await this.#lease.renew()) {
      // The lease runs from some moment of the call; from its start is the safe assumption.
      this.#renewedAt = startedAt;
      return;
    }
    this.#renewals.stop();
    const problem = `the lease of session ${this.#session} has expired and another mount has taken it`;
    this.#lost.abort(new BrowserStateError('LEASE_LOST', `${problem}: fork this mount to keep its changes`));
  }
}
