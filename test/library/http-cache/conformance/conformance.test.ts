import { type Dispatcher, getGlobalDispatcher, Response, request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ByteStore, MemoryByteStore } from '../../../../src/library/cache/index.ts';
import { createHttpCache, type HttpCache } from '../../../../src/library/http-cache/index.ts';
import { RedisByteStore, TieredByteStore } from '../../../../src/library/redis/index.ts';
import { describeWithRedis, startRedis } from '../../../support/redis/redis.ts';
import { connectedLink } from '../../redis/support.ts';
import { PRIVATE_FAILURES, SHARED_FAILURES } from './expected.ts';
import { type Result, run, type Selection, startServer, testsFor } from './suite.ts';

interface Store extends AsyncDisposable {
  readonly store: ByteStore;
}

/** The suite's totals: with another release of it these change, and the ratchet is looked through again. */
const TOTALS = { browser: { required: 147, optimal: 68 }, proxy: { required: 157, optimal: 86 } };

let server: Awaited<ReturnType<typeof startServer>>;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

describe('the conformance suite of HTTP caches, over memory', () => {
  runOver(async () => ({ store: new MemoryByteStore(), [Symbol.asyncDispose]: async () => {} }));
});

describeWithRedis('the conformance suite of HTTP caches, over Redis', () => {
  runOver(async () => {
    const { link, close } = await openRedis();
    return { store: new RedisByteStore(link, 'http'), [Symbol.asyncDispose]: close };
  });
});

describeWithRedis('the conformance suite of HTTP caches, over memory in front of Redis', () => {
  runOver(async () => {
    const { link, close } = await openRedis();
    const store = new TieredByteStore(link, { namespace: 'http' });
    const closeAll = async () => {
      store.close();
      await close();
    };
    return { store, [Symbol.asyncDispose]: closeAll };
  });
});

async function openRedis() {
  const redis = await startRedis();
  const link = await connectedLink(redis.url);
  const close = async () => {
    link.close();
    await redis[Symbol.asyncDispose]();
  };
  return { link, close };
}

function runOver(open: () => Promise<Store>): void {
  test('a private cache, by way of fetch', { timeout: 120_000 }, async () => {
    await using opened = await open();
    await using cache = createHttpCache({ store: opened.store, mode: 'private' });
    await ratchet('browser', PRIVATE_FAILURES, cache.fetch);
    expect(cache.stats().storeErrors).toBe(0);
  });

  test('a shared cache, by way of the interceptor', { timeout: 120_000 }, async () => {
    await using opened = await open();
    await using cache = createHttpCache({ store: opened.store, mode: 'shared' });
    await ratchet('proxy', SHARED_FAILURES, plainFetch(cache));
    expect(cache.stats().storeErrors).toBe(0);
  });
}

/** Every test does what expected.ts says of it; better is as unexpected as worse. */
async function ratchet(selection: Selection, failures: readonly string[], fetch: unknown): Promise<void> {
  const tests = testsFor(selection);
  const first = await run(selection, tests, fetch, server.url);
  const isUnexpected = ({ id, failure }: Result) => failures.includes(id) !== (failure !== undefined);
  const unexpected = new Set(first.filter(isUnexpected).map(({ id }) => id));
  // The suite measures in real seconds, with one to spare: what a busy machine has stretched is run once more.
  const again = await run(
    selection,
    tests.filter(({ id }) => unexpected.has(id)),
    fetch,
    server.url,
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
 * A client that adds nothing to a request, as the suite expects of what stands before a shared cache. fetch
 * adds `Cache-Control: no-cache` to requests that are conditional.
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
