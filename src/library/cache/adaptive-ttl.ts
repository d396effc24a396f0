import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../util/clock.ts';
import type { CacheEntry } from './store.ts';

/** Options of {@link AdaptiveTtl}. */
export interface AdaptiveTtlOptions<V = unknown> {
  /** Longest TTL that is chosen, in seconds. A longer TTL that a read requests is kept. */
  maxTtlS: number;
  /** Longest share of the time that loads of one key take, greater than 0 and less than 1. Default 0.1. */
  maxLoadShare?: number;
  /**
   * Returns whether a loaded value says the same as the one before. If it throws, they differ. Default
   * `util.isDeepStrictEqual`.
   */
  isSame?: (loaded: V, former: V) => boolean;
}

/**
 * Chooses TTLs between the requested one and `maxTtlS`. A value lives twice as long as the one before if it is the
 * same, and so long that loads take at most `maxLoadShare` of the time. After a change or an invalidation, the TTL is
 * the requested one again.
 */
export class AdaptiveTtl<V> {
  readonly #maxTtlS: number;
  /** Seconds of TTL per second of loading. */
  readonly #ttlPerLoad: number;
  readonly #isSame: (loaded: V, former: V) => boolean;
  readonly #clock: Clock;
  readonly #entryOf: (key: string) => CacheEntry<V> | undefined;

  /**
   * @param entryOf returns the entry of a key, fresh or not
   * @throws RangeError if an option is out of range
   */
  constructor(
    { maxTtlS, maxLoadShare = 0.1, isSame = isDeepStrictEqual }: AdaptiveTtlOptions<V>,
    clock: Clock,
    entryOf: (key: string) => CacheEntry<V> | undefined,
  ) {
    if (!(maxTtlS > 0)) throw new RangeError(`maxTtlS must be a number of seconds above 0, not ${maxTtlS}`);
    if (!(maxLoadShare > 0 && maxLoadShare < 1))
      throw new RangeError(`maxLoadShare must be between 0 and 1, not ${maxLoadShare}`);
    this.#maxTtlS = maxTtlS;
    this.#ttlPerLoad = (1 - maxLoadShare) / maxLoadShare;
    this.#isSame = isSame;
    this.#clock = clock;
    this.#entryOf = entryOf;
  }

  /** Returns the longest TTL of a value whose reader requested `ttlS`, in seconds. */
  limit(ttlS: number): number {
    return Math.max(ttlS, this.#maxTtlS);
  }

  /**
   * Returns the TTL of a value that has just been loaded, in seconds. A requested TTL of 0 is kept: the value is not to
   * be cached.
   * @param load its key, and when its source was called, in clock milliseconds
   * @param ttlS the requested TTL, in seconds
   */
  choose({ key, startedAt }: { key: string; startedAt: number }, value: V, ttlS: number): number {
    if (ttlS === 0) return 0;
    const former = this.#entryOf(key);
    const isSame = former !== undefined && !former.invalidated && this.#equals(value, former.value);
    // Its whole TTL, also if it has come from another tier.
    const formerTtlS = isSame ? (former.expiresAt - former.createdAt) / 1000 : 0;
    const loadS = (this.#clock.now() - startedAt) / 1000;
    return Math.min(this.limit(ttlS), Math.max(ttlS, 2 * formerTtlS, loadS * this.#ttlPerLoad));
  }

  #equals(loaded: V, former: V): boolean {
    try {
      return this.#isSame(loaded, former);
    } catch {
      return false;
    }
  }
}
