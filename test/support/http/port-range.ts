import { randomInt } from 'node:crypto';
import { isFree } from './free-ports.ts';

/** Below the ports that Roundhouse takes by default, and those of outgoing connections. */
const FIRST = 12_000;
const SIZE = 50;
const WORKERS = 4;
const BLOCKS_PER_WORKER = 35;
/** So many blocks drawn last are not drawn again: one may be about to be used. */
const REMEMBERED = 20;

const drawn: number[] = [];

/**
 * A range of free ports on 127.0.0.1, as PORT_RANGE_HOST takes it. Test files that run side by side draw
 * from different blocks; chance keeps two runs of the tests on one machine apart.
 */
export async function freePortRange(): Promise<{ first: number; last: number }> {
  const worker = Number(process.env.VITEST_POOL_ID ?? 0) % WORKERS;
  for (;;) {
    const block = worker * BLOCKS_PER_WORKER + randomInt(BLOCKS_PER_WORKER);
    if (drawn.includes(block)) continue;
    drawn.push(block);
    if (drawn.length > REMEMBERED) drawn.shift();
    const first = FIRST + block * SIZE;
    const ports = Array.from({ length: SIZE }, (_, index) => first + index);
    const free = await Promise.all(ports.map(isFree));
    if (free.every(Boolean)) return { first, last: first + SIZE - 1 };
  }
}
