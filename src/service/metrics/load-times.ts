/** Durations of the loads of one key class, in seconds. */
export interface LoadTime {
  /** Number of successful loads. The durations are theirs. */
  count: number;
  failed: number;
  /** Null before the first successful load. */
  meanSeconds: number | null;
  /** Null before the first successful load. */
  lastSeconds: number | null;
}

/** Durations of loads by key class since the last reset. The number of classes must be bounded by the caller. */
export class LoadTimes {
  readonly #byClass = new Map<string, { count: number; failed: number; seconds: number; last: number }>();

  /** Records a finished load. */
  record(keyClass: string, seconds: number, succeeded: boolean): void {
    const totals = this.#byClass.get(keyClass) ?? { count: 0, failed: 0, seconds: 0, last: 0 };
    this.#byClass.set(keyClass, totals);
    if (!succeeded) {
      totals.failed += 1;
      return;
    }
    totals.count += 1;
    totals.seconds += seconds;
    totals.last = seconds;
  }

  /** Drops all records. */
  reset(): void {
    this.#byClass.clear();
  }

  /** @returns the durations by key class */
  read(): Record<string, LoadTime> {
    const times = [...this.#byClass].map(([keyClass, { count, failed, seconds, last }]) => {
      const measured = count > 0;
      const meanSeconds = measured ? seconds / count : null;
      return [keyClass, { count, failed, meanSeconds, lastSeconds: measured ? last : null }] as const;
    });
    return Object.fromEntries(times);
  }
}
