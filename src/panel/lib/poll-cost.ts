import type { CacheStats } from './wire.ts';

/** What reading costs the service, from load times it has measured; times in seconds. */
export interface PollCost {
  /** Class of keys, as `stats:engine`. */
  keyClass: string;
  loads: number;
  /** Mean of one load: what every poll would cost if nothing were kept. Null before one has succeeded. */
  withoutS: number | null;
}

/** How long a poll waits on average, and would wait. Loads in the background keep nobody waiting. */
export interface Waiting {
  polls: number;
  /** Polls that waited for a load. */
  waited: number;
  /** All loads, those in the background too. */
  loads: number;
  withS: number;
  withoutS: number;
}

export function pollCosts({ load_times: times }: CacheStats): PollCost[] {
  return Object.entries(times)
    .map(([keyClass, { count, failed, mean_seconds }]) => ({
      keyClass,
      loads: count + failed,
      withoutS: mean_seconds,
    }))
    .sort((a, b) => (b.withoutS ?? 0) - (a.withoutS ?? 0));
}

/**
 * Reads are not counted by class: they are taken to be of the classes in the share in which those were loaded. Null until there is something to compare.
 */
export function waiting(stats: CacheStats): Waiting | null {
  const polls = stats.hits + stats.misses;
  const measured = Object.values(stats.load_times).filter(({ mean_seconds }) => mean_seconds !== null);
  const counted = measured.reduce((sum, { count }) => sum + count, 0);
  if (polls === 0 || counted === 0) return null;
  const busyS = measured.reduce((sum, { count, mean_seconds }) => sum + count * (mean_seconds ?? 0), 0);
  const withoutS = busyS / counted;
  // A stale answer is a miss that is answered at once.
  const waited = Math.max(0, stats.misses - stats.stale);
  return { polls, waited, loads: stats.loads, withS: (withoutS * waited) / polls, withoutS };
}
