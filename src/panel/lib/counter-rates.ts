interface Sample {
  atMs: number;
  value: number;
}

/** Rates are means over this time. */
const WINDOW_MS = 15_000;
/** The `Age` of a response has whole seconds only: over a shorter time, a rate would be mostly rounding. */
const MIN_SPAN_MS = 1500;

/** Converts samples of monotonic counters to rates per second. */
export class CounterRates {
  readonly #samples = new Map<string, Sample[]>();

  /** Adds a sample. A value lower than the last one means that the counter was reset, and discards older samples. */
  add(counter: string, value: number, atMs: number): void {
    const samples = this.#samples.get(counter) ?? [];
    const last = samples.at(-1);
    if (last && value < last.value) samples.length = 0;
    if (last && atMs <= last.atMs) return;
    samples.push({ atMs, value });
    // Keeps one sample from before the window, so that there are two even if polling is slow.
    while (samples.length > 2 && samples[1]!.atMs <= atMs - WINDOW_MS) samples.shift();
    this.#samples.set(counter, samples);
  }

  /** Rate of a counter; null until there are two samples. */
  perSecond(counter: string): number | null {
    const samples = this.#samples.get(counter) ?? [];
    const first = samples[0];
    const last = samples.at(-1);
    if (!first || !last || last.atMs - first.atMs < MIN_SPAN_MS) return null;
    return ((last.value - first.value) * 1000) / (last.atMs - first.atMs);
  }

  /** Removes all counters but these. */
  retain(counters: ReadonlySet<string>): void {
    for (const counter of this.#samples.keys()) if (!counters.has(counter)) this.#samples.delete(counter);
  }
}
