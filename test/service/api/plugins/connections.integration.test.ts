import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { startFakeApp, WITH_KEY } from '../../../support/service/app.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const WAIT_MS = 5000;
const REQUEST = 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n';

async function open(url: string): Promise<Socket> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  await once(socket, 'connect');
  return socket;
}

test('a stop does not wait for unused or idle connections', async () => {
  const app = await startFakeApp();
  const url = app.url;
  const [unused, idle] = [await open(url), await open(url)];
  idle.write(REQUEST);
  await once(idle, 'data');
  const ended = Promise.all([once(unused, 'close'), once(idle, 'close')]);
  unused.resume();
  idle.resume();
  await app[Symbol.asyncDispose]();
  await ended;
});

test('a stop waits for a reply in progress', async () => {
  const app = await startFakeApp();
  const url = app.url;
  app.runtime.hold('create');
  const reply = fetch(`${url}/provision/acestream`, {
    method: 'POST',
    headers: WITH_KEY,
  });
  await waitUntil('the engine is being started', () => app.runtime.waiting('create') === 1, WAIT_MS);
  const stopped = app[Symbol.asyncDispose]();
  app.runtime.release('create');
  expect((await reply).status).toBe(200);
  await stopped;
});
