import type { ReadOutcome } from '../../library/cache/index.ts';
import { hitRate } from '../../library/util/hit-rate.ts';

/**
 * Counts the cached reads of clients. The cache counts its readers in the service too, which find almost always what a
 * client has just loaded: they would make the cache look better than clients see it.
 */
export class ClientReads {
  #hits = 0;
  #misses = 0;

  /** Counts one read, as its `Cache-Status` says. */
  record(outcome: ReadOutcome): void {
    if (outcome === 'hit') this.#hits += 1;
    else this.#misses += 1;
  }

  /** Starts again from 0. */
  reset(): void {
    this.#hits = 0;
    this.#misses = 0;
  }

  /** Numbers since the start or the last reset; the rate in percent with two decimals, 0 without reads. */
  read(): { hits: number; misses: number; hitRate: number } {
    const [hits, misses] = [this.#hits, this.#misses];
    return { hits, misses, hitRate: hitRate(hits, misses) };
  }
}
