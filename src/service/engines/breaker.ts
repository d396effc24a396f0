import type { Clock } from '../../library/cache/index.ts';

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

/** One attempt at what the breaker guards. Exactly one of these is to be called, once, however late. */
export interface BreakerAttempt {
  succeed(): void;
  fail(): void;
  /** It ended without telling anything about the host, as with a refused port. */
  abandon(): void;
}

/**
 * Stops provisioning after repeated failures, so that a broken host is not hammered. Open for
 * `recoveryTimeoutS`, then half open: one attempt is let through as a probe, and its outcome closes the
 * breaker or opens it anew. Outcomes of attempts from before that come in late change neither.
 */
export class CircuitBreaker {
  readonly #clock: Clock;
  readonly #threshold: number;
  readonly #recoveryTimeoutS: number;
  readonly #onChange: () => void;
  #failures = 0;
  #openedAt: number | undefined;
  /** The attempt let through while half open; a reset makes it an attempt like any other. */
  #probe: symbol | undefined;
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
    return this.state === 'closed' || (this.state === 'half_open' && this.#probe === undefined);
  }

  /** Call before an attempt that {@link allows} permits. */
  begin(): BreakerAttempt {
    const own = Symbol();
    if (this.state === 'half_open') this.#setProbe(own);
    const ending = (end: (isProbe: boolean) => void) => () => {
      const isProbe = this.#probe === own;
      if (isProbe) this.#setProbe(undefined);
      end(isProbe);
    };
    return {
      succeed: ending((isProbe) => this.#succeed(isProbe)),
      fail: ending((isProbe) => this.#fail(isProbe)),
      abandon: ending(() => {}),
    };
  }

  /** Closes it by hand, and forgets the failures. */
  reset(): void {
    this.#failures = 0;
    this.#openedAt = undefined;
    this.#probe = undefined;
    this.#onChange();
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

  #succeed(isProbe: boolean): void {
    this.#lastSuccess = Date.now();
    if (this.#openedAt === undefined) this.#failures = 0;
    else if (isProbe) this.reset();
  }

  #fail(isProbe: boolean): void {
    this.#failures += 1;
    this.#lastFailure = Date.now();
    const opens = this.#openedAt === undefined ? this.#failures >= this.#threshold : isProbe;
    if (opens) this.#openedAt = this.#clock.now();
    this.#onChange();
  }

  #setProbe(probe: symbol | undefined): void {
    this.#probe = probe;
    this.#onChange();
  }

  #etaS(): number {
    const openFor = (this.#clock.now() - this.#openedAt!) / 1000;
    return Math.max(0, this.#recoveryTimeoutS - openFor);
  }
}
