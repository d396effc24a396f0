import { randomBytes } from 'node:crypto';
import type { DomainEvent, EventBus } from './events.ts';
import { INVALIDATED_KEYS } from './invalidation.ts';

/** What followers are told of a domain event. */
export interface ChangeNotice {
  /** Unlike that of any other notice, those of former runs of the service included. */
  readonly id: string;
  readonly event: DomainEvent;
  /** Globs over the keys of cached answers that the event has made out of date. */
  readonly keys: readonly string[];
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/**
 * Turns domain events into notices within the same turn, and remembers the latest, so that a follower who
 * was away for a moment can be told what it missed. Subscribe it after the invalidation: a follower may ask
 * again at once.
 */
export class ChangeFeed {
  /** A restart begins to count anew: the ids of one run must mean nothing to the next. */
  readonly #run = randomBytes(6).toString('hex');
  readonly #most: number;
  readonly #latest: ChangeNotice[] = [];
  readonly #listeners = new Set<(notice: ChangeNotice) => void>();
  #count = 0;

  /** @param most how many notices are remembered. */
  constructor(bus: EventBus, most: number) {
    this.#most = most;
    bus.subscribe((event) => this.#note(event));
  }

  /** The id of the last notice, from which a follower who knows everything goes on. */
  get lastId(): string {
    return this.#idOf(this.#count);
  }

  /** What came after a notice, oldest first; null where it is unknown or too long ago to tell all. */
  since(id: string): ChangeNotice[] | null {
    const [run, digits = ''] = id.split('-', 2);
    if (run !== this.#run || !/^\d{1,15}$/.test(digits)) return null;
    const missed = this.#count - Number(digits);
    if (missed < 0 || missed > this.#latest.length) return null;
    return this.#latest.slice(this.#latest.length - missed);
  }

  /** @returns a function that ends the subscription. */
  subscribe(listener: (notice: ChangeNotice) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #note(event: DomainEvent): void {
    this.#count += 1;
    const notice = { id: this.lastId, event, keys: INVALIDATED_KEYS[event.type], at: Date.now() };
    this.#latest.push(notice);
    if (this.#latest.length > this.#most) this.#latest.shift();
    for (const listener of this.#listeners) listener(notice);
  }

  #idOf(number: number): string {
    return `${this.#run}-${number}`;
  }
}
