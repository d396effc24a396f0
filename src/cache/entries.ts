import type { Clock } from './clock.ts';
import { isGlob, matchGlob } from './glob.ts';
import type { Counters, EntryStats } from './stats.ts';
import type { Entry, Store } from './store.ts';

/** Bookkeeping of an entry: the object, its map slot and its list node. */
const OVERHEAD_BYTES = 256;
/** Entries looked at before a sweep lets other work have its turn: well under a millisecond's worth. */
const SWEEP_SLICE = 4096;

export function isFresh(entry: Entry<unknown>, now: number): boolean {
  return now < entry.expiresAt && !entry.invalidated;
}

/** The entries of a cache: a store with its faults contained and its losses counted. */
export class Entries<V> {
  readonly #store: Store<V>;
  readonly #clock: Clock;
  readonly #staleIfErrorMs: number;
  readonly #sizeOf: (value: V) => number;
  readonly #counters: Counters;
  readonly #onError: (error: unknown, key: string) => void;

  constructor(parts: {
    store: Store<V>;
    clock: Clock;
    staleIfErrorMs: number;
    sizeOf: (value: V) => number;
    counters: Counters;
    onError: (error: unknown, key: string) => void;
  }) {
    this.#store = parts.store;
    this.#clock = parts.clock;
    this.#staleIfErrorMs = parts.staleIfErrorMs;
    this.#sizeOf = parts.sizeOf;
    this.#counters = parts.counters;
    this.#onError = parts.onError;
  }

  get bytes(): number {
    return this.#store.bytes;
  }

  /** The entry of a key, noted as used. */
  get(key: string): Entry<V> | undefined {
    try {
      return this.#store.get(key);
    } catch (error) {
      return this.#fault(error, key);
    }
  }

  peek(key: string): Entry<V> | undefined {
    try {
      return this.#store.peek(key);
    } catch (error) {
      return this.#fault(error, key);
    }
  }

  /** Keeps a value from now on; returns its entry, or `undefined` where the store could not take it. */
  keep(key: string, value: V, ttlS: number, lastReadAt: number): Entry<V> | undefined {
    try {
      const storedAt = this.#clock.now();
      const expiresAt = storedAt + ttlS * 1000;
      const entry: Entry<V> = {
        key,
        value,
        bytes: this.#sizeOf(value) + key.length * 2 + OVERHEAD_BYTES,
        storedAt,
        expiresAt,
        usableUntil: expiresAt + this.#staleIfErrorMs,
        lastReadAt,
        invalidated: false,
        retryAt: undefined,
        cancelRefresh: undefined,
      };
      this.#store.peek(key)?.cancelRefresh?.();
      const evicted = this.#store.set(entry);
      for (const loser of evicted) loser.cancelRefresh?.();
      this.#counters.evictions += evicted.length;
      return evicted.includes(entry) ? undefined : entry;
    } catch (error) {
      return this.#fault(error, key);
    }
  }

  remove(key: string): Entry<V> | undefined {
    try {
      const entry = this.#store.delete(key);
      entry?.cancelRefresh?.();
      return entry;
    } catch (error) {
      return this.#fault(error, key);
    }
  }

  /**
   * Marks the value of a key as out of date, or drops it where it may not even stand in for a failing load.
   * @returns whether it was fresh until now.
   */
  invalidate(key: string): boolean {
    const entry = this.peek(key);
    if (entry === undefined) return false;
    const wasFresh = isFresh(entry, this.#clock.now());
    if (this.#staleIfErrorMs === 0) {
      this.remove(key);
    } else {
      entry.invalidated = true;
      entry.retryAt = undefined;
      entry.cancelRefresh?.();
    }
    return wasFresh;
  }

  /** The keys that a glob matches, among those held and the `others` named. */
  matching(pattern: string, others: Iterable<string>): Iterable<string> {
    if (!isGlob(pattern)) return [pattern];
    const keys = new Set<string>();
    for (const key of others) if (matchGlob(pattern, key)) keys.add(key);
    for (const { key } of this.#all()) if (matchGlob(pattern, key)) keys.add(key);
    return keys;
  }

  listFresh(): EntryStats[] {
    const now = this.#clock.now();
    const list: EntryStats[] = [];
    for (const entry of this.#all()) {
      if (!isFresh(entry, now)) continue;
      list.push({
        key: entry.key,
        age: (now - entry.storedAt) / 1000,
        ttlRemaining: (entry.expiresAt - now) / 1000,
        bytes: entry.bytes,
      });
    }
    return list;
  }

  /** Removes what is of no further use, in slices; returns how much that was. */
  async sweep(): Promise<number> {
    let removed = 0;
    let seen = 0;
    for (const entry of this.#all()) {
      if (this.#clock.now() >= entry.usableUntil && this.remove(entry.key)) removed += 1;
      seen += 1;
      if (seen % SWEEP_SLICE === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    return removed;
  }

  *#all(): IterableIterator<Entry<V>> {
    try {
      yield* this.#store.entries();
    } catch (error) {
      this.#fault(error, '*');
    }
  }

  #fault(error: unknown, key: string): undefined {
    this.#counters.storeErrors += 1;
    this.#onError(error, key);
  }
}
