/** How long loads of one class of key took, in seconds. */
export interface LoadTime {
  /** Loads that succeeded; the times are theirs. */
  count: number;
  failed: number;
  /** Null before the first that succeeded. */
  meanSeconds: number | null;
  lastSeconds: number | null;
}

/** The times of loads by class of key, since the last reset. The caller sees to it that classes are few. */
export class LoadTimes {
  readonly #byClass = new Map<string, { count: number; failed: number; seconds: number; last: number }>();

  note(keyClass: string, seconds: number, succeeded: boolean): void {
    const known = this.#byClass.get(keyClass) ?? { count: 0, failed: 0, seconds: 0, last: 0 };
    this.#byClass.set(keyClass, known);
    if (!succeeded) {
      known.failed += 1;
      return;
    }
    known.count += 1;
    known.seconds += seconds;
    known.last = seconds;
  }

  reset(): void {
    this.#byClass.clear();
  }

  read(): Record<string, LoadTime> {
    const times = [...this.#byClass].map(([keyClass, { count, failed, seconds, last }]) => {
      const measured = count > 0;
      const meanSeconds = measured ? seconds / count : null;
      return [keyClass, { count, failed, meanSeconds, lastSeconds: measured ? last : null }] as const;
    });
    return Object.fromEntries(times);
  }
}
