/** How a request to an origin that others wait for has ended. */
export type FlightResult = 'kept' | 'not kept';

/**
 * A request to an origin, which requests for the same resource wait for instead of repeating it. They read the
 * kept response afterwards.
 */
export class Flight {
  readonly #ended = Promise.withResolvers<FlightResult>();
  #waiters = 0;
  #onLeave: (() => void) | undefined;

  /** Resolves when it has ended. */
  get ended(): Promise<FlightResult> {
    return this.#ended.promise;
  }

  /** Number of requests that wait. */
  get waiters(): number {
    return this.#waiters;
  }

  /** Called when a waiter leaves early. */
  set onLeave(callback: () => void) {
    this.#onLeave = callback;
  }

  /** Ends the flight. Only the first call has an effect. */
  end(result: FlightResult): void {
    this.#ended.resolve(result);
  }

  /** Waits for the end. Rejects if the signal aborts. */
  async join(signal: AbortSignal): Promise<FlightResult> {
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const abort = () => aborted.reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    this.#waiters += 1;
    try {
      return await Promise.race([this.#ended.promise, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
      this.#waiters -= 1;
      this.#onLeave?.();
    }
  }
}
