import type { ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { settle } from '../../support/fake-clock.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { openCache, send } from './support.ts';

const FOR_A_MINUTE = { 'cache-control': 'max-age=60' };
const PATIENCE_MS = 10_000;

/** An origin that answers only when told to. */
function held() {
  const waiting: ServerResponse[] = [];
  return {
    waiting,
    answer: (_request: unknown, response: ServerResponse) => {
      waiting.push(response);
      return undefined;
    },
    asked: (count: number) => waitUntil(`${count} requests`, () => waiting.length === count, PATIENCE_MS),
  };
}

/** By now whoever has called fetch waits: there are no timers and no sockets on the way there. */
async function joined(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await settle();
}

test('a hundred cold requests make one to the origin', async () => {
  const { answer, waiting, asked } = held();
  await using setup = await openCache(answer);
  const all = Array.from({ length: 100 }, () => setup.get());
  await asked(1);
  await joined();
  send(waiting[0]!, { headers: FOR_A_MINUTE });
  const answers = await Promise.all(all);
  expect(new Set(answers.map(({ body }) => body))).toEqual(new Set(['body']));
  expect(setup.origin.requests).toHaveLength(1);
  expect(setup.cache.stats()).toMatchObject({ misses: 100, hits: 0, collapsed: 99, inFlight: 0 });
  expect(answers.filter(({ how }) => how?.includes('collapsed'))).toHaveLength(99);
});

test('who began may leave: the others get the answer, and it is stored', async () => {
  const { answer, waiting, asked } = held();
  await using setup = await openCache(answer);
  const leaver = new AbortController();
  const first = setup.cache.fetch(setup.url, { signal: leaver.signal });
  await asked(1);
  const others = [setup.get(), setup.get()];
  await joined();
  leaver.abort();
  await expect(first).rejects.toThrow('aborted');
  send(waiting[0]!, { headers: FOR_A_MINUTE });
  expect((await Promise.all(others)).map(({ body }) => body)).toEqual(['body', 'body']);
  expect((await setup.get()).how).toBe('roundhouse; hit; ttl=60');
  expect(setup.origin.requests).toHaveLength(1);
});

test('a waiter may leave without harm to the others', async () => {
  const { answer, waiting, asked } = held();
  await using setup = await openCache(answer);
  const first = setup.get();
  await asked(1);
  const leaver = new AbortController();
  const waiter = setup.cache.fetch(setup.url, { signal: leaver.signal });
  const other = setup.get();
  await joined();
  leaver.abort();
  await expect(waiter).rejects.toThrow('aborted');
  send(waiting[0]!, { headers: FOR_A_MINUTE });
  expect([(await first).body, (await other).body]).toEqual(['body', 'body']);
  expect(setup.origin.requests).toHaveLength(1);
});

test('when all have left, so does the request to the origin', async () => {
  const { answer, waiting, asked } = held();
  await using setup = await openCache(answer);
  const leaver = new AbortController();
  const all = [1, 2].map(() => setup.cache.fetch(setup.url, { signal: leaver.signal }));
  await asked(1);
  await joined();
  leaver.abort();
  for (const one of all) await expect(one).rejects.toThrow('aborted');
  await waitUntil('the connection is closed', () => waiting[0]!.destroyed, PATIENCE_MS);
  expect(setup.cache.stats().inFlight).toBe(0);
});

test.each([
  ['no-store', { 'cache-control': 'no-store' }],
  ['no-cache', { 'cache-control': 'no-cache', etag: '"a"' }],
  ['Vary: *', { ...FOR_A_MINUTE, vary: '*' }],
])('a response with %s is for one; the others ask for their own', async (_, headers) => {
  const { answer, waiting, asked } = held();
  await using setup = await openCache(answer);
  const all = Array.from({ length: 3 }, () => setup.get());
  await asked(1);
  await joined();
  send(waiting[0]!, { headers, body: 'one' });
  await asked(3);
  send(waiting[1]!, { headers, body: 'two' });
  send(waiting[2]!, { headers, body: 'three' });
  const bodies = (await Promise.all(all)).map(({ body }) => body);
  expect(bodies.sort()).toEqual(['one', 'three', 'two']);
  expect(setup.cache.stats().collapsed).toBe(0);
});

test('another variant is asked for once, by all who want it', async () => {
  const { answer, waiting, asked } = held();
  await using setup = await openCache(answer);
  const german = setup.get('/', { 'accept-language': 'de' });
  await asked(1);
  const english = Array.from({ length: 5 }, () => setup.get('/', { 'accept-language': 'en' }));
  await joined();
  const headers = { ...FOR_A_MINUTE, vary: 'accept-language' };
  send(waiting[0]!, { headers, body: 'de' });
  await asked(2);
  send(waiting[1]!, { headers, body: 'en' });
  expect((await german).body).toBe('de');
  expect((await Promise.all(english)).map(({ body }) => body)).toEqual(Array(5).fill('en'));
  expect(setup.origin.requests).toHaveLength(2);
});

test('a failure is shared, and not remembered', async () => {
  const { answer, waiting, asked } = held();
  await using setup = await openCache(answer);
  const all = Array.from({ length: 3 }, () => setup.get());
  await asked(1);
  await joined();
  waiting[0]!.destroy();
  for (const one of all) await expect(one).rejects.toThrow('fetch failed');
  expect(setup.origin.requests).toHaveLength(1);
  const next = setup.get();
  await asked(2);
  send(waiting[1]!, { headers: FOR_A_MINUTE });
  expect((await next).body).toBe('body');
});

test('who asks after an invalidation does not get the answer to a request from before it', async () => {
  const { answer, waiting, asked } = held();
  await using setup = await openCache(answer);
  const early = setup.get();
  await asked(1);
  await setup.cache.clear(setup.url);
  const late = setup.get();
  await asked(2);
  send(waiting[1]!, { headers: FOR_A_MINUTE, body: 'new' });
  expect((await late).body).toBe('new');
  send(waiting[0]!, { headers: FOR_A_MINUTE, body: 'old' });
  expect((await early).body).toBe('old');
  expect(await setup.get()).toMatchObject({ body: 'new', how: 'roundhouse; hit; ttl=60' });
});
