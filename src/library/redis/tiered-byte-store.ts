import type { ByteStore, CacheRead, CacheTotals, Load, StoredBytes } from '../cache/index.ts';
import { inOwnMemory, memoryOf } from '../util/own-memory.ts';
import type { Codec } from './codec.ts';
import type { RedisLink } from './link.ts';
import type { RedisCounters } from './redis-counters.ts';
import { Tiers, type TiersOptions } from './tiers.ts';

/** Options of a {@link TieredByteStore}. The limits apply to the tier in memory. */
export type TieredByteStoreOptions = Pick<
  TiersOptions<Uint8Array>,
  'namespace' | 'maxEntries' | 'maxBytes' | 'onError'
>;

/** Copies what it decodes: a reply of Redis may be part of a larger buffer, which memory would retain. */
const COPY: Codec<Uint8Array | undefined> = {
  encode: (bytes) => bytes!,
  decode: (bytes) => Uint8Array.from(bytes),
};

/**
 * A {@link ByteStore} with memory (L1) in front of Redis (L2). What one process writes or deletes, the others drop from
 * their memory as soon as they receive the invalidation. Only {@link get} waits for Redis, and only if the entry is not
 * in memory. No call rejects because Redis is unavailable: the store is then that of one process.
 */
export class TieredByteStore implements ByteStore, Disposable, AsyncDisposable {
  readonly #tiers: Tiers<Uint8Array | undefined>;
  /** Memory that callers keep with an entry, by its bytes. */
  readonly #costs = new WeakMap<Uint8Array, number>();

  constructor(link: RedisLink, options: TieredByteStoreOptions) {
    // A read of Redis has the timeout of a command. Any other would make `get` reject.
    const loadTimeoutS = Number.POSITIVE_INFINITY;
    const sizeOf = (bytes: Uint8Array | undefined) =>
      bytes ? memoryOf(bytes) + (this.#costs.get(bytes) ?? 0) : 0;
    this.#tiers = new Tiers(link, { ...options, codec: COPY, loadTimeoutS, sizeOf });
  }

  /**
   * Reads an entry from memory, else from Redis. Concurrent reads of a key share one command. An entry that was
   * invalidated while it was read from Redis is returned, but not stored in memory.
   * @returns undefined if there is none
   */
  async get(key: string): Promise<StoredBytes | undefined> {
    if (this.#tiers.off) return undefined;
    const ttlS = Number.POSITIVE_INFINITY;
    const read = await this.#tiers.memory.read(key, this.#readRedis(key), { ttlS });
    return toStoredBytes(read);
  }

  /** Like {@link get}, without a promise; undefined if the entry is not in memory. */
  getSync(key: string): StoredBytes | undefined {
    const { memory } = this.#tiers;
    const stored = toStoredBytes(memory.peek(key));
    // Counts the hit, and marks the entry as used.
    if (stored) memory.get(key);
    return stored;
  }

  /** Reads an entry from Redis, even if it is in memory. If Redis is unavailable, from memory. */
  async getLatest(key: string): Promise<StoredBytes | undefined> {
    if (this.#tiers.off) return undefined;
    const stored = await this.#tiers.redis.read(key);
    const bytes = stored && this.#tiers.decode(key, stored);
    if (bytes) return { bytes, ttlMs: stored.freshness.ttlS * 1000 };
    return toStoredBytes(this.#tiers.memory.peek(key));
  }

  /**
   * Writes an entry to memory at once, and to Redis in the background.
   * @throws RangeError if `ttlMs` is negative or not a number
   */
  async set(key: string, bytes: Uint8Array, ttlMs: number): Promise<void> {
    this.#tiers.set(key, inOwnMemory(bytes), { ttlS: ttlMs / 1000 });
  }

  /**
   * Writes an entry to Redis if there is none. If Redis is unavailable, to memory.
   * @returns whether it was written
   */
  async add(key: string, bytes: Uint8Array, ttlMs: number): Promise<boolean> {
    if (this.#tiers.off) return false;
    const added = await this.#tiers.redis.add(key, bytes, ttlMs / 1000);
    // Not written to memory: another process may have replaced it before the reply arrived.
    if (added !== undefined) return added;
    if (this.#tiers.memory.peek(key)) return false;
    this.#tiers.memory.set(key, inOwnMemory(bytes), { ttlS: ttlMs / 1000 });
    return true;
  }

  /** Counts memory that a caller keeps with an entry in memory. */
  addCost(key: string, bytes: Uint8Array, costBytes: number): void {
    const { memory } = this.#tiers;
    const read = memory.peek(key);
    if (read?.value !== bytes) return;
    this.#costs.set(bytes, (this.#costs.get(bytes) ?? 0) + costBytes);
    memory.set(key, bytes, { ttlS: read.ttlS });
  }

  /** Removes an entry: here at once, in Redis and other processes in the background. */
  async delete(key: string): Promise<void> {
    this.#tiers.delete(key);
  }

  /** Removes all entries of this namespace, in constant time for Redis. */
  clear(): void {
    this.#tiers.clear();
  }

  /** Counts of entries in memory and of reads from it. A `load` is a read from Redis. */
  totals(): CacheTotals {
    return this.#tiers.memory.totals();
  }

  /** Counts of the calls to Redis since the store was created. */
  redisTotals(): Readonly<RedisCounters> {
    return this.#tiers.redisTotals();
  }

  /** Whether invalidations of other processes are being received. */
  get connected(): boolean {
    return this.#tiers.connected;
  }

  /** Resolves when each write to Redis so far has been answered or has timed out. */
  flush(): Promise<void> {
    return this.#tiers.redis.flush();
  }

  /** Drops the entries in memory. Entries stay in Redis; the link stays open. */
  close(): void {
    this.#tiers.close();
  }

  /** Same as {@link close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** {@link flush}, then {@link close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
    this.close();
  }

  /** Reads an entry from Redis. Memory stores the result only if no invalidation has come in between. */
  #readRedis(key: string): Load<Uint8Array | undefined> {
    return async (_signal, setFreshness) => {
      const stored = await this.#tiers.redis.read(key);
      if (stored === undefined) return undefined;
      const { ageS, ttlS } = stored.freshness;
      setFreshness({ ageS, ttlS: Math.min(ttlS, this.#tiers.maxMemoryTtlS) });
      return this.#tiers.decode(key, stored);
    };
  }
}

function toStoredBytes(read: CacheRead<Uint8Array | undefined> | undefined): StoredBytes | undefined {
  return read?.value && { bytes: read.value, ttlMs: read.ttlS * 1000 };
}
