import { hitRate } from '../util/hit-rate.ts';
import type { AssetSource } from './asset.ts';

/** Figures of an {@link AssetCache} since it was created. */
export interface AssetMetrics {
  /** Answers from memory, from the disk, and from the disk after a revalidation. */
  hits: number;
  memoryHits: number;
  diskHits: number;
  revalidations: number;
  /** Answers that were fetched, and `load`s that found nothing. */
  misses: number;
  /** Hits in percent of all answers. */
  hitRate: number;
  /** Mean time of a hit and of a request to the origin, in milliseconds; 0 without any. */
  meanHitMs: number;
  meanNetworkMs: number;
  /** Bytes of contents that were served from the cache, and that were fetched. */
  bytesSaved: number;
  bytesFetched: number;
  /** New versions of assets that had one before. */
  versionChanges: number;
  /** Errors of the disk. */
  diskErrors: number;
  /** The memory level; its bytes include keys and header fields. */
  memory: { entries: number; bytes: number; maxBytes: number; evictions: number };
  /** The disk level, for all processes and namespaces. */
  disk: { bytes: number; maxBytes: number; evictions: number };
}

/** Counts answers and their times. */
export class AssetCounters {
  readonly #bySource: Record<AssetSource, number> = { memory: 0, disk: 0, revalidated: 0, network: 0 };
  #misses = 0;
  #hitMs = 0;
  #networkMs = 0;
  #requests = 0;
  #bytesSaved = 0;
  #bytesFetched = 0;
  versionChanges = 0;
  diskErrors = 0;

  /** Counts an answer that took `ms`. */
  answered(source: AssetSource, size: number, ms: number): void {
    this.#bySource[source] += 1;
    if (source === 'network') {
      this.#misses += 1;
      this.#bytesFetched += size;
      return;
    }
    this.#hitMs += ms;
    this.#bytesSaved += size;
  }

  /** Counts a `load` without a result. */
  missed(): void {
    this.#misses += 1;
  }

  /** Counts a request to the origin that took `ms`. */
  requested(ms: number): void {
    this.#requests += 1;
    this.#networkMs += ms;
  }

  /** The figures, without the sizes of the levels. */
  snapshot(): Omit<AssetMetrics, 'memory' | 'disk'> {
    const { memory, disk, revalidated } = this.#bySource;
    const hits = memory + disk + revalidated;
    return {
      hits,
      memoryHits: memory,
      diskHits: disk,
      revalidations: revalidated,
      misses: this.#misses,
      hitRate: hitRate(hits, this.#misses),
      meanHitMs: hits === 0 ? 0 : this.#hitMs / hits,
      meanNetworkMs: this.#requests === 0 ? 0 : this.#networkMs / this.#requests,
      bytesSaved: this.#bytesSaved,
      bytesFetched: this.#bytesFetched,
      versionChanges: this.versionChanges,
      diskErrors: this.diskErrors,
    };
  }
}
