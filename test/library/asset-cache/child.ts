/**
 * A process, or worker threads of it, that fetches assets through a cache: `fetch` fetches one URL with several callers
 * at once and reports what they got; `denied` does so without the right to use the folder, and reports the errors as
 * well; `hang` fetches one whose response never ends; `mix` saves and loads versions.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { AssetCache } from '../../../src/library/asset-cache/index.ts';

/** What a child does. */
export interface Task {
  do: 'fetch' | 'denied' | 'hang' | 'mix';
  dir: string;
  url: string;
  callers?: number;
  threads?: number;
  /** Seed of what `mix` saves. */
  name?: string;
}

const MIX_COUNT = 150;
/** `nobody`. Root may use every folder. */
const UNPRIVILEGED_USER = 65534;

const task: Task = isMainThread ? JSON.parse(process.argv[2]!) : workerData;

function report(message: unknown): void {
  if (isMainThread) process.send!(message);
  else parentPort!.postMessage(message);
}

/** Saves content whose header field names it. @returns how many loads had those of different saves; less than 0 if few found any */
async function mix(cache: AssetCache): Promise<number> {
  let mismatches = 0;
  let loads = 0;
  for (let index = 0; index < MIX_COUNT; index += 1) {
    const text = `${task.name} ${index} `.repeat(3000);
    await cache.save(task.url, text, { 'x-text': text.slice(0, 20) });
    const loaded = await cache.load(task.url);
    if (loaded?.[0].toString('utf8', 0, 20) !== loaded?.[1].headers['x-text']) mismatches += 1;
    if (loaded) loads += 1;
  }
  // Almost all loads find one of the saves, although others replace it all the time.
  return loads > MIX_COUNT * 0.9 ? mismatches : -loads;
}

async function main(): Promise<void> {
  const errors: unknown[] = [];
  const onError = (error: unknown) => void errors.push((error as { code?: string }).code);
  if (task.do === 'denied' && process.getuid!() === 0) process.seteuid!(UNPRIVILEGED_USER);
  const cache = new AssetCache({
    onError,
    dir: task.dir,
    env: {},
    memoryMaxBytes: task.do === 'mix' ? 0 : 2 ** 20,
  });
  if (task.do === 'mix') report(await mix(cache));
  else {
    const callers = Array.from({ length: task.callers ?? 1 }, () => cache.getOrFetch(task.url));
    const answers = await Promise.all(callers);
    report(answers.map(([content]) => content.toString()));
    if (task.do === 'denied') report([...new Set(errors)]);
  }
  await cache.close();
}

if (isMainThread && task.threads !== undefined) {
  for (let index = 0; index < task.threads; index += 1) {
    new Worker(new URL(import.meta.url), { workerData: { ...task, name: `${task.name} ${index}` } }).on(
      'message',
      (message) => process.send!(message),
    );
  }
} else await main();
