import type { Clock } from '../cache/index.ts';
import { type Invalidation, parseInvalidation } from './invalidation.ts';
import type { RedisLink } from './link.ts';

/** Interval of the check for missed messages. Nothing else detects that the last message was lost. */
const CHECK_MS = 5000;

/** Options of an {@link InvalidationChannel}. */
export interface InvalidationChannelOptions {
  link: RedisLink;
  /** Name of the Redis channel. */
  channel: string;
  /** Reads the number of the latest change from Redis; 0 if there is none, undefined if it cannot be read. */
  latestChange: () => Promise<number | undefined>;
  onInvalidation: (invalidation: Invalidation) => void;
  /** Called when invalidations may have been missed; which ones is unknown. */
  onMissed: () => void;
  /** Called each time the channel becomes connected, after any `onMissed`. */
  onConnected: () => void;
  onDisconnected: () => void;
}

/**
 * Receives the invalidations that other processes publish. Changes are numbered. A missed one is detected by a
 * gap in the numbers, when the subscription is restored, or by a periodic comparison with the latest number in
 * Redis.
 */
export class InvalidationChannel implements Disposable {
  readonly #options: InvalidationChannelOptions;
  readonly #clock: Clock;
  readonly #subscription: RedisLink;
  /** Number of the latest change received. Undefined until it is known. */
  #latestReceived: number | undefined;
  readonly #removeListener: () => void;
  #connected = false;
  #cancelCheck = () => {};

  constructor(options: InvalidationChannelOptions) {
    this.#options = options;
    this.#clock = options.link.clock;
    this.#subscription = options.link.subscribe({
      channel: options.channel,
      onMessage: (message) => this.#receive(message),
    });
    this.#subscription.onConnected(() => void this.#catchUp());
    // The subscription may be faster than the connection for commands, which reads the latest change.
    this.#removeListener = options.link.onConnected(() => {
      if (this.#subscription.state === 'connected' && !this.#connected) void this.#catchUp();
    });
    this.#subscription.onDisconnected(() => {
      this.#connected = false;
      this.#cancelCheck();
      options.onDisconnected();
    });
  }

  /** Whether invalidations of other processes are being received. */
  get connected(): boolean {
    return this.#connected;
  }

  /** Unsubscribes. */
  [Symbol.dispose](): void {
    this.#connected = false;
    this.#cancelCheck();
    this.#removeListener();
    this.#subscription.close();
  }

  #receive(message: string): void {
    const numbered = parseInvalidation(message);
    if (numbered === undefined) return;
    const { number, invalidation } = numbered;
    if (number > 0) {
      // The latest change that #catchUp has read may arrive as a message afterwards.
      const isNext = number === this.#latestReceived || number === (this.#latestReceived ?? number - 1) + 1;
      if (!isNext) this.#options.onMissed();
      this.#latestReceived = number;
    }
    this.#options.onInvalidation(invalidation);
  }

  /** Runs after each subscription. Nothing was missed only if the latest change is one that was received. */
  async #catchUp(): Promise<void> {
    const before = this.#latestReceived;
    const latest = await this.#options.latestChange();
    if (this.#subscription.state !== 'connected') return;
    if (latest === undefined) {
      this.#cancelCheck();
      this.#cancelCheck = this.#clock.after(CHECK_MS, () => void this.#catchUp());
      return;
    }
    if (before === undefined || latest !== before) this.#options.onMissed();
    // A change received during the call is at least as recent as its reply.
    if (this.#latestReceived === before) this.#latestReceived = latest;
    this.#connected = true;
    this.#options.onConnected();
    this.#scheduleCheck(latest);
  }

  /** By the next check, the change that was the latest at this one must have been received. */
  #scheduleCheck(latest: number | undefined): void {
    this.#cancelCheck();
    this.#cancelCheck = this.#clock.after(CHECK_MS, async () => {
      if (latest !== undefined && (this.#latestReceived ?? 0) < latest) {
        this.#latestReceived = latest;
        this.#options.onMissed();
      }
      const next = await this.#options.latestChange();
      if (this.#connected) this.#scheduleCheck(next);
    });
  }
}
