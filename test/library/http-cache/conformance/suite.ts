import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import * as config from 'http-cache-tests/client/config.mjs';
import { makeCacheTest, testResults } from 'http-cache-tests/client/test.mjs';
import suites, { type ConformanceTest } from 'http-cache-tests/tests/index.mjs';

/** Most tests sleep for most of their time; this many at once leave the event loop idle. */
const AT_ONCE = 150;

export type Kind = 'required' | 'optimal' | 'check';

export interface Result {
  readonly id: string;
  readonly name: string;
  readonly kind: Kind;
  /** Why it failed; undefined if it passed. */
  readonly failure: string | undefined;
}

/** The suite's server, which knows nothing of caches. */
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

/**
 * Which tests the suite runs: those for a cache within its client, `browser`, or those for one that stands
 * between, `proxy`.
 */
export type Selection = 'browser' | 'proxy';

export function testsFor(selection: Selection): ConformanceTest[] {
  const skipped = selection === 'browser' ? 'browser_skip' : 'browser_only';
  return suites.flatMap(({ tests }) => tests.filter((test) => !test[skipped]));
}

/** Runs tests through a fetch. The suite's client keeps its settings to itself: one run at a time. */
export async function run(
  selection: Selection,
  tests: readonly ConformanceTest[],
  fetch: unknown,
  url: string,
): Promise<Result[]> {
  config.setFetch(fetch);
  config.setBaseUrl(url);
  config.setUseBrowserCache(selection === 'browser');
  const results: Result[] = [];
  const waiting = [...tests];
  const work = async () => {
    for (let test = waiting.shift(); test; test = waiting.shift()) results.push(await runOne(test));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return results;
}

async function runOne(test: ConformanceTest): Promise<Result> {
  delete testResults[test.id];
  // The suite's client writes into the tests that it runs.
  await makeCacheTest(structuredClone(test));
  const result = testResults[test.id]!;
  const { id, name, kind = 'required' } = test;
  return { id, name, kind, failure: result === true ? undefined : result.join(': ') };
}
