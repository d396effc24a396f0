import { createHash } from 'node:crypto';
import { chmod } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { AssetCache } from '../../../src/library/asset-cache/index.ts';
import { startStubServer } from '../../support/http/stub-server.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { Child } from './children.ts';
import { makeFolder } from './support.ts';

const SOON_MS = 20_000;
const CONTENT = createHash('sha512').update('main').digest('hex').repeat(100);

test('20 callers in 4 processes on one cold asset make one origin call', { timeout: 60_000 }, async () => {
  const dir = await makeFolder();
  await using origin = await startStubServer(async (_, response) => {
    // Long enough for all processes to arrive.
    await delay(1500);
    response.end(CONTENT);
  });
  const task = {
    do: 'fetch',
    dir,
    url: `http://127.0.0.1:${origin.port}/A/main.dart.js`,
    callers: 5,
  } as const;
  const children = [task, task, task, { ...task, callers: 3, threads: 2 }].map((one) => new Child(one));
  const messages = (await Promise.all(children.map((child) => child.messages()))).flat(2);
  expect(messages).toHaveLength(21);
  expect(new Set(messages)).toEqual(new Set([CONTENT]));
  expect(origin.requests).toEqual(['GET /A/main.dart.js']);
});

test('when the process that fetches is killed, another one fetches', { timeout: 60_000 }, async () => {
  const dir = await makeFolder();
  let answering = false;
  await using origin = await startStubServer((_, response) => void (answering && response.end(CONTENT)));
  const url = `http://127.0.0.1:${origin.port}/A/main.dart.js`;
  await using first = new Child({ do: 'hang', dir, url });
  await waitUntil('the first process fetches', () => origin.requests.length === 1, SOON_MS);
  answering = true;
  await using cache = new AssetCache({ dir, env: {} });
  const answer = cache.getOrFetch(url);
  await delay(200);
  expect(origin.requests).toHaveLength(1);
  first.signal('SIGKILL');
  expect((await answer)[0].toString()).toBe(CONTENT);
  expect(origin.requests).toHaveLength(2);
});

test('callers wait for another process for a limited time', { timeout: 60_000 }, async () => {
  const dir = await makeFolder();
  await using origin = await startStubServer(
    (_, response) => void (origin.requests.length > 1 && response.end(CONTENT)),
  );
  const url = `http://127.0.0.1:${origin.port}/A/main.dart.js`;
  await using _hanging = new Child({ do: 'hang', dir, url });
  await waitUntil('the first process fetches', () => origin.requests.length === 1, SOON_MS);
  await using cache = new AssetCache({ dir, env: {}, waitMs: 300 });
  expect((await cache.getOrFetch(url))[0].toString()).toBe(CONTENT);
  expect(origin.requests).toHaveLength(2);
});

test('a folder that the process may not use costs requests, not answers', { timeout: 60_000 }, async () => {
  const dir = await makeFolder();
  await using cache = new AssetCache({ dir, env: {} });
  await using origin = await startStubServer(CONTENT);
  const url = `http://127.0.0.1:${origin.port}/A/main.dart.js`;
  await cache.getOrFetch(url);
  await chmod(dir, 0);
  await using child = new Child({ do: 'denied', dir, url, callers: 3 });
  const messages = await child.messages();
  await chmod(dir, 0o700);
  expect(messages).toEqual([[CONTENT, CONTENT, CONTENT], ['EACCES']]);
  expect(origin.requests).toHaveLength(2);
});

test('no reader pairs the content of one save with the metadata of another', {
  timeout: 60_000,
}, async () => {
  const dir = await makeFolder();
  const task = { do: 'mix', dir, url: 'https://cdn.example/A/main.dart.js', name: 'writer' } as const;
  await using first = new Child({ ...task, name: 'first' });
  await using second = new Child({ ...task, name: 'second', threads: 2 });
  expect(await Promise.all([first.messages(), second.messages()])).toEqual([[0], [0, 0]]);
});
