import { isDeepStrictEqual } from 'node:util';
import type { CacheRead } from './read.ts';

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

/** A value that has been loaded. */
interface LoadedValue<V> {
  readonly value: V;
  /** The TTL that its reader requested, in seconds. */
  readonly ttlS: number;
  /** Duration of the load, in seconds. */
  readonly loadS: number;
  /** The value before, unless it has been removed or invalidated. */
  readonly former: CacheRead<V> | undefined;
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

  /** @throws RangeError if an option is out of range */
  constructor({ maxTtlS, maxLoadShare = 0.1, isSame = isDeepStrictEqual }: AdaptiveTtlOptions<V>) {
    if (!(maxTtlS > 0)) throw new RangeError(`maxTtlS must be a number of seconds above 0, not ${maxTtlS}`);
    if (!(maxLoadShare > 0 && maxLoadShare < 1))
      throw new RangeError(`maxLoadShare must be between 0 and 1, not ${maxLoadShare}`);
    this.#maxTtlS = maxTtlS;
    this.#ttlPerLoad = (1 - maxLoadShare) / maxLoadShare;
    this.#isSame = isSame;
  }

  /** Returns the longest TTL of a value whose reader requested `ttlS`, in seconds. */
  limit(ttlS: number): number {
    return Math.max(ttlS, this.#maxTtlS);
  }

  /** Returns the TTL of a loaded value, in seconds. A requested TTL of 0 is kept: the value is not to be cached. */
  choose({ value, ttlS, loadS, former }: LoadedValue<V>): number {
    if (ttlS === 0) return 0;
    // Its whole TTL, also if it has come from another tier.
    const formerTtlS = former && this.#equals(value, former.value) ? former.ageS + former.ttlS : 0;
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
