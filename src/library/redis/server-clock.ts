import type { Clock } from '../cache/index.ts';

/** An estimate that was not renewed for so long is not used: the clocks of two machines drift apart. */
const MAX_AGE_MS = 15_000;

/** The server's time is rounded down to 1 ms, and the clock of this process may return a reading that is 1 ms old. */
const ROUNDING_MS = 2;

/**
 * Estimates the time of Redis, which dates the values in Redis, by the clock of this process. A plain read of a value can
 * so do without a second command for its remaining TTL. The clocks of the machines need not agree.
 *
 * The estimate is ahead by no more than the round trip in which it was made and 2 ms, never behind: a value looks older
 * than it is, not younger. If somebody sets the server's clock forward, a value that is produced before the next estimate, within 5 s,
 * can look younger, by the time since it was produced at most.
 */
export class ServerClock {
  readonly #clock: Clock;
  /** Time of the server at time 0 of this process's clock. */
  #offsetMs = 0;
  #estimatedAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Makes an estimate from a reply.
   * @param serverMs time of the server when it executed the command
   * @param sentAt when the command was sent, in ms of this process's clock
   */
  observe(serverMs: number, sentAt: number): void {
    if (!Number.isFinite(serverMs)) return;
    this.#offsetMs = serverMs + ROUNDING_MS - sentAt;
    this.#estimatedAt = sentAt;
  }

  /** Discards the estimate: the next connection may lead to another server. */
  reset(): void {
    this.#estimatedAt = Number.NEGATIVE_INFINITY;
  }

  /** Time of the server in ms, or undefined if there is no recent estimate. */
  now(): number | undefined {
    const now = this.#clock.now();
    return now - this.#estimatedAt <= MAX_AGE_MS ? now + this.#offsetMs : undefined;
  }
}
