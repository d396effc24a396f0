import type { ResourceSample } from './runtime.ts';

/** Over a shorter interval, clock jitter would dominate the percentage. */
const MIN_INTERVAL_MS = 500;
/** Samples may arrive out of order, but not by more than this. */
const MAX_DISORDER_MS = 10_000;

/** CPU usage of engines in percent, 100 being one core, from the CPU times of two samples. */
export class CpuMeter {
  readonly #samples = new Map<string, { base: ResourceSample | undefined; latest: ResourceSample }>();

  /**
   * Usage since the previous sample of an engine; for its first sample, the mean since it started. A sample
   * taken less than 500 ms after the latest is compared with the one before that.
   * @param id the engine's id
   */
  percent(id: string, sample: ResourceSample): number {
    const previous = this.#samples.get(id);
    const sameRun = previous !== undefined && previous.latest.startedAt === sample.startedAt;
    // If the clock of the machine was set back, no sample could be compared until it has caught up.
    const isComparable = sameRun && previous.latest.takenAt - sample.takenAt <= MAX_DISORDER_MS;
    let base = isComparable ? previous.base : undefined;
    if (!isComparable) {
      this.#samples.set(id, { base: undefined, latest: sample });
    } else if (sample.takenAt - previous.latest.takenAt >= MIN_INTERVAL_MS) {
      base = previous.latest;
      this.#samples.set(id, { base, latest: sample });
    }
    // Samples can arrive out of order: one older than the base cannot be compared with it.
    if (base && base.takenAt >= sample.takenAt) base = undefined;
    const cpuMs = (sample.cpuNs - (base?.cpuNs ?? 0)) / 1e6;
    const elapsedMs = sample.takenAt - (base?.takenAt ?? sample.startedAt);
    return elapsedMs > 0 ? Math.max(0, (cpuMs / elapsedMs) * 100) : 0;
  }

  /** Drops the samples of all engines but these. */
  retain(ids: ReadonlySet<string>): void {
    for (const id of this.#samples.keys()) if (!ids.has(id)) this.#samples.delete(id);
  }
}
