import type { Clock } from '../../library/cache/index.ts';

/** Error messages of a runtime can have any length. */
const MAX_REASON_LENGTH = 500;

/** `closed` lets every attempt through, `open` none, `half_open` one at a time. */
export type BreakerState = 'closed' | 'open' | 'half_open';

/** State of a {@link CircuitBreaker} at one time. Times are milliseconds since the epoch, or null. */
export interface BreakerSnapshot {
  state: BreakerState;
  /** Consecutive failures since the last success or reset. */
  failureCount: number;
  /** Consecutive failures that open the breaker. */
  failureThreshold: number;
  lastFailureTime: number | null;
  lastSuccessTime: number | null;
  /** Why the last failed attempt failed. */
  lastFailureReason: string | null;
  /** When it last opened, or null while it is closed. */
  openedTime: number | null;
  recoveryTimeoutS: number;
  /** Seconds until a probe is let through; 0 unless open. */
  recoveryEtaS: number;
}

/** One attempt at the guarded operation. Call exactly one of these methods, once; there is no deadline. */
export interface BreakerAttempt {
  succeed(): void;
  /** @param reason what has failed, for the operator */
  fail(reason: string): void;
  /** The outcome says nothing about the host, as with a port that is taken. */
  abandon(): void;
}

/**
 * Stops provisioning after repeated failures, so that a broken host is not retried without end. It stays
 * open for `recoveryTimeoutS`, then becomes half open: one attempt is let through as a probe, and its outcome
 * closes or reopens the breaker. Late outcomes of earlier attempts do neither.
 *
 * @see https://learn.microsoft.com/azure/architecture/patterns/circuit-breaker
 */
export class CircuitBreaker {
  readonly #clock: Clock;
  readonly #threshold: number;
  readonly #recoveryTimeoutS: number;
  readonly #onChange: () => void;
  #failures = 0;
  #openedAt: number | undefined;
  /** The attempt let through while half open. A reset turns it into an ordinary attempt. */
  #probe: symbol | undefined;
  #lastFailure: number | null = null;
  #lastReason: string | null = null;
  #openedTime: number | null = null;
  #lastSuccess: number | null = null;

  constructor(parts: {
    clock: Clock;
    /** Consecutive failures that open the breaker. */
    failureThreshold: number;
    /** Seconds from opening until a probe is let through. */
    recoveryTimeoutS: number;
    /** Called after a failure, a reset, and when a probe starts or ends. */
    onChange: () => void;
  }) {
    this.#clock = parts.clock;
    this.#threshold = parts.failureThreshold;
    this.#recoveryTimeoutS = parts.recoveryTimeoutS;
    this.#onChange = parts.onChange;
  }

  /** Current state. It changes from open to half open with time alone. */
  get state(): BreakerState {
    if (this.#openedAt === undefined) return 'closed';
    return this.#etaS() > 0 ? 'open' : 'half_open';
  }

  /** Whether an attempt may start now. While half open, only if no probe is in progress. */
  get allows(): boolean {
    return this.state === 'closed' || (this.state === 'half_open' && this.#probe === undefined);
  }

  /** Starts an attempt. Call only while {@link allows} is true. */
  begin(): BreakerAttempt {
    const own = Symbol();
    if (this.state === 'half_open') this.#setProbe(own);
    const end = () => {
      const isProbe = this.#probe === own;
      if (isProbe) this.#setProbe(undefined);
      return isProbe;
    };
    return {
      succeed: () => this.#succeed(end()),
      fail: (reason) => this.#fail(end(), reason),
      abandon: () => void end(),
    };
  }

  /** Closes the breaker and clears its failure count. */
  reset(): void {
    this.#failures = 0;
    this.#openedAt = undefined;
    this.#openedTime = null;
    this.#probe = undefined;
    this.#onChange();
  }

  /** The breaker's state at this moment. */
  snapshot(): BreakerSnapshot {
    return {
      state: this.state,
      failureCount: this.#failures,
      failureThreshold: this.#threshold,
      lastFailureTime: this.#lastFailure,
      lastSuccessTime: this.#lastSuccess,
      lastFailureReason: this.#lastReason,
      openedTime: this.#openedTime,
      recoveryTimeoutS: this.#recoveryTimeoutS,
      recoveryEtaS: this.#openedAt === undefined ? 0 : Math.ceil(this.#etaS()),
    };
  }

  #succeed(isProbe: boolean): void {
    this.#lastSuccess = Date.now();
    if (this.#openedAt === undefined) this.#failures = 0;
    else if (isProbe) this.reset();
  }

  #fail(isProbe: boolean, reason: string): void {
    this.#failures += 1;
    this.#lastFailure = Date.now();
    this.#lastReason = reason.slice(0, MAX_REASON_LENGTH);
    const opens = this.#openedAt === undefined ? this.#failures >= this.#threshold : isProbe;
    // A failed probe reopens the breaker, which has not been closed since it opened.
    if (opens) this.#openedTime ??= this.#lastFailure;
    if (opens) this.#openedAt = this.#clock.now();
    this.#onChange();
  }

  #setProbe(probe: symbol | undefined): void {
    this.#probe = probe;
    this.#onChange();
  }

  #etaS(): number {
    const openForS = (this.#clock.now() - this.#openedAt!) / 1000;
    return Math.max(0, this.#recoveryTimeoutS - openForS);
  }
}
