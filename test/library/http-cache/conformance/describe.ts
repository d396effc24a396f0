import { type Dispatcher, getGlobalDispatcher, Response, request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ByteStore } from '../../../../src/library/cache/index.ts';
import { createHttpCache, type HttpCache } from '../../../../src/library/http-cache/index.ts';
import { PRIVATE_FAILURES, SHARED_FAILURES } from './expected.ts';
import { type Result, run, type Selection, startServer, testsFor } from './runner.ts';

/** A store that is opened for one run of the suite. */
export interface OpenedStore extends AsyncDisposable {
  readonly store: ByteStore;
}

/** Number of tests in the suite. If a new release changes them, review expected.ts. */
const TOTALS = { browser: { required: 147, optimal: 68 }, proxy: { required: 157, optimal: 86 } };

/**
 * Runs the conformance suite on several stores at the same time, in private and then in shared mode. The tests of the
 * suite mostly wait.
 * @param stores how to open each store, by where it keeps responses
 * @param describeStores `describe`, or a variant that skips the tests if a store is not available
 */
export function describeConformance(
  stores: Readonly<Record<string, () => Promise<OpenedStore>>>,
  describeStores: (name: string, tests: () => void) => void = describe,
): void {
  describeStores('HTTP cache conformance', () => {
    let server: Awaited<ReturnType<typeof startServer>>;
    beforeAll(async () => {
      server = await startServer();
    });
    afterAll(() => server.stop());

    describe('a private cache, through fetch', () => {
      test.concurrent.each(Object.entries(stores))('%s', { timeout: 120_000 }, async (_, open) => {
        await using opened = await open();
        const errors: unknown[] = [];
        const onError = (error: unknown) => void errors.push(error);
        await using cache = createHttpCache({ store: opened.store, mode: 'private', onError });
        await expectResults('browser', PRIVATE_FAILURES, cache.fetch, server.url);
        expect(cache.stats().storeErrors, errors.join()).toBe(0);
      });
    });

    describe('a shared cache, through the interceptor', () => {
      test.concurrent.each(Object.entries(stores))('%s', { timeout: 120_000 }, async (_, open) => {
        await using opened = await open();
        const errors: unknown[] = [];
        const onError = (error: unknown) => void errors.push(error);
        await using cache = createHttpCache({ store: opened.store, mode: 'shared', onError });
        await expectResults('proxy', SHARED_FAILURES, plainFetch(cache), server.url);
        expect(cache.stats().storeErrors, errors.join()).toBe(0);
      });
    });
  });
}

/** Expects exactly the failures listed in expected.ts: a test that passes unexpectedly is an error too. */
async function expectResults(
  selection: Selection,
  failures: readonly string[],
  fetch: unknown,
  url: string,
): Promise<void> {
  const tests = testsFor(selection);
  const first = await run(selection, tests, fetch, url);
  const isUnexpected = ({ id, failure }: Result) => failures.includes(id) !== (failure !== undefined);
  const unexpected = new Set(first.filter(isUnexpected).map(({ id }) => id));
  // The suite runs in real time with a tolerance of one second. A busy machine may need a second run.
  const again = await run(
    selection,
    tests.filter(({ id }) => unexpected.has(id)),
    fetch,
    url,
  );
  const results = [...first.filter(({ id }) => !unexpected.has(id)), ...again];
  expect(results.filter(isUnexpected)).toEqual([]);
  for (const kind of ['required', 'optimal'] as const) {
    const ofKind = results.filter((result) => result.kind === kind);
    const passed = ofKind.filter(({ failure }) => failure === undefined);
    expect(ofKind).toHaveLength(TOTALS[selection][kind]);
    process.stdout.write(`  ${selection}: ${kind} ${passed.length} of ${ofKind.length}\n`);
  }
}

/**
 * A fetch that adds nothing to a request, as the suite expects of a client of a shared cache. The real fetch
 * adds `Cache-Control: no-cache` to conditional requests.
 */
function plainFetch(cache: HttpCache) {
  const dispatcher = getGlobalDispatcher().compose(cache.interceptor());
  return async (url: string, init: { method?: string; headers?: [string, string][]; body?: string } = {}) => {
    const { statusCode, headers, body } = await request(url, {
      dispatcher,
      method: (init.method ?? 'GET') as Dispatcher.HttpMethod,
      headers: (init.headers ?? []).flat(),
      body: init.body ?? null,
    });
    const lines = Object.entries(headers).flatMap(([name, value]) =>
      [value ?? []].flat().map((line): [string, string] => [name, line]),
    );
    const bytes = await body.bytes();
    const hasBody = bytes.byteLength > 0;
    return new Response(hasBody ? bytes : null, { status: statusCode, headers: lines });
  };
}
