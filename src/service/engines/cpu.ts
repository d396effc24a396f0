import type { ResourceSample } from './runtime.ts';

/** Shorter intervals make a percentage of mere clock noise. */
const MIN_INTERVAL_MS = 500;

/** CPU use as a percentage of one core, from how a counter moved between two samples. */
export class CpuMeter {
  readonly #samples = new Map<string, { base: ResourceSample | undefined; latest: ResourceSample }>();

  /**
   * Use since the previous sample; for the first sample of an engine, the mean since it started. A sample
   * that follows too closely on the last is measured from the one before.
   */
  percent(id: string, sample: ResourceSample): number {
    const known = this.#samples.get(id);
    const sameRun = known !== undefined && known.latest.startedAt === sample.startedAt;
    let base = sameRun ? known.base : undefined;
    if (!sameRun) {
      this.#samples.set(id, { base: undefined, latest: sample });
    } else if (sample.takenAt - known.latest.takenAt >= MIN_INTERVAL_MS) {
      base = known.latest;
      this.#samples.set(id, { base, latest: sample });
    }
    // Samples can be handed in late: one from before the base is no measure against it.
    if (base && base.takenAt >= sample.takenAt) base = undefined;
    const cpuMs = (sample.cpuNs - (base?.cpuNs ?? 0)) / 1e6;
    const elapsedMs = sample.takenAt - (base?.takenAt ?? sample.startedAt);
    return elapsedMs > 0 ? Math.max(0, (cpuMs / elapsedMs) * 100) : 0;
  }

  /** Forgets all engines but these. */
  retain(ids: ReadonlySet<string>): void {
    for (const id of this.#samples.keys()) if (!ids.has(id)) this.#samples.delete(id);
  }
}
