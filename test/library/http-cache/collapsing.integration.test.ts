import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { settle } from '../../support/fake-clock.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { openCache, send } from './support.ts';

const FOR_A_MINUTE = { 'cache-control': 'max-age=60' };
const TIMEOUT_MS = 10_000;

/** Holds the requests that reach the origin, until the test responds to them. */
function holdRequests() {
  const responses: ServerResponse[] = [];
  return {
    responses,
    hold: (_request: unknown, response: ServerResponse) => {
      responses.push(response);
      return undefined;
    },
    arrived: (count: number) => waitUntil(`${count} requests`, () => responses.length === count, TIMEOUT_MS),
  };
}

/** Resolves when all fetch calls wait for a collapsed request; they use no timers or sockets until then. */
async function allWaiting(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await settle();
}

test('100 requests on a cold cache are collapsed into one', async () => {
  const { hold, responses, arrived } = holdRequests();
  await using setup = await openCache(hold);
  const all = Array.from({ length: 100 }, () => setup.get());
  await arrived(1);
  await allWaiting();
  send(responses[0]!, { headers: FOR_A_MINUTE });
  const replies = await Promise.all(all);
  expect(new Set(replies.map(({ body }) => body))).toEqual(new Set(['body']));
  expect(setup.origin.requests).toHaveLength(1);
  expect(setup.cache.stats()).toMatchObject({ misses: 100, hits: 0, collapsed: 99, inFlight: 0 });
  expect(replies.filter(({ cacheStatus }) => cacheStatus?.includes('collapsed'))).toHaveLength(99);
});

test('if the first client aborts, the others still get the response, and it is stored', async () => {
  const { hold, responses, arrived } = holdRequests();
  await using setup = await openCache(hold);
  const controller = new AbortController();
  const first = setup.cache.fetch(setup.url, { signal: controller.signal });
  await arrived(1);
  const others = [setup.get(), setup.get()];
  await allWaiting();
  controller.abort();
  await expect(first).rejects.toThrow('aborted');
  send(responses[0]!, { headers: FOR_A_MINUTE });
  expect((await Promise.all(others)).map(({ body }) => body)).toEqual(['body', 'body']);
  expect((await setup.get()).cacheStatus).toBe('roundhouse; hit; ttl=60');
  expect(setup.origin.requests).toHaveLength(1);
});

test('if a waiting client aborts, the others still get the response', async () => {
  const { hold, responses, arrived } = holdRequests();
  await using setup = await openCache(hold);
  const first = setup.get();
  await arrived(1);
  const controller = new AbortController();
  const waiter = setup.cache.fetch(setup.url, { signal: controller.signal });
  const other = setup.get();
  await allWaiting();
  controller.abort();
  await expect(waiter).rejects.toThrow('aborted');
  send(responses[0]!, { headers: FOR_A_MINUTE });
  expect([(await first).body, (await other).body]).toEqual(['body', 'body']);
  expect(setup.origin.requests).toHaveLength(1);
});

test('if all clients abort, the request to the origin is aborted', async () => {
  const { hold, responses, arrived } = holdRequests();
  await using setup = await openCache(hold);
  const controller = new AbortController();
  const all = [1, 2].map(() => setup.cache.fetch(setup.url, { signal: controller.signal }));
  await arrived(1);
  await allWaiting();
  controller.abort();
  for (const one of all) await expect(one).rejects.toThrow('aborted');
  await waitUntil('the connection is closed', () => responses[0]!.destroyed, TIMEOUT_MS);
  expect(setup.cache.stats().inFlight).toBe(0);
});

test.each([
  ['no-store', { 'cache-control': 'no-store' }],
  ['no-cache', { 'cache-control': 'no-cache', etag: '"a"' }],
  ['Vary: *', { ...FOR_A_MINUTE, vary: '*' }],
])('a response with %s is not reused; the other requests are forwarded', async (_, headers) => {
  const { hold, responses, arrived } = holdRequests();
  await using setup = await openCache(hold);
  const all = Array.from({ length: 3 }, () => setup.get());
  await arrived(1);
  await allWaiting();
  send(responses[0]!, { headers, body: 'one' });
  await arrived(3);
  send(responses[1]!, { headers, body: 'two' });
  send(responses[2]!, { headers, body: 'three' });
  const bodies = (await Promise.all(all)).map(({ body }) => body);
  expect(bodies.sort()).toEqual(['one', 'three', 'two']);
  expect(setup.cache.stats().collapsed).toBe(0);
});

test('requests for another variant are collapsed separately', async () => {
  const { hold, responses, arrived } = holdRequests();
  await using setup = await openCache(hold);
  const german = setup.get('/', { 'accept-language': 'de' });
  await arrived(1);
  const english = Array.from({ length: 5 }, () => setup.get('/', { 'accept-language': 'en' }));
  await allWaiting();
  const headers = { ...FOR_A_MINUTE, vary: 'accept-language' };
  send(responses[0]!, { headers, body: 'de' });
  await arrived(2);
  send(responses[1]!, { headers, body: 'en' });
  expect((await german).body).toBe('de');
  expect((await Promise.all(english)).map(({ body }) => body)).toEqual(Array(5).fill('en'));
  expect(setup.origin.requests).toHaveLength(2);
});

test('an error rejects all collapsed requests and is not cached', async () => {
  const { hold, responses, arrived } = holdRequests();
  await using setup = await openCache(hold);
  const all = Array.from({ length: 3 }, () => setup.get());
  await arrived(1);
  await allWaiting();
  responses[0]!.destroy();
  for (const one of all) await expect(one).rejects.toThrow('fetch failed');
  expect(setup.origin.requests).toHaveLength(1);
  const next = setup.get();
  await arrived(2);
  send(responses[1]!, { headers: FOR_A_MINUTE });
  expect((await next).body).toBe('body');
});

test('a request after an invalidation is not collapsed with one from before it', async () => {
  const { hold, responses, arrived } = holdRequests();
  await using setup = await openCache(hold);
  const early = setup.get();
  await arrived(1);
  await setup.cache.clear(setup.url);
  const late = setup.get();
  await arrived(2);
  send(responses[1]!, { headers: FOR_A_MINUTE, body: 'new' });
  expect((await late).body).toBe('new');
  send(responses[0]!, { headers: FOR_A_MINUTE, body: 'old' });
  expect((await early).body).toBe('old');
  expect(await setup.get()).toMatchObject({ body: 'new', cacheStatus: 'roundhouse; hit; ttl=60' });
});
