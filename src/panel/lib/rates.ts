interface Sample {
  atMs: number;
  value: number;
}

/** Answers are a few seconds old by whole seconds only: over less than this a rate would be mostly rounding. */
const WINDOW_MS = 15_000;
const MIN_SPAN_MS = 1500;

/** Turns readings of growing counters into rates per second, as means over the last 15 s. */
export class Rates {
  readonly #samples = new Map<string, Sample[]>();

  /** Takes a reading; one that is lower than the last is of a counter that began anew. */
  add(name: string, value: number, atMs: number): void {
    const samples = this.#samples.get(name) ?? [];
    const last = samples.at(-1);
    if (last && value < last.value) samples.length = 0;
    if (last && atMs <= last.atMs) return;
    samples.push({ atMs, value });
    // One sample before the window is kept, so that a slow interval still has two.
    while (samples.length > 2 && samples[1]!.atMs <= atMs - WINDOW_MS) samples.shift();
    this.#samples.set(name, samples);
  }

  /** Per second; null before there are two readings. */
  of(name: string): number | null {
    const samples = this.#samples.get(name) ?? [];
    const first = samples[0];
    const last = samples.at(-1);
    if (!first || !last || last.atMs - first.atMs < MIN_SPAN_MS) return null;
    return ((last.value - first.value) * 1000) / (last.atMs - first.atMs);
  }

  /** Forgets counters that are no longer there. */
  keep(names: ReadonlySet<string>): void {
    for (const name of this.#samples.keys()) if (!names.has(name)) this.#samples.delete(name);
  }
}
