import { setTimeout as delay } from 'node:timers/promises';
import { openDiskStore } from '../../../src/library/disk-store/index.ts';
import { Child } from './children.ts';
import { content, diskUsage, verifyBodies } from './support.ts';

const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Kills processes in the middle of their writes, several on one folder at a time. After each kill, reads everything
 * that the store has and compares it with what was written.
 * @returns the number of entries that were compared
 */
export async function killWriters(dir: string, kills: number): Promise<number> {
  let compared = 0;
  for (let count = 0; count < kills; count += 1) {
    await using writer = new Child({ do: 'write', dir, maxBytes: MAX_BYTES, name: `writer ${count}` });
    await using other = new Child({ do: 'write', dir, maxBytes: MAX_BYTES, name: `other ${count}` });
    await Promise.all([writer.message(), other.message()]);
    // From the start of the first write to the middle of a later one.
    await delay((count * 37) % 300);
    await Promise.all([writer.kill(), other.kill()]);
    compared += await compareAll(dir);
  }
  return compared;
}

/** Reads all entries. @throws Error if one is not what was written */
async function compareAll(dir: string): Promise<number> {
  await verifyBodies(dir);
  await using store = await openDiskStore({ dir, maxBytes: MAX_BYTES });
  let compared = 0;
  for (let index = 0; index < 20; index += 1) {
    const entry = await store.get('app', `k${index}`);
    if (!entry) continue;
    const { seed, size } = entry.metadata as { seed: string; size: number };
    const bytes = await entry.bytes();
    if (!bytes?.equals(content(size, seed))) throw new Error(`k${index} is not what ${seed} has written`);
    compared += 1;
  }
  if (store.stats().corrupt > 0) throw new Error('the store has found a corrupt entry');
  await store.usage();
  const used = await diskUsage(`${dir}/ns`);
  if (used > MAX_BYTES) throw new Error(`${used} bytes are used, more than ${MAX_BYTES}`);
  return compared;
}
