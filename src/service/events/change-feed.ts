import { randomBytes } from 'node:crypto';
import type { DomainEvent, EventBus } from './events.ts';
import { INVALIDATED_KEYS } from './invalidation.ts';

/** A domain event as it is sent to subscribers of the change feed. */
export interface ChangeNotice {
  /** Unique, also among the notices of previous runs of the service. */
  readonly id: string;
  readonly event: DomainEvent;
  /** Cache keys that the event has invalidated, as globs. */
  readonly keys: readonly string[];
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/**
 * Turns domain events into notices, synchronously, and keeps the latest ones for subscribers that reconnect.
 * Create it after the invalidation is connected, because a subscriber may read again at once.
 */
export class ChangeFeed {
  /** Part of every id, so that an id of a previous run matches nothing in this one. */
  readonly #runId = randomBytes(6).toString('hex');
  readonly #maxKept: number;
  readonly #latest: ChangeNotice[] = [];
  readonly #listeners = new Set<(notice: ChangeNotice) => void>();
  #count = 0;

  /** @param maxKept number of notices to keep for {@link since} */
  constructor(bus: EventBus, maxKept: number) {
    this.#maxKept = maxKept;
    bus.subscribe((event) => this.#onEvent(event));
  }

  /** Id of the latest notice: a subscriber that has read the current state continues from here. */
  get lastId(): string {
    return this.#idOf(this.#count);
  }

  /** Notices after the one with this id, oldest first; null if the id is unknown or some were dropped since. */
  since(id: string): ChangeNotice[] | null {
    const [runId, digits = ''] = id.split('-', 2);
    if (runId !== this.#runId || !/^\d{1,15}$/.test(digits)) return null;
    const missed = this.#count - Number(digits);
    if (missed < 0 || missed > this.#latest.length) return null;
    return this.#latest.slice(this.#latest.length - missed);
  }

  /** @returns a function that ends the subscription */
  subscribe(listener: (notice: ChangeNotice) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #onEvent(event: DomainEvent): void {
    this.#count += 1;
    const notice = { id: this.lastId, event, keys: INVALIDATED_KEYS[event.type], at: Date.now() };
    this.#latest.push(notice);
    if (this.#latest.length > this.#maxKept) this.#latest.shift();
    for (const listener of this.#listeners) listener(notice);
  }

  #idOf(number: number): string {
    return `${this.#runId}-${number}`;
  }
}
