import { type Clock, createSystemClock } from '../util/clock.ts';
import type { ByteStore, StoredBytes } from './byte-store.ts';
import { MemoryStore } from './memory-store.ts';
import type { Entry } from './store.ts';

export interface MemoryByteStoreOptions {
  /** Most entries held. Default 10,000. */
  maxEntries?: number;
  /** Most bytes held, keys and bookkeeping included. Default 64 MiB. */
  maxBytes?: number;
  clock?: Clock;
}

/** What an entry holds besides its key and its bytes. */
const BOOKKEEPING_BYTES = 200;
/** Entries looked at by each `set`, so that expired ones go without a timer. */
const LOOKED_AT = 4;

/** A {@link ByteStore} in this process's memory, bounded by entries and by bytes. */
export class MemoryByteStore implements ByteStore {
  readonly #store: MemoryStore<Uint8Array>;
  readonly #clock: Clock;
  #round: IterableIterator<Entry<Uint8Array>> | undefined;

  /** @throws RangeError for a limit that is not a whole number of at least 1. */
  constructor({
    maxEntries = 10_000,
    maxBytes = 64 * 1024 * 1024,
    clock = createSystemClock(),
  }: MemoryByteStoreOptions = {}) {
    this.#store = new MemoryStore({ maxEntries, maxBytes });
    this.#clock = clock;
  }

  /** Entries held; expired ones are removed little by little. */
  get size(): number {
    return this.#store.size;
  }

  get bytes(): number {
    return this.#store.bytes;
  }

  async get(key: string): Promise<StoredBytes | undefined> {
    const entry = this.#store.get(key);
    if (!entry) return undefined;
    const ttlMs = entry.expiresAt - this.#clock.now();
    if (ttlMs > 0) return { bytes: entry.value, ttlMs };
    this.#store.delete(key);
    return undefined;
  }

  async set(key: string, bytes: Uint8Array, ttlMs: number): Promise<void> {
    const now = this.#clock.now();
    this.#removeExpired(now);
    this.#store.set({
      key,
      value: bytes,
      bytes: bytes.byteLength + key.length * 2 + BOOKKEEPING_BYTES,
      storedAt: now,
      bornAt: now,
      expiresAt: now + ttlMs,
      usableUntil: now + ttlMs,
      lastReadAt: now,
      invalidated: false,
      retryAt: undefined,
      cancelRefresh: undefined,
    });
  }

  async delete(key: string): Promise<void> {
    this.#store.delete(key);
  }

  #removeExpired(now: number): void {
    this.#round ??= this.#store.entries();
    for (let i = 0; i < LOOKED_AT; i += 1) {
      const next = this.#round.next();
      if (next.done) {
        this.#round = undefined;
        return;
      }
      if (next.value.expiresAt <= now) this.#store.delete(next.value.key);
    }
  }
}
