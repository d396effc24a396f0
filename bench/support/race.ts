import type { Finding } from './measure.ts';
import { VALUE } from './peers.ts';
import { ratios } from './statistics.ts';

const WARM_UP_ROUNDS = 3;

/**
 * Makes `reads` reads, all of them hits, and returns a sum over the values, so that the compiler cannot
 * eliminate unused results. Each contender has its own loop: a shared one would have a megamorphic call site,
 * which V8 does not optimise for any of the caches.
 */
export type Loop = (reads: number) => number | Promise<number>;

/** One of the caches that are compared. */
export interface Contender {
  loop: Loop;
  /** Nanoseconds per read, one value per round. */
  ns: number[];
  /** Divides the number of reads, for a much slower cache. */
  slowness?: number;
}

/**
 * Runs the loops of all contenders alternately, round by round, after three rounds of warm-up.
 * @throws Error if a read was not a hit
 */
export async function race(contenders: readonly Contender[], rounds: number, reads: number): Promise<void> {
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    for (const { loop, ns, slowness = 1 } of contenders) {
      const own = Math.ceil(reads / slowness);
      globalThis.gc?.();
      const startedAt = performance.now();
      const sum = await loop(own);
      const tookMs = performance.now() - startedAt;
      if (sum !== own * VALUE.container_count) throw new Error('a read did not return the cached value');
      if (round >= 0) ns.push((tookMs * 1e6) / own);
    }
  }
}

/** Speed of ours relative to a peer, one ratio per round. */
export function speedRatios(ours: Pick<Contender, 'ns'>, peer: Pick<Contender, 'ns'>): number[] {
  return ratios(peer.ns, ours.ns);
}

/** The times per read, one finding per contender. */
export function timeFindings(contenders: Readonly<Record<string, Pick<Contender, 'ns'>>>): Finding[] {
  return Object.entries(contenders).map(([what, { ns }]) => ({ what, unit: 'ns', target: null, rounds: ns }));
}
