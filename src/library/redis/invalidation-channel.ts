import type { Clock } from '../cache/index.ts';
import { type Invalidation, parseInvalidation } from './invalidation.ts';
import type { RedisLink } from './link.ts';

/** How often it is asked whether everything has been heard: a lost last notice shows by nothing else. */
const CHECK_MS = 5000;

/**
 * Hears what other processes do to their caches. Changes are numbered, so that missing one shows: by the
 * number of the next, by that found when a lost subscription is back, or by a look at it now and then.
 */
export class InvalidationChannel implements Disposable {
  readonly #link: RedisLink;
  readonly #clock: Clock;
  readonly #latestChange: () => Promise<number | undefined>;
  readonly #onNotice: (notice: Invalidation) => void;
  readonly #onMissed: () => void;
  readonly #onUp: () => void;
  /** The number up to which all changes have been heard; undefined until that is known. */
  #heard: number | undefined;
  #connected = false;
  #cancelCheck = () => {};

  constructor(parts: {
    link: RedisLink;
    channel: string;
    /** Number of the latest change, 0 if there is none, undefined if it cannot be told. */
    latestChange: () => Promise<number | undefined>;
    onNotice: (notice: Invalidation) => void;
    /** Something may have been missed, and nobody knows what. */
    onMissed: () => void;
    onDown: () => void;
    onUp: () => void;
  }) {
    this.#clock = parts.link.clock;
    this.#latestChange = parts.latestChange;
    this.#onNotice = parts.onNotice;
    this.#onMissed = parts.onMissed;
    this.#link = parts.link.subscribe({
      channel: parts.channel,
      onMessage: (message) => this.#receive(message),
    });
    this.#onUp = parts.onUp;
    this.#link.onUp(() => void this.#catchUp());
    this.#link.onDown(() => {
      this.#connected = false;
      this.#cancelCheck();
      parts.onDown();
    });
  }

  /** Whether every change is heard of now. */
  get connected(): boolean {
    return this.#connected;
  }

  [Symbol.dispose](): void {
    this.#connected = false;
    this.#cancelCheck();
    this.#link.close();
  }

  #receive(message: string): void {
    const numbered = parseInvalidation(message);
    if (numbered === undefined) return;
    const { number, notice } = numbered;
    if (number > 0) {
      if (this.#heard !== undefined && number !== this.#heard + 1) this.#onMissed();
      this.#heard = number;
    }
    this.#onNotice(notice);
  }

  /** After a subscription: what was held before is kept only if the latest change is one that was heard. */
  async #catchUp(): Promise<void> {
    const before = this.#heard;
    const latest = await this.#latestChange();
    if (before === undefined || latest !== before) this.#onMissed();
    // What has been heard meanwhile is later than the answer, or as late.
    if (this.#heard === before) this.#heard = latest;
    if (this.#link.state !== 'closed') return;
    this.#connected = true;
    this.#onUp();
    this.#scheduleCheck(latest);
  }

  /** What was the latest change at the last look must have been heard of by now. */
  #scheduleCheck(latest: number | undefined): void {
    this.#cancelCheck();
    this.#cancelCheck = this.#clock.after(CHECK_MS, async () => {
      if (latest !== undefined && (this.#heard ?? 0) < latest) {
        this.#heard = latest;
        this.#onMissed();
      }
      const next = await this.#latestChange();
      if (this.#connected) this.#scheduleCheck(next);
    });
  }
}
