import type { ByteStore, CacheTotals, StoredBytes } from '../cache/index.ts';
import type { Codec } from './codec.ts';
import type { RedisLink } from './link.ts';
import type { RedisCounters } from './namespace.ts';
import { TieredCache, type TieredCacheOptions } from './tiered-cache.ts';

export type TieredByteStoreOptions = Pick<
  TieredCacheOptions<Uint8Array>,
  'namespace' | 'maxEntries' | 'maxBytes' | 'onError'
>;

/** A reply of Redis may be a piece of a larger buffer, which memory would keep with it. */
const COPIED: Codec<Uint8Array | undefined> = {
  encode: (bytes) => bytes!,
  decode: (bytes) => Uint8Array.from(bytes),
};

/**
 * Bytes in memory in front of bytes in Redis. What one process writes or deletes, the others drop from their
 * memory as soon as Redis has told them. A call waits for Redis only to read what memory lacks, and no call
 * rejects because Redis is away: the store is then this process's own.
 */
export class TieredByteStore implements ByteStore, Disposable, AsyncDisposable {
  readonly #cache: TieredCache<Uint8Array | undefined>;

  constructor(link: RedisLink, options: TieredByteStoreOptions) {
    this.#cache = new TieredCache(link, { ...options, codec: COPIED });
  }

  async get(key: string): Promise<StoredBytes | undefined> {
    const { value, ttlS } = await this.#cache.read(
      key,
      (_signal, tell) => {
        tell({ ageS: 0, ttlS: 0 });
        return undefined;
      },
      { ttlS: Number.POSITIVE_INFINITY },
    );
    return value && { bytes: value, ttlMs: ttlS * 1000 };
  }

  async set(key: string, bytes: Uint8Array, ttlMs: number): Promise<void> {
    this.#cache.set(key, bytes, { ttlS: ttlMs / 1000 });
  }

  async delete(key: string): Promise<void> {
    this.#cache.delete(key);
  }

  /** Forgets everything in this namespace, in constant time for Redis. */
  clear(): void {
    this.#cache.clear();
  }

  /** What is in memory, and what was read from it. */
  totals(): CacheTotals {
    return this.#cache.totals();
  }

  tierTotals(): Readonly<RedisCounters> {
    return this.#cache.tierTotals();
  }

  /** Whether what other processes write and delete is heard of now. */
  get connected(): boolean {
    return this.#cache.connected;
  }

  /** @see TieredCache.flush */
  flush(): Promise<void> {
    return this.#cache.flush();
  }

  /** Drops what is in memory. Redis keeps its bytes; the link stays open. */
  close(): void {
    this.#cache.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cache[Symbol.asyncDispose]();
  }
}
