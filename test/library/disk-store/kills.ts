import { readdir, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { type DiskStore, openDiskStore } from '../../../src/library/disk-store/index.ts';
import { Child } from './children.ts';
import { content, diskUsage, makeFolder, verifyBodies } from './support.ts';

const MAX_BYTES = 16 * 1024 * 1024;
/** Larger files are bodies. */
const MAX_RECORD_BYTES = 32 * 1024;
/** The process that stops in the middle of a body does so in one of the first entries. */
const STALL_POSITIONS = 12;

/** What kills have met. */
export interface KillReport {
  /** Bodies that were being written. */
  bodies: number;
  /** Entries that were compared with what was written. */
  compared: number;
}

/**
 * Kills two processes on one folder at the same time, repeatedly. One has stopped in the middle of a body, the other is
 * killed at whichever step of a write it is. After each kill, reads everything that the store has and compares it with
 * what was written.
 */
export async function killWriters(dir: string, rounds: number): Promise<KillReport> {
  const compileCache = await makeFolder();
  const report = { bodies: 0, compared: 0 };
  for (let round = 0; round < rounds; round += 1) {
    const task = { dir, maxBytes: MAX_BYTES };
    const stallAt = round % STALL_POSITIONS;
    await using stalling = new Child({ ...task, do: 'stall', name: `s${round}`, stallAt }, compileCache);
    await using writing = new Child({ ...task, do: 'write', name: `w${round}` }, compileCache);
    await Promise.all([stalling.message(), writing.message()]);
    await Promise.all([stalling.kill(), writing.kill()]);
    report.bodies += await expireTemporaryFiles(dir);
    await using store = await openDiskStore({ dir, maxBytes: MAX_BYTES });
    report.compared += await compareAll(store);
    await expectSwept(store);
  }
  return report;
}

/** Makes the files that the processes have left old enough to be removed. @returns the number of unfinished bodies */
async function expireTemporaryFiles(dir: string): Promise<number> {
  let bodies = 0;
  for (const name of await readdir(join(dir, 'tmp'))) {
    const path = join(dir, 'tmp', name);
    if ((await stat(path)).size > MAX_RECORD_BYTES) bodies += 1;
    await utimes(path, 1, 1);
  }
  return bodies;
}

/** Reads all entries. @throws Error if one is not what was written */
async function compareAll(store: DiskStore): Promise<number> {
  await verifyBodies(store.dir);
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
  return compared;
}

/** Sweeps the store. @throws Error if temporary files are left, or the store counts others than there are */
async function expectSwept(store: DiskStore): Promise<void> {
  await store.usage();
  // The first scan may coincide with the removal of what was cleared, and then does not correct the sum.
  await store.usage();
  const left = await readdir(join(store.dir, 'tmp'));
  if (left.length > 0) throw new Error(`${left} are left after a sweep`);
  const [counted, used] = [store.stats().bytes, await diskUsage(join(store.dir, 'ns'))];
  if (counted !== used) throw new Error(`the store counts ${counted} bytes, and uses ${used}`);
  if (used > MAX_BYTES) throw new Error(`${used} bytes are used, more than ${MAX_BYTES}`);
}
