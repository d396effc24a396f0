/** Durations of starts. */
export interface StartFigures {
  count: number;
  /** In milliseconds; null before the first. */
  lastMs: number | null;
  /** Sum of all, in milliseconds. */
  totalMs: number;
}

/** Durations of the starts of an app: `warm` if all responses that its rules select came from the cache. */
export class StartTimes {
  readonly cold: StartFigures = { count: 0, lastMs: null, totalMs: 0 };
  readonly warm: StartFigures = { count: 0, lastMs: null, totalMs: 0 };

  /** Adds a start. */
  add(isWarm: boolean, durationMs: number): void {
    const figures = isWarm ? this.warm : this.cold;
    figures.count += 1;
    figures.lastMs = durationMs;
    figures.totalMs += durationMs;
  }
}
