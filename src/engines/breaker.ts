import type { Clock } from '../cache/index.ts';

export type BreakerState = 'closed' | 'open' | 'half_open';

/** What the breaker tells; times in milliseconds since the epoch, or null. */
export interface BreakerSnapshot {
  state: BreakerState;
  failureCount: number;
  failureThreshold: number;
  lastFailureTime: number | null;
  lastSuccessTime: number | null;
  recoveryTimeoutS: number;
  /** Seconds until a probe is let through; 0 unless open. */
  recoveryEtaS: number;
}

/**
 * Stops provisioning after repeated failures, so that a broken host is not hammered. Open for
 * `recoveryTimeoutS`, then half open: one attempt is let through as a probe, and its outcome closes the
 * breaker or opens it anew.
 */
export class CircuitBreaker {
  readonly #clock: Clock;
  readonly #threshold: number;
  readonly #recoveryTimeoutS: number;
  readonly #onChange: () => void;
  #failures = 0;
  #openedAt: number | undefined;
  #probing = false;
  #lastFailure: number | null = null;
  #lastSuccess: number | null = null;

  constructor(parts: {
    clock: Clock;
    failureThreshold: number;
    recoveryTimeoutS: number;
    onChange: () => void;
  }) {
    this.#clock = parts.clock;
    this.#threshold = parts.failureThreshold;
    this.#recoveryTimeoutS = parts.recoveryTimeoutS;
    this.#onChange = parts.onChange;
  }

  get state(): BreakerState {
    if (this.#openedAt === undefined) return 'closed';
    return this.#etaS() > 0 ? 'open' : 'half_open';
  }

  /** Whether an attempt may be made now; when half open, only while no probe is under way. */
  get allows(): boolean {
    return this.state === 'closed' || (this.state === 'half_open' && !this.#probing);
  }

  /** Call before an attempt that {@link allows} permits; then exactly one of succeed, fail or abandon. */
  begin(): void {
    if (this.state === 'half_open') this.#probing = true;
  }

  succeed(): void {
    const changed = this.#openedAt !== undefined;
    this.#failures = 0;
    this.#openedAt = undefined;
    this.#probing = false;
    this.#lastSuccess = Date.now();
    if (changed) this.#onChange();
  }

  fail(): void {
    this.#failures += 1;
    this.#lastFailure = Date.now();
    if (this.#openedAt !== undefined || this.#failures >= this.#threshold) this.#openedAt = this.#clock.now();
    this.#probing = false;
    this.#onChange();
  }

  /** The attempt ended without telling anything about the host, as with a refused port. */
  abandon(): void {
    this.#probing = false;
  }

  snapshot(): BreakerSnapshot {
    return {
      state: this.state,
      failureCount: this.#failures,
      failureThreshold: this.#threshold,
      lastFailureTime: this.#lastFailure,
      lastSuccessTime: this.#lastSuccess,
      recoveryTimeoutS: this.#recoveryTimeoutS,
      recoveryEtaS: this.#openedAt === undefined ? 0 : Math.ceil(this.#etaS()),
    };
  }

  #etaS(): number {
    const openFor = (this.#clock.now() - this.#openedAt!) / 1000;
    return Math.max(0, this.#recoveryTimeoutS - openFor);
  }
}
