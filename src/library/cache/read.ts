import type { CacheEntry } from './store.ts';

/**
 * How a read was answered:
 * - `hit`: from the cache;
 * - `miss`: by a load that this read started;
 * - `collapsed`: by a load that another read had started;
 * - `stale`: by an expired or invalidated value, because loading fails or its refresh takes too long;
 * - `bypass`: by a load with the cache disabled or closed.
 */
export type ReadOutcome = 'hit' | 'miss' | 'collapsed' | 'stale' | 'bypass';

/** The result of a read. */
export interface CacheRead<V> {
  readonly value: V;
  readonly outcome: ReadOutcome;
  /** Time since the source produced the value, in seconds. */
  readonly ageS: number;
  /** Time until the value expires, in seconds; negative if it has expired. */
  readonly ttlS: number;
}

/** Describes a read that is answered from an entry. `now` is in clock milliseconds. */
export function describeRead<V>(entry: CacheEntry<V>, outcome: ReadOutcome, now: number): CacheRead<V> {
  return {
    value: entry.value,
    outcome,
    ageS: (now - entry.createdAt) / 1000,
    ttlS: (entry.expiresAt - now) / 1000,
  };
}
