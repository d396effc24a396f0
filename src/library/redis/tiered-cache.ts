import type {
  Cache,
  CacheRead,
  CacheStats,
  CacheTotals,
  KeyFilter,
  Load,
  LoadingCache,
  LoadOptions,
  StoreOptions,
  TierLoad,
} from '../cache/index.ts';
import { LeasedLoads } from './leased-loads.ts';
import type { RedisLink } from './link.ts';
import type { RedisCounters } from './redis-counters.ts';
import { Tiers, type TiersOptions } from './tiers.ts';

/** Options of a {@link TieredCache}. Those it has in common with {@link Cache} apply to the tier in memory. */
export interface TieredCacheOptions<V> extends TiersOptions<V> {
  /** Duration of the lease to load a key, in seconds: how long a holder that died blocks the others. Default 2. */
  leaseS?: number;
  /** How long other processes wait for a load in progress before they load the key themselves, in seconds. Default 5. */
  waitS?: number;
}

/**
 * A {@link Cache} in memory (L1) in front of values in Redis (L2). All processes with the same prefix and namespace
 * share the values in Redis, load each key once for all of them, and receive each other's invalidations.
 *
 * A hit in memory does not use Redis. A value from Redis keeps its age and its remaining TTL. While Redis is
 * unavailable this is a `Cache` of one process. docs/library/redis.md lists the guarantees.
 */
export class TieredCache<V = unknown> implements LoadingCache<V>, Disposable, AsyncDisposable {
  /** The tier in memory, for values that are not shared. Invalidations apply to them too. */
  readonly memory: Cache<V>;
  readonly #tiers: Tiers<V>;
  readonly #loads: LeasedLoads<V>;

  constructor(link: RedisLink, options: TieredCacheOptions<V>) {
    const { leaseS = 2, waitS = 5, ...tiersOptions } = options;
    this.#tiers = new Tiers<V>(link, tiersOptions, (key) => this.#loads.wake(key));
    this.#loads = new LeasedLoads(this.#tiers, { clock: link.clock, leaseS, waitS });
    this.memory = this.#tiers.memory;
  }

  /** {@link Cache.get} of memory. Does not read Redis. */
  get(key: string): V | undefined {
    return this.memory.get(key);
  }

  /** {@link Cache.peek} of memory. Does not read Redis. */
  peek<T extends V>(key: string): CacheRead<T> | undefined {
    return this.memory.peek<T>(key);
  }

  /**
   * Stores a value in memory at once, and in Redis in the background.
   * @throws as {@link Cache.set}
   */
  set(key: string, value: V, options: StoreOptions): void {
    this.#tiers.set(key, value, options);
  }

  /**
   * Removes a key: here at once, in Redis and other processes in the background.
   * @returns whether memory had a fresh value
   */
  delete(key: string): boolean {
    return this.#tiers.delete(key);
  }

  /**
   * Removes all keys, or those that match a glob or have one of the tags: here at once, in Redis and other processes in
   * the background. A glob or a tag removes all keys from Redis.
   * @returns the number of fresh values removed from memory
   */
  clear(filter?: KeyFilter): number {
    return this.#tiers.clear(filter);
  }

  /**
   * Invalidates the keys that match a glob: here at once, in Redis and other processes in the background. Later reads
   * in this process never return a value loaded before. A glob invalidates all keys in Redis.
   * @returns the number of keys that had a fresh value or a load in progress here
   */
  invalidate(pattern: string): number {
    return this.#tiers.invalidate(pattern);
  }

  /**
   * Invalidates the values with one of these tags: here at once, in Redis and other processes in the background, as
   * {@link invalidate}. Invalidates all keys in Redis. A value that memory has copied from Redis has the tags of the read
   * that copied it, so all reads of a key must pass the same tags.
   * @returns the number of keys that had a fresh value or a load in progress here
   */
  invalidateTags(tags: readonly string[]): number {
    return this.#tiers.invalidateTags(tags);
  }

  /** {@link Cache.getOrLoad}, with one load per key for all processes. */
  getOrLoad<T extends V>(key: string, load: Load<T>, options: LoadOptions): Promise<T> {
    return this.memory.getOrLoad(key, this.#leased(key, load, options), options);
  }

  /** {@link Cache.read}, with one load per key for all processes. A value from Redis is a `miss` with an age. */
  read<T extends V>(key: string, load: Load<T>, options: LoadOptions): CacheRead<T> | Promise<CacheRead<T>> {
    return this.memory.read(key, this.#leased(key, load, options), options);
  }

  /** {@link Cache.stats} of memory. */
  stats(): CacheStats {
    return this.memory.stats();
  }

  /** {@link Cache.totals} of memory. */
  totals(): CacheTotals {
    return this.memory.totals();
  }

  /** Counts of the calls to Redis since the cache was created. */
  redisTotals(): Readonly<RedisCounters> {
    return this.#tiers.redisTotals();
  }

  /** Whether invalidations of other processes are being received. */
  get connected(): boolean {
    return this.#tiers.connected;
  }

  /** {@link Cache.sweep} of memory. */
  sweep(): Promise<number> {
    return this.memory.sweep();
  }

  /**
   * Resolves when each write to Redis so far has been answered or has timed out. For processes that are about to
   * exit; `await using` flushes before it closes.
   */
  flush(): Promise<void> {
    return this.#tiers.redis.flush();
  }

  /** Aborts loads and drops the values in memory. Values stay in Redis; the link stays open. */
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

  #leased<T extends V>(key: string, load: Load<T>, { ttlS }: LoadOptions): Load<T> | TierLoad<T> {
    if (this.#tiers.off) return load;
    // All loads of a key have the same type, so the value that another process stored is a T.
    return this.#loads.wrap(key, load, ttlS) as TierLoad<V> as TierLoad<T>;
  }
}
