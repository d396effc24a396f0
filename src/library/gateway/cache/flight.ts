/** How a request to an origin that others wait for has ended. */
export type FlightResult = 'kept' | 'not kept';

/**
 * A request to an origin, which requests for the same resource wait for instead of repeating it. They follow its
 * response while it arrives, or read the kept one afterwards.
 * @typeParam T the response
 */
export class Flight<T> {
  readonly #started = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<FlightResult>();
  #response: T | undefined;
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

  /** Call when the response begins to arrive. */
  start(response: T): void {
    this.#response = response;
    this.#started.resolve();
  }

  /** Ends the flight. Only the first call has an effect. */
  end(result: FlightResult): void {
    this.#ended.resolve(result);
    this.#started.resolve();
  }

  /**
   * Waits for the response. Rejects if the signal aborts.
   * @param follow called once the response has begun to arrive; if it returns undefined, the wait continues
   * @returns what `follow` returned, or the result at the end
   */
  async join<R>(signal: AbortSignal, follow: (response: T) => R | undefined): Promise<FlightResult | R> {
    signal.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const abort = () => aborted.reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    this.#waiters += 1;
    try {
      await Promise.race([this.#started.promise, aborted.promise]);
      const followed = this.#response && follow(this.#response);
      return followed ?? (await Promise.race([this.#ended.promise, aborted.promise]));
    } finally {
      signal.removeEventListener('abort', abort);
      this.#waiters -= 1;
      this.#onLeave?.();
    }
  }
}
