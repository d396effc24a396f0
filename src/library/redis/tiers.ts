import { Cache, type CacheOptions, type KeyFilter, type StoreOptions } from '../cache/index.ts';
import { type Codec, jsonCodec } from './codec.ts';
import type { Invalidation } from './invalidation.ts';
import { InvalidationChannel } from './invalidation-channel.ts';
import type { RedisLink } from './link.ts';
import { RedisNamespace } from './namespace.ts';
import type { RedisCounters } from './redis-counters.ts';
import type { StoredValue } from './stored-entry.ts';

/** Options of {@link Tiers}. Those of {@link CacheOptions} apply to the tier in memory. */
export interface TiersOptions<V> extends Omit<CacheOptions<V>, 'clock'> {
  /** Separates the keys of this cache from others under the same prefix. */
  namespace: string;
  /** Converts values to bytes for Redis. Default {@link jsonCodec}. */
  codec?: Codec<V>;
  /**
   * While invalidations of other processes cannot be received, how long a value is kept in memory at most, in
   * seconds. Default 30.
   */
  isolatedTtlS?: number;
}

/**
 * The two tiers of a cache: a {@link Cache} in memory in front of a namespace in Redis. A write or an invalidation
 * applies to memory at once, to Redis in the background, and to the memory of the other processes as soon as they
 * receive it.
 */
export class Tiers<V> {
  /** The tier in memory (L1). */
  readonly memory: Cache<V>;
  /** The tier in Redis (L2). */
  readonly redis: RedisNamespace;
  readonly #channel: InvalidationChannel;
  readonly #codec: Codec<V>;
  readonly #isolatedTtlS: number;
  readonly #onError: (error: unknown, key: string) => void;
  readonly #onLoaded: (key: string) => void;
  #cancelExpiry = () => {};
  #off: boolean;

  /** @param onLoaded called when a load of a key has ended in any process */
  constructor(link: RedisLink, options: TiersOptions<V>, onLoaded: (key: string) => void = () => {}) {
    const { namespace, codec = jsonCodec<V>(), isolatedTtlS = 30, ...cacheOptions } = options;
    const { clock } = link;
    this.#off = options.enabled === false;
    this.#codec = codec;
    this.#isolatedTtlS = isolatedTtlS;
    this.#onError = options.onError ?? (() => {});
    this.#onLoaded = onLoaded;
    this.memory = new Cache<V>({ ...cacheOptions, clock });
    this.redis = new RedisNamespace(link, namespace, this.#onError);
    this.#channel = new InvalidationChannel({
      link,
      channel: this.redis.channel,
      latestChange: () => this.redis.latestChange(),
      onInvalidation: (invalidation) => this.#apply(invalidation),
      onMissed: () => this.memory.invalidate('*'),
      onConnected: () => this.#cancelExpiry(),
      onDisconnected: () => {
        this.#cancelExpiry = clock.after(isolatedTtlS * 1000, () => this.memory.invalidate('*'));
      },
    });
  }

  /** Whether the cache is closed or disabled. Redis is not used then. */
  get off(): boolean {
    return this.#off;
  }

  /** Whether invalidations of other processes are being received. */
  get connected(): boolean {
    return this.#channel.connected;
  }

  /** Longest TTL in memory for a value obtained now, in seconds: limited while {@link connected} is false. */
  get maxMemoryTtlS(): number {
    return this.connected ? Number.POSITIVE_INFINITY : this.#isolatedTtlS;
  }

  /** Stores a value in both tiers. A value that cannot be encoded is removed from Redis. */
  set(key: string, value: V, options: StoreOptions): void {
    this.memory.set(key, value, options);
    if (this.#off) return;
    const bytes = this.encode(key, value);
    if (bytes) void this.redis.replace(key, bytes, options.ttlS);
    else void this.redis.invalidate('delete', key);
  }

  /** Removes a key from both tiers. @returns whether memory had a fresh value */
  delete(key: string): boolean {
    if (!this.#off) void this.redis.invalidate('delete', key);
    return this.memory.delete(key);
  }

  /** Removes all keys, or those that a filter selects, from both tiers. @returns the number of fresh values in memory */
  clear(filter?: KeyFilter): number {
    if (!this.#off) void this.redis.invalidate('clear', filter ?? '*');
    return this.memory.clear(filter);
  }

  /** {@link Cache.invalidate} in both tiers. @returns the number of keys affected in memory */
  invalidate(pattern: string): number {
    if (!this.#off) void this.redis.invalidate('invalidate', pattern);
    return this.memory.invalidate(pattern);
  }

  /** {@link Cache.invalidateTags} in both tiers. @returns the number of keys affected in memory */
  invalidateTags(tags: readonly string[]): number {
    if (!this.#off) void this.redis.invalidate('invalidate', { tags });
    return this.memory.invalidateTags(tags);
  }

  /** @returns the bytes of a value, or undefined if it cannot be encoded; the error goes to `onError` */
  encode(key: string, value: V): Uint8Array | undefined {
    try {
      return this.#codec.encode(value);
    } catch (error) {
      this.#onError(error, key);
    }
  }

  /**
   * Decodes a value from Redis. One that cannot be decoded counts as a miss and is removed, so that not every process
   * fails on it; the error goes to `onError`.
   */
  decode(key: string, { bytes }: StoredValue): V | undefined {
    try {
      const value = this.#codec.decode(bytes);
      this.redis.countHit();
      return value;
    } catch (error) {
      this.redis.removeCorrupt(key, error);
    }
  }

  /** A copy of the counters of calls to Redis. */
  redisTotals(): Readonly<RedisCounters> {
    return { ...this.redis.counters };
  }

  /** Closes both tiers. Values stay in Redis; the link stays open. */
  close(): void {
    this.#off = true;
    this.#cancelExpiry();
    this.#channel[Symbol.dispose]();
    this.redis.close();
    this.memory.close();
  }

  #apply({ op, pattern, tags, from }: Invalidation): void {
    if (op === 'loaded') this.#onLoaded(pattern);
    else if (from === this.redis.id) return;
    else if (op === 'invalidate' && tags) this.memory.invalidateTags(tags);
    else if (op === 'clear' && tags) this.memory.clear({ tags });
    else this.memory[op](pattern);
  }
}
