import type { ByteStore, StoredBytes } from '../cache/index.ts';
import type { DiskStore } from './disk-store.ts';

/** Options of {@link DiskByteStore}. */
export interface DiskByteStoreOptions {
  /** Namespace in the disk store. Default `bytes`. */
  namespace?: string;
  /** Milliseconds since the epoch. Default `Date.now`. */
  wallClock?: () => number;
}

/**
 * A {@link ByteStore} on disk, for example for the HTTP cache. TTLs count by the wall clock, because they continue
 * after a restart. Closing it closes nothing: the disk store belongs to the caller.
 */
export class DiskByteStore implements ByteStore {
  readonly #store: DiskStore;
  readonly #namespace: string;
  readonly #wallClock: () => number;

  constructor(store: DiskStore, { namespace = 'bytes', wallClock = Date.now }: DiskByteStoreOptions = {}) {
    this.#store = store;
    this.#namespace = namespace;
    this.#wallClock = wallClock;
  }

  async get(key: string): Promise<StoredBytes | undefined> {
    const entry = await this.#store.get(this.#namespace, key);
    if (!entry) return undefined;
    const ttlMs = Number(entry.metadata.expiresAt) - this.#wallClock();
    if (ttlMs > 0) {
      const bytes = await entry.bytes();
      return bytes && { bytes, ttlMs };
    }
    await this.#store.delete(this.#namespace, key);
    return undefined;
  }

  async set(key: string, bytes: Uint8Array, ttlMs: number): Promise<void> {
    await this.#store.put(this.#namespace, key, bytes, { expiresAt: this.#wallClock() + ttlMs });
  }

  async delete(key: string): Promise<void> {
    await this.#store.delete(this.#namespace, key);
  }
}
