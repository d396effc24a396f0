import { randomInt } from 'node:crypto';
import { isFree } from './free-ports.ts';

/** Below the default ports of Roundhouse and the ephemeral ports. */
const FIRST = 12_000;
const SIZE = 50;
const WORKERS = 4;
const BLOCKS_PER_WORKER = 35;
/** The last blocks are not returned again, because their callers may not listen on them yet. */
const REMEMBERED = 20;

const drawn: number[] = [];

/**
 * Finds a range of free ports on 127.0.0.1, for PORT_RANGE_HOST. Test files that run in parallel use different
 * blocks. Two test runs on one machine are kept apart by chance.
 * @param blocks the size of the range, in blocks of 50 ports
 */
export async function freePortRange(blocks = 1): Promise<{ first: number; last: number }> {
  const worker = Number(process.env.VITEST_POOL_ID ?? 0) % WORKERS;
  for (;;) {
    const block = worker * BLOCKS_PER_WORKER + randomInt(BLOCKS_PER_WORKER - blocks + 1);
    const range = Array.from({ length: blocks }, (_, index) => block + index);
    if (range.some((each) => drawn.includes(each))) continue;
    drawn.push(...range);
    drawn.splice(0, Math.max(0, drawn.length - REMEMBERED));
    const first = FIRST + block * SIZE;
    const ports = Array.from({ length: blocks * SIZE }, (_, index) => first + index);
    const free = await Promise.all(ports.map(isFree));
    if (free.every(Boolean)) return { first, last: first + ports.length - 1 };
  }
}
