import {
  Cache,
  type CacheOptions,
  type CacheRead,
  type CacheStats,
  type CacheTotals,
  type Load,
  type LoadingCache,
  type LoadOptions,
} from '../cache/index.ts';
import { type Codec, jsonCodec } from './codec.ts';
import type { Invalidation } from './invalidation.ts';
import { InvalidationChannel } from './invalidation-channel.ts';
import type { RedisLink } from './link.ts';
import { type RedisCounters, RedisNamespace } from './namespace.ts';
import { SharedLoads } from './shared-loads.ts';

/** How a shared cache behaves; what it shares with {@link Cache} applies to the part in memory. */
export interface TieredCacheOptions<V> extends Omit<CacheOptions<V>, 'clock'> {
  /** What tells this cache's keys from those of others under the same prefix. */
  namespace: string;
  /** How values become bytes in Redis. Default: JSON. */
  codec?: Codec<V>;
  /** How long the others wait for a process that loads a key and dies of it, in seconds. Default 2. */
  leaseS?: number;
  /** How long the others wait for one that lives but is slow, before they load by themselves. Default 5 s. */
  waitS?: number;
  /**
   * While invalidations of other processes cannot be heard, how long a value is kept in memory at most, in
   * seconds. Default 30.
   */
  isolatedTtlS?: number;
}

/**
 * A {@link Cache} in memory in front of values in Redis, which all processes with the same prefix and
 * namespace share: one load per key for all of them, and invalidations that reach them all.
 *
 * A hit in memory asks nobody. A value from Redis keeps its age and what is left of its life. Without Redis
 * this is a plain cache; see docs/library.md for what is promised when.
 */
export class TieredCache<V = unknown> implements LoadingCache<V>, Disposable, AsyncDisposable {
  /**
   * The part in memory: for values that are this process's own. Invalidations reach them too.
   */
  readonly memory: Cache<V>;
  readonly #tier: RedisNamespace;
  readonly #bus: InvalidationChannel;
  readonly #loads: SharedLoads<V>;
  readonly #codec: Codec<V>;
  readonly #onError: (error: unknown, key: string) => void;
  #cancelExpiry = () => {};
  /** Closed, or turned off from the start: then Redis is not used either. */
  #off: boolean;

  constructor(link: RedisLink, options: TieredCacheOptions<V>) {
    const { namespace, codec = jsonCodec<V>(), leaseS = 2, waitS = 5, isolatedTtlS = 30, ...own } = options;
    const { clock } = link;
    this.#off = options.enabled === false;
    this.#onError = options.onError ?? (() => {});
    this.#codec = codec;
    this.memory = new Cache<V>({ ...own, clock });
    this.#tier = new RedisNamespace({ link, namespace, leaseMs: leaseS * 1000, onError: this.#onError });
    this.#bus = new InvalidationChannel({
      link,
      channel: this.#tier.channel,
      latestChange: () => this.#tier.latestChange(),
      onNotice: (notice) => this.#heard(notice),
      onMissed: () => this.memory.invalidate('*'),
      onUp: () => this.#cancelExpiry(),
      onDown: () => {
        this.#cancelExpiry = clock.after(isolatedTtlS * 1000, () => this.memory.invalidate('*'));
      },
    });
    this.#loads = new SharedLoads<V>({
      tier: this.#tier,
      codec,
      clock,
      waitMs: waitS * 1000,
      renewMs: (leaseS * 1000) / 3,
      longestS: () => (this.#bus.connected ? Number.POSITIVE_INFINITY : isolatedTtlS),
      onError: this.#onError,
    });
  }

  /** The fresh value of a key in memory, or `undefined`; Redis is not asked. Counts as a hit or a miss. */
  get(key: string): V | undefined {
    return this.memory.get(key);
  }

  peek<T extends V>(key: string): CacheRead<T> | undefined {
    return this.memory.peek<T>(key);
  }

  /** Keeps a value here at once, and for the others soon. Otherwise as {@link Cache.set}. */
  set(key: string, value: V, options: { ttlS: number }): void {
    this.memory.set(key, value, options);
    if (this.#off) return;
    try {
      void this.#tier.replace(key, this.#codec.encode(value), options.ttlS);
    } catch (error) {
      this.#onError(error, key);
      void this.#tier.change('delete', key);
    }
  }

  /** Removes a key here at once, and for the others soon. Returns whether a fresh value was here. */
  delete(key: string): boolean {
    if (!this.#off) void this.#tier.change('delete', key);
    return this.memory.delete(key);
  }

  /** Removes everything, or the keys that match a glob. Returns how many fresh values were here. */
  clear(pattern?: string): number {
    if (!this.#off) void this.#tier.change('clear', pattern ?? '*');
    return this.memory.clear(pattern);
  }

  /**
   * Makes the keys that match a glob out of date: here at once, and for the others as soon as Redis has
   * told them. Returns how many keys had a fresh value or a load under way here.
   */
  invalidate(pattern: string): number {
    if (!this.#off) void this.#tier.change('invalidate', pattern);
    return this.memory.invalidate(pattern);
  }

  getOrLoad<T extends V>(key: string, load: Load<T>, options: LoadOptions): Promise<T> {
    return this.memory.getOrLoad(key, this.#shared(key, load, options), options);
  }

  /** As {@link Cache.read}. A value out of Redis counts as a miss, and its age tells that it is one. */
  read<T extends V>(key: string, load: Load<T>, options: LoadOptions): CacheRead<T> | Promise<CacheRead<T>> {
    return this.memory.read(key, this.#shared(key, load, options), options);
  }

  /** What is in memory. */
  stats(): CacheStats {
    return this.memory.stats();
  }

  totals(): CacheTotals {
    return this.memory.totals();
  }

  /** What became of the calls to Redis since the cache was made. */
  tierTotals(): Readonly<RedisCounters> {
    return { ...this.#tier.counters };
  }

  /** Whether invalidations of other processes are heard now. */
  get connected(): boolean {
    return this.#bus.connected;
  }

  sweep(): Promise<number> {
    return this.memory.sweep();
  }

  /**
   * Waits until Redis has taken what was stored so far, or has not within the deadline of a command: for
   * programs that end soon. `await using` does so before it closes.
   */
  flush(): Promise<void> {
    return this.#tier.flush();
  }

  /** Ends what is under way and drops what is in memory. Redis keeps its values; the link stays open. */
  close(): void {
    this.#off = true;
    this.#cancelExpiry();
    this.#bus[Symbol.dispose]();
    this.#tier.close();
    this.memory.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.flush();
    this.close();
  }

  #shared<T extends V>(key: string, load: Load<T>, { ttlS }: LoadOptions): Load<T> {
    if (this.#off) return load;
    // Every reader of a key brings a load of the same type, so what the others have stored is a T.
    return this.#loads.through(key, load, ttlS) as Load<T>;
  }

  #heard({ op, pattern, from }: Invalidation): void {
    if (op === 'loaded') this.#loads.wake(pattern);
    else if (from !== this.#tier.id) this.memory[op](pattern);
  }
}
