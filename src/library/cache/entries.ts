import type { Clock } from '../util/clock.ts';
import { isGlob, matchGlob } from '../util/glob.ts';
import type { Freshness } from './flight.ts';
import type { Counters, EntryStats } from './stats.ts';
import type { Entry, Store } from './store.ts';

/** Bookkeeping of an entry: the object, its map slot and its list node. */
const OVERHEAD_BYTES = 256;
/** A sweep lets other work have its turn after so long, or so many entries on a clock that stands still. */
const SLICE_MS = 1;
const SLICE_ENTRIES = 4096;

export function isFresh(entry: Entry<unknown>, now: number): boolean {
  return now < entry.expiresAt && !entry.invalidated;
}

export function stopRefresh(entry: Entry<unknown>): void {
  entry.cancelRefresh?.();
  entry.cancelRefresh = undefined;
}

/** The entries of a cache: a store with its faults contained and its losses counted. */
export class Entries<V> {
  readonly #store: Store<V>;
  readonly #clock: Clock;
  readonly #staleIfErrorMs: number;
  readonly #sizeOf: (value: V) => number;
  readonly #counters: Counters;
  readonly #onError: (error: unknown, key: string) => void;
  /** Whatever was stored up to this time may have outlived a removal that the store failed to carry out. */
  #doubtedUntil = Number.NEGATIVE_INFINITY;

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

  /** How much the store holds, whatever its age. */
  get volume(): { held: number; bytes: number } {
    try {
      return { held: this.#store.size, bytes: this.#store.bytes };
    } catch (error) {
      this.#fault(error, '*');
      return { held: 0, bytes: 0 };
    }
  }

  /** The entry of a key, noted as used. */
  get(key: string): Entry<V> | undefined {
    try {
      return this.#trusted(this.#store.get(key));
    } catch (error) {
      return this.#fault(error, key);
    }
  }

  peek(key: string): Entry<V> | undefined {
    try {
      return this.#trusted(this.#store.peek(key));
    } catch (error) {
      return this.#fault(error, key);
    }
  }

  /**
   * Keeps a value from now on; returns its entry, or `undefined` where the store could not take it. The
   * value it was to replace is gone in either case.
   */
  keep(key: string, value: V, { ageS, ttlS }: Freshness, lastReadAt: number): Entry<V> | undefined {
    try {
      const storedAt = this.#clock.now();
      const expiresAt = storedAt + ttlS * 1000;
      const entry: Entry<V> = {
        key,
        value,
        bytes: wholeBytes(this.#sizeOf(value)) + key.length * 2 + OVERHEAD_BYTES,
        storedAt,
        bornAt: storedAt - ageS * 1000,
        expiresAt,
        usableUntil: expiresAt + this.#staleIfErrorMs,
        lastReadAt,
        invalidated: false,
        retryAt: undefined,
        cancelRefresh: undefined,
      };
      const former = this.#store.peek(key);
      if (former) stopRefresh(former);
      const evicted = this.#store.set(entry);
      for (const loser of evicted) stopRefresh(loser);
      this.#counters.evictions += evicted.length;
      return evicted.includes(entry) ? undefined : entry;
    } catch (error) {
      this.#fault(error, key);
      this.remove(key);
    }
  }

  remove(key: string): Entry<V> | undefined {
    try {
      const entry = this.#store.delete(key);
      if (entry) stopRefresh(entry);
      return this.#trusted(entry);
    } catch (error) {
      this.#doubt(error, key);
    }
  }

  /**
   * Marks the value of a key as out of date, or drops it where it may not even stand in for a failing load.
   * @returns whether it was fresh until now.
   */
  invalidate(key: string): boolean {
    if (this.#staleIfErrorMs === 0) {
      const entry = this.remove(key);
      return entry !== undefined && isFresh(entry, this.#clock.now());
    }
    try {
      const entry = this.#trusted(this.#store.peek(key));
      if (entry === undefined) return false;
      const wasFresh = isFresh(entry, this.#clock.now());
      entry.invalidated = true;
      entry.retryAt = undefined;
      stopRefresh(entry);
      return wasFresh;
    } catch (error) {
      this.#doubt(error, key);
      return false;
    }
  }

  /** The keys that a glob matches, among those held and the `others` named. */
  matching(pattern: string, others: Iterable<string>): Iterable<string> {
    if (!isGlob(pattern)) return [pattern];
    const keys = new Set<string>();
    for (const key of others) if (matchGlob(pattern, key)) keys.add(key);
    try {
      for (const { key } of this.#store.entries()) if (matchGlob(pattern, key)) keys.add(key);
    } catch (error) {
      this.#doubt(error, pattern);
    }
    return keys;
  }

  listFresh(): EntryStats[] {
    const now = this.#clock.now();
    const list: EntryStats[] = [];
    for (const entry of this.#all()) {
      if (!isFresh(entry, now) || !this.#trusted(entry)) continue;
      list.push({
        key: entry.key,
        age: (now - entry.bornAt) / 1000,
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
    let sliceEnd = this.#clock.now() + SLICE_MS;
    for (const entry of this.#all()) {
      const now = this.#clock.now();
      // Past its time, a value that is just being refreshed still answers its readers.
      const useless = now >= entry.usableUntil && !entry.cancelRefresh;
      if (useless && this.remove(entry.key)) removed += 1;
      seen += 1;
      if (now < sliceEnd && seen < SLICE_ENTRIES) continue;
      await new Promise((resolve) => setImmediate(resolve));
      seen = 0;
      sliceEnd = this.#clock.now() + SLICE_MS;
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

  #trusted(entry: Entry<V> | undefined): Entry<V> | undefined {
    return entry !== undefined && entry.storedAt > this.#doubtedUntil ? entry : undefined;
  }

  /** Notes that something may still be in the store which ought to have been removed from it. */
  #doubt(error: unknown, key: string): void {
    this.#doubtedUntil = this.#clock.now();
    this.#fault(error, key);
  }

  #fault(error: unknown, key: string): undefined {
    this.#counters.storeErrors += 1;
    this.#onError(error, key);
  }
}

/** Whole, because sums of fractions drift, and a sum that drifts above the bound would never let it be met. */
function wholeBytes(size: number): number {
  if (size >= 0) return Math.ceil(size);
  throw new RangeError(`sizeOf must return 0 or more bytes, not ${size}`);
}
