import { AsyncLocalStorage } from 'node:async_hooks';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import * as config from 'http-cache-tests/client/config.mjs';
import { makeCacheTest, testResults } from 'http-cache-tests/client/test.mjs';
import suites, { type ConformanceTest } from 'http-cache-tests/tests/index.mjs';

/** Tests mostly sleep; the event loop is still idle most of the time with this many at once. */
const CONCURRENCY = 150;

/** Importance of a test, as the suite defines it. */
export type Kind = 'required' | 'optimal' | 'check';

/** Outcome of one test. */
export interface Result {
  readonly id: string;
  readonly name: string;
  readonly kind: Kind;
  /** Name and message of the error; undefined if the test passed. */
  readonly failure: string | undefined;
}

/** Starts the suite's origin server in a child process. */
export async function startServer(): Promise<{ url: string; stop: () => Promise<void> }> {
  const child: ChildProcess = fork(fileURLToPath(new URL('server.ts', import.meta.url)), { stdio: 'ignore' });
  const [port] = await once(child, 'message');
  const stop = async () => {
    const exit = once(child, 'exit');
    child.disconnect();
    await exit;
  };
  return { url: `http://127.0.0.1:${port}`, stop };
}

/** Which tests to run: those for a cache in the client (`browser`) or in an intermediary (`proxy`). */
export type Selection = 'browser' | 'proxy';

/** The tests of a selection. */
export function testsFor(selection: Selection): ConformanceTest[] {
  const skipped = selection === 'browser' ? 'browser_skip' : 'browser_only';
  return suites.flatMap(({ tests }) => tests.filter((test) => !test[skipped]));
}

/** The suite has one `fetch` for all of its tests, and several caches are tested at the same time. */
const fetchOfRun = new AsyncLocalStorage<Fetch>();
let runs = 0;

type Fetch = (...args: unknown[]) => unknown;

/**
 * Runs tests through `fetch`. Runs of one selection may overlap; those of different ones may not, because the selection
 * is a global setting of the suite.
 */
export async function run(
  selection: Selection,
  tests: readonly ConformanceTest[],
  fetch: unknown,
  url: string,
): Promise<Result[]> {
  config.setFetch((...args: unknown[]) => fetchOfRun.getStore()!(...args));
  config.setBaseUrl(url);
  config.setUseBrowserCache(selection === 'browser');
  const results: Result[] = [];
  const queue = [...tests];
  runs += 1;
  const name = `run ${runs}`;
  const worker = async () => {
    for (let test = queue.shift(); test; test = queue.shift()) results.push(await runOne(test, name));
  };
  await fetchOfRun.run(fetch as Fetch, () => Promise.all(Array.from({ length: CONCURRENCY }, worker)));
  return results;
}

async function runOne(test: ConformanceTest, run: string): Promise<Result> {
  const uniqueId = `${test.id} in ${run}`;
  // The suite's client modifies the tests it runs.
  await makeCacheTest({ ...structuredClone(test), id: uniqueId });
  const result = testResults[uniqueId]!;
  const { id, name, kind = 'required' } = test;
  return { id, name, kind, failure: result === true ? undefined : result.join(': ') };
}
