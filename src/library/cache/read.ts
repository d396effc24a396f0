import type { Entry } from './store.ts';

/**
 * How a read was answered: `hit` from a kept value; `miss` by a load it began; `collapsed` by a load
 * somebody else had begun; `stale` by a value past its time because its load fails or is overdue;
 * `bypass` by a load with the cache off.
 */
export type ReadOutcome = 'hit' | 'miss' | 'collapsed' | 'stale' | 'bypass';

/** A value together with what a reader may want to know about it. */
export interface CacheRead<V> {
  readonly value: V;
  readonly outcome: ReadOutcome;
  /** Seconds since its source gave the value. */
  readonly ageS: number;
  /** Seconds until it expires; negative once it has. */
  readonly ttlS: number;
}

export function describeRead<V>(entry: Entry<V>, outcome: ReadOutcome, now: number): CacheRead<V> {
  return {
    value: entry.value,
    outcome,
    ageS: (now - entry.bornAt) / 1000,
    ttlS: (entry.expiresAt - now) / 1000,
  };
}
