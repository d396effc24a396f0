/** How much a page may write to its console: at once, and per second. */
const BURST = { messages: 2000, bytes: 8 * 1024 * 1024 };
const PER_SECOND = { messages: 500, bytes: 2 * 1024 * 1024 };

/** What one page may still write to its console. */
export class LogBudget {
  readonly #now: () => number;
  #messages = BURST.messages;
  #bytes = BURST.bytes;
  #updatedAt: number;
  #dropped = 0;

  /** @param now monotonic time in milliseconds */
  constructor(now: () => number) {
    this.#now = now;
    this.#updatedAt = now();
  }

  /** Whether nothing has been used, and no dropped message has to be reported. */
  get isFull(): boolean {
    this.#refill();
    return this.#messages === BURST.messages && this.#bytes === BURST.bytes && this.#dropped === 0;
  }

  /** Takes a message of that size. @returns false if it has to be dropped */
  take(bytes: number): boolean {
    this.#refill();
    if (this.#messages < 1 || this.#bytes < bytes) {
      this.#dropped += 1;
      return false;
    }
    this.#messages -= 1;
    this.#bytes -= bytes;
    return true;
  }

  /** Returns the number of dropped messages once there is room again, and begins to count anew; else 0. */
  takeDropped(): number {
    this.#refill();
    const dropped = this.#messages < 1 ? 0 : this.#dropped;
    if (dropped > 0) this.#dropped = 0;
    return dropped;
  }

  #refill(): void {
    const now = this.#now();
    const seconds = (now - this.#updatedAt) / 1000;
    this.#updatedAt = now;
    this.#messages = Math.min(BURST.messages, this.#messages + seconds * PER_SECOND.messages);
    this.#bytes = Math.min(BURST.bytes, this.#bytes + seconds * PER_SECOND.bytes);
  }
}
