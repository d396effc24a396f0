import { type Clock, createSystemClock } from '../util/clock.ts';
import { inOwnMemory, memoryOf } from '../util/own-memory.ts';
import type { ByteStore, StoredBytes } from './byte-store.ts';
import { MemoryStore } from './memory-store.ts';
import type { CacheEntry } from './store.ts';

/** Options of {@link MemoryByteStore}. */
export interface MemoryByteStoreOptions {
  /** Maximum number of entries. Default 10,000. */
  maxEntries?: number;
  /**
   * Maximum memory of all entries in bytes, as the process holds it: with keys, bookkeeping and what users of the
   * store keep with an entry, such as its decoded form. Default 64 MiB.
   */
  maxBytes?: number;
  /** Source of time. Default: a monotonic system clock. */
  clock?: Clock;
}

/** Memory of an entry besides its key and its buffer: the objects of the entry and its place in the store. */
const OVERHEAD_BYTES = 300;
/** Entries that each `set` checks for expiry, so that expired ones are removed without a timer. */
const CHECKS_PER_SET = 4;

/** A {@link ByteStore} in the memory of this process, limited by entries and by bytes. */
export class MemoryByteStore implements ByteStore {
  readonly #store: MemoryStore<Uint8Array>;
  readonly #clock: Clock;
  #expiryScan: IterableIterator<CacheEntry<Uint8Array>> | undefined;

  /** @throws RangeError if a limit is not an integer of at least 1 */
  constructor({
    maxEntries = 10_000,
    maxBytes = 64 * 1024 * 1024,
    clock = createSystemClock(),
  }: MemoryByteStoreOptions = {}) {
    this.#store = new MemoryStore({ maxEntries, maxBytes });
    this.#clock = clock;
  }

  /** Number of entries, expired ones that have not been removed yet included. */
  get size(): number {
    return this.#store.size;
  }

  /** Memory of these entries in bytes, counted as for `maxBytes`. */
  get bytes(): number {
    return this.#store.bytes;
  }

  async get(key: string): Promise<StoredBytes | undefined> {
    return this.getSync(key) ?? undefined;
  }

  /** Like {@link get}, without a promise; null if the key has no bytes. */
  getSync(key: string): StoredBytes | null {
    const entry = this.#store.get(key);
    if (!entry) return null;
    const ttlMs = entry.expiresAt - this.#clock.now();
    if (ttlMs > 0) return { bytes: entry.value, ttlMs };
    this.#store.delete(key);
    return null;
  }

  async set(key: string, bytes: Uint8Array, ttlMs: number): Promise<void> {
    const now = this.#clock.now();
    this.#removeExpired(now);
    this.#store.set({
      key,
      value: inOwnMemory(bytes),
      bytes: memoryOf(bytes) + key.length * 2 + OVERHEAD_BYTES,
      storedAt: now,
      createdAt: now,
      expiresAt: now + ttlMs,
      staleUntil: now + ttlMs,
      lastReadAt: now,
      invalidated: false,
      retryAt: undefined,
      cancelRefresh: undefined,
    });
  }

  /** Stores bytes only if the key has none. @returns whether they were stored */
  async add(key: string, bytes: Uint8Array, ttlMs: number): Promise<boolean> {
    if (this.getSync(key)) return false;
    await this.set(key, bytes, ttlMs);
    return true;
  }

  /** Counts memory that a caller keeps with an entry, until the entry is replaced or removed. */
  addCost(key: string, bytes: Uint8Array, costBytes: number): void {
    const entry = this.#store.peek(key);
    if (entry?.value === bytes) this.#store.set({ ...entry, bytes: entry.bytes + costBytes });
  }

  async delete(key: string): Promise<void> {
    this.#store.delete(key);
  }

  #removeExpired(now: number): void {
    this.#expiryScan ??= this.#store.entries();
    for (let i = 0; i < CHECKS_PER_SET; i += 1) {
      const next = this.#expiryScan.next();
      if (next.done) {
        this.#expiryScan = undefined;
        return;
      }
      if (next.value.expiresAt <= now) this.#store.delete(next.value.key);
    }
  }
}
