/**
 * A process, or a worker thread of it, with a store. It executes the commands of the test that started it:
 * `write` writes random entries until it is killed; `stall` does so until it stops in the middle of a body, and reports
 * that; `fill` writes a number of entries; `lease` acquires a lease.
 */
import { flushCompileCache } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { type DiskStore, openDiskStore } from '../../../src/library/disk-store/index.ts';
import { content } from './content.ts';

/** What a child does. */
export interface Task {
  do: 'write' | 'stall' | 'fill' | 'lease';
  dir: string;
  maxBytes: number;
  /** Prefix of its keys, and the seed of its content. */
  name: string;
  /** Number of the entry in whose middle `stall` stops, or of the next one that is large enough. */
  stallAt?: number;
  /** Runs in this number of worker threads instead of the main thread. */
  threads?: number;
}

const MAX_INLINE_BYTES = 16 * 1024;
const KEYS = 20;
const MAX_SIZE = 700_000;
const FILL_COUNT = 60;
const PART_BYTES = 60_000;

const task: Task = isMainThread ? JSON.parse(process.argv[2]!) : workerData;

async function writeEntry(store: DiskStore, index: number): Promise<void> {
  const key = `k${index % KEYS}`;
  const seed = `${task.name} ${index}`;
  const body = content((index * 104_729) % MAX_SIZE, seed);
  const writer = await store.writer('app', key, { seed, size: body.length });
  for (let offset = 0; offset < body.length; offset += PART_BYTES) {
    await writer.write(body.subarray(offset, offset + PART_BYTES));
    if (task.do === 'stall' && index >= (task.stallAt ?? 0) && writer.size > MAX_INLINE_BYTES) {
      report('stalled');
      await delay(3_600_000);
    }
  }
  await writer.commit();
  const clearEvery = task.do === 'fill' ? 50 : 10;
  if (index % clearEvery === clearEvery - 1) await store.clearNamespace('app');
}

async function main(): Promise<void> {
  const store = await openDiskStore(task);
  if (task.do === 'lease') {
    await store.tryLease('app', 'k');
    report('leased');
    await delay(3_600_000);
  }
  // A process that is killed does not save what it has compiled.
  flushCompileCache();
  if (task.do === 'write') report('writing');
  for (let index = 0; task.do !== 'fill' || index < FILL_COUNT; index += 1) await writeEntry(store, index);
  await store.close();
  report('done');
}

function report(message: string): void {
  if (isMainThread) process.send!(message);
  else parentPort!.postMessage(message);
}

if (isMainThread && task.threads !== undefined) {
  for (let index = 0; index < task.threads; index += 1) {
    const worker = new Worker(new URL(import.meta.url), {
      workerData: { ...task, name: `${task.name} ${index}` },
    });
    worker.on('message', (message) => process.send!(message));
  }
} else await main();
