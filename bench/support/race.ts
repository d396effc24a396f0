import type { Finding } from './measure.ts';
import { VALUE } from './peers.ts';
import { ratios } from './statistics.ts';

const WARM_UP_ROUNDS = 3;

/**
 * Reads so many times, all of them hits, and returns a sum over the values: what nobody uses, an optimising
 * compiler need not do. Each loop is written out where it belongs, for a shared one would call through a
 * site that has seen every cache, and be optimised for none.
 */
export type Loop = (reads: number) => number | Promise<number>;

export interface Contender {
  loop: Loop;
  /** Nanoseconds a read, by round. */
  ns: number[];
  /** For one that is slower by far: it reads so many times less. */
  slowness?: number;
}

/** Lets all contenders read in turns, round after round. @throws Error for a read that was no hit */
export async function race(contenders: readonly Contender[], rounds: number, reads: number): Promise<void> {
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    for (const { loop, ns, slowness = 1 } of contenders) {
      const own = Math.ceil(reads / slowness);
      globalThis.gc?.();
      const begun = performance.now();
      const sum = await loop(own);
      const tookMs = performance.now() - begun;
      if (sum !== own * VALUE.container_count) throw new Error('a read was not answered from the cache');
      if (round >= 0) ns.push((tookMs * 1e6) / own);
    }
  }
}

/** How many times as fast as a peer, round by round. */
export function faster(ours: Pick<Contender, 'ns'>, peer: Pick<Contender, 'ns'>): number[] {
  return ratios(peer.ns, ours.ns);
}

/** The times themselves, one finding for each contender, by its name. */
export function times(contenders: Readonly<Record<string, Pick<Contender, 'ns'>>>): Finding[] {
  return Object.entries(contenders).map(([what, { ns }]) => ({ what, unit: 'ns', target: null, rounds: ns }));
}
