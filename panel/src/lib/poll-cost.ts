import type { CacheStats } from './wire.ts';

/** What reading costs the service, from load times it has measured; times in seconds. */
export interface PollCost {
  /** Class of keys, as `stats:engine`. */
  keyClass: string;
  loads: number;
  /** Mean of one load: what every poll would cost if nothing were kept. Null before one has succeeded. */
  withoutS: number | null;
}

/** What all reads together have cost, and would have. */
export interface Savings {
  reads: number;
  loads: number;
  /** Mean time that one read has kept the sources busy. */
  withS: number;
  /** Mean time that it would have, had each read been a load. */
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
 * The reads are not counted by class, so a read is taken to be of the classes in the share in which they were
 * loaded. Null until there is something to compare.
 */
export function savings(stats: CacheStats): Savings | null {
  const reads = stats.hits + stats.misses;
  const measured = Object.values(stats.load_times).filter(({ mean_seconds }) => mean_seconds !== null);
  const counted = measured.reduce((sum, { count }) => sum + count, 0);
  if (reads === 0 || counted === 0) return null;
  const busyS = measured.reduce((sum, { count, mean_seconds }) => sum + count * (mean_seconds ?? 0), 0);
  const withoutS = busyS / counted;
  return { reads, loads: stats.loads, withS: (withoutS * stats.loads) / reads, withoutS };
}
