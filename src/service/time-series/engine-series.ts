import type { ResourceSample } from '../engines/runtime.ts';
import { RING_LENGTH } from './ring.ts';

/** Columns of an engine's series, named as in the API. Units are those of the same columns of all engines. */
export const ENGINE_COLUMNS = [
  'cpu_percent',
  'memory_usage',
  'network_rx_rate',
  'network_tx_rate',
  'streams_active',
] as const;
type EngineColumn = (typeof ENGINE_COLUMNS)[number];
type EnginePoint = Record<EngineColumn, number | null>;

/** Older intervals are of this length, so that the series of an engine covers more than a day. */
const COARSE_INTERVAL_S = 300;
/** Bounds the memory to about 8 MB. */
const MAX_ENGINES = 250;
const CPU_NS_PER_PERCENT = 1e7;

/** A window of an engine's series, as `SeriesWindow` of all engines. */
export type EngineWindow = Record<EngineColumn, (number | null)[]> & {
  interval_s: number;
  from: number;
  to: number;
  t: number[];
};

/** Means of the latest {@link RING_LENGTH} intervals of one engine, in 16 kB. */
class EngineRing {
  readonly intervalS: number;
  readonly #numbers = new Float64Array(RING_LENGTH).fill(Number.NaN);
  readonly #counts = new Uint16Array(RING_LENGTH * ENGINE_COLUMNS.length);
  readonly #means = new Float32Array(RING_LENGTH * ENGINE_COLUMNS.length);

  constructor(intervalS: number) {
    this.intervalS = intervalS;
  }

  add(timeS: number, point: EnginePoint): void {
    const number = Math.floor(timeS / this.intervalS);
    const slot = number % RING_LENGTH;
    const start = slot * ENGINE_COLUMNS.length;
    if (this.#numbers[slot] !== number) this.#counts.fill(0, start, start + ENGINE_COLUMNS.length);
    this.#numbers[slot] = number;
    for (const [index, column] of ENGINE_COLUMNS.entries()) {
      const value = point[column];
      if (value === null) continue;
      const cell = start + index;
      const count = (this.#counts[cell] ?? 0) + 1;
      const previous = count === 1 ? 0 : (this.#means[cell] ?? 0);
      this.#counts[cell] = count;
      this.#means[cell] = previous + (value - previous) / count;
    }
  }

  read(column: EngineColumn, first: number, last: number): (number | null)[] {
    const index = ENGINE_COLUMNS.indexOf(column);
    return Array.from({ length: last - first + 1 }, (_, offset) => {
      const slot = (first + offset) % RING_LENGTH;
      const cell = slot * ENGINE_COLUMNS.length + index;
      if (this.#numbers[slot] !== first + offset || this.#counts[cell] === 0) return null;
      return this.#means[cell] ?? null;
    });
  }
}

interface Entry {
  rings: EngineRing[];
  previous: ResourceSample;
}

/**
 * Usage of each running engine over the last day, in memory only. The series of an engine is dropped when it stops, and
 * that of the engine sampled the longest ago if there are too many.
 */
export class EngineSeries {
  readonly #intervals: number[];
  readonly #engines = new Map<string, Entry>();
  #newestS: number | null = null;

  /** @param sampleIntervalS time between two points */
  constructor(sampleIntervalS: number) {
    this.#intervals = [...new Set([sampleIntervalS, Math.max(sampleIntervalS, COARSE_INTERVAL_S)])];
  }

  /** Adds a point for each engine. `streams` are the numbers of streams by engine, without those that have none. */
  add(
    timeS: number,
    samples: ReadonlyMap<string, ResourceSample>,
    streams: ReadonlyMap<string, number>,
  ): void {
    this.#newestS = timeS;
    for (const id of this.#engines.keys()) if (!samples.has(id)) this.#engines.delete(id);
    for (const [id, sample] of [...samples].slice(0, MAX_ENGINES)) {
      const entry = this.#engines.get(id) ?? { rings: this.#createRings(), previous: sample };
      this.#engines.set(id, entry);
      const point = { ...usageBetween(entry.previous, sample), streams_active: streams.get(id) ?? 0 };
      for (const ring of entry.rings) ring.add(timeS, point);
      entry.previous = sample;
    }
  }

  /** The last `windowS` seconds of an engine; all null if it has not been sampled. */
  read(id: string, windowS: number, nowS: number): EngineWindow {
    const rings = this.#engines.get(id)?.rings ?? this.#createRings();
    const ring = rings.find(({ intervalS }) => intervalS * RING_LENGTH >= windowS) ?? rings.at(-1)!;
    const { intervalS } = ring;
    const last = Math.floor((this.#newestS ?? nowS) / intervalS);
    const first = last - Math.min(Math.ceil(windowS / intervalS), RING_LENGTH) + 1;
    const columns = Object.fromEntries(
      ENGINE_COLUMNS.map((column) => [column, ring.read(column, first, last).map(rounding(column))]),
    ) as Record<EngineColumn, (number | null)[]>;
    return {
      interval_s: intervalS,
      from: first * intervalS,
      to: (last + 1) * intervalS,
      t: Array.from({ length: last - first + 1 }, (_, index) => (first + index) * intervalS),
      ...columns,
    };
  }

  #createRings(): EngineRing[] {
    return this.#intervals.map((intervalS) => new EngineRing(intervalS));
  }
}

/** Rates are null until there are two samples of one run, and for the network of the host. */
function usageBetween(previous: ResourceSample, sample: ResourceSample): Omit<EnginePoint, 'streams_active'> {
  const elapsedMs = sample.takenAt - previous.takenAt;
  const isComparable = elapsedMs > 0 && previous.startedAt === sample.startedAt;
  const rate = (counter: 'cpuNs' | 'networkRx' | 'networkTx') => {
    const increase = sample[counter] - previous[counter];
    return isComparable && increase >= 0 ? (increase / elapsedMs) * 1000 : null;
  };
  const cpuNs = rate('cpuNs');
  const hasNetwork = sample.networkNamespace !== null;
  return {
    cpu_percent: cpuNs === null ? null : cpuNs / CPU_NS_PER_PERCENT,
    memory_usage: sample.memoryUsage,
    network_rx_rate: hasNetwork ? rate('networkRx') : null,
    network_tx_rate: hasNetwork ? rate('networkTx') : null,
  };
}

function rounding(column: EngineColumn): (value: number | null) => number | null {
  const steps = column === 'cpu_percent' || column === 'streams_active' ? 100 : 1;
  return (value) => (value === null ? null : Math.round(value * steps) / steps);
}
