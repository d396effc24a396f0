import type { Clock } from '../cache/index.ts';

interface Waiting {
  readonly dueAt: number;
  readonly onOverdue: () => void;
  replied: boolean;
}

/**
 * The deadlines of the commands of one connection, with one timer for all: Redis replies in order, and each command has
 * the same time. A timer for each command would take longer than writing the command.
 */
export class ReplyDeadlines {
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  /** In the order of the commands. Replied ones are removed from the front. */
  readonly #waiting: Waiting[] = [];
  #cancelTimer: (() => void) | undefined;
  #closed = false;

  constructor(clock: Clock, timeoutMs: number) {
    this.#clock = clock;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Adds a command that is sent now.
   * @param onOverdue called unless the returned function is called in time
   * @returns a function to call when the command has a reply
   */
  add(onOverdue: () => void): () => void {
    const command: Waiting = { dueAt: this.#clock.now() + this.#timeoutMs, onOverdue, replied: false };
    this.#waiting.push(command);
    if (this.#cancelTimer === undefined && !this.#closed) this.#setTimer(this.#timeoutMs);
    return () => {
      command.replied = true;
      this.#removeReplied();
    };
  }

  /** Cancels the timer. No command becomes overdue any more. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #removeReplied(): void {
    while (this.#waiting[0]?.replied) this.#waiting.shift();
  }

  #setTimer(delayMs: number): void {
    this.#cancelTimer = this.#clock.after(delayMs, () => {
      this.#cancelTimer = undefined;
      // After a stall of this process, replies may already be in the socket. They are read before setImmediate fires.
      setImmediate(() => this.#check());
    });
  }

  #check(): void {
    if (this.#closed) return;
    const now = this.#clock.now();
    for (const command of this.#waiting.splice(0)) {
      if (command.dueAt > now) this.#waiting.push(command);
      else if (!command.replied) command.onOverdue();
    }
    const [next] = this.#waiting;
    if (next && !this.#closed) this.#setTimer(next.dueAt - now);
  }
}
