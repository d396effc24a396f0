import type { ServerResponse } from 'node:http';
import { getGlobalDispatcher, request } from 'undici';
import { expect, test } from 'vitest';
import { waitUntil } from '../../support/wait-until.ts';
import { openCache } from './support.ts';

const FOR_A_MINUTE = { 'cache-control': 'max-age=60' };
const TIMEOUT_MS = 10_000;
const MEBIBYTE = 1024 * 1024;

test('the body of a miss is passed on while it arrives', async () => {
  let origin: ServerResponse | undefined;
  await using setup = await openCache((_, response) => {
    origin = response;
    response.writeHead(200, FOR_A_MINUTE).write('first ');
    return undefined;
  });
  const response = await setup.cache.fetch(setup.url);
  const reader = response.body!.getReader();
  expect(Buffer.from((await reader.read()).value!).toString()).toBe('first ');
  origin!.end('second');
  expect(Buffer.from((await reader.read()).value!).toString()).toBe('second');
  expect((await reader.read()).done).toBe(true);
  expect(await setup.get()).toMatchObject({
    body: 'first second',
    cacheStatus: expect.stringContaining('hit'),
  });
});

test('a body over the limit is passed on but not stored, with and without Content-Length', async () => {
  const body = 'x'.repeat(1001);
  await using setup = await openCache(
    (incoming, response) => {
      response.writeHead(200, FOR_A_MINUTE);
      if (incoming.url === '/known') return void response.end(body);
      response.write(body.slice(0, 600));
      return void response.end(body.slice(600));
    },
    { maxBodyBytes: 1000 },
  );
  for (const path of ['/known', '/unknown', '/known', '/unknown']) {
    expect(await setup.get(path)).toMatchObject({ body, cacheStatus: expect.stringContaining('uri-miss') });
  }
  expect(setup.cache.stats()).toMatchObject({ stores: 0, tooLarge: 4 });
});

test('an incomplete body is an error and is not stored', async () => {
  let complete = false;
  await using setup = await openCache((_, response) => {
    response.writeHead(200, { ...FOR_A_MINUTE, 'content-length': '10' });
    if (complete) response.end('0123456789');
    else response.write('01234', () => response.destroy());
    return undefined;
  });
  const cut = await setup.cache.fetch(setup.url);
  await expect(cut.text()).rejects.toThrow('terminated');
  complete = true;
  expect(await setup.get()).toMatchObject({
    body: '0123456789',
    cacheStatus: expect.stringContaining('uri-miss'),
  });
});

test('cancelling the body aborts the request to the origin and stores nothing', async () => {
  let origin: ServerResponse | undefined;
  await using setup = await openCache((_, response) => {
    origin ??= response;
    response.writeHead(200, FOR_A_MINUTE).write('01234');
    if (origin !== response) response.end('56789');
    return undefined;
  });
  const response = await setup.cache.fetch(setup.url);
  await response.body!.cancel();
  await waitUntil('the connection is closed', () => origin!.destroyed, TIMEOUT_MS);
  expect(await setup.get()).toMatchObject({
    body: '0123456789',
    cacheStatus: expect.stringContaining('uri-miss'),
  });
});

test('the origin is read with backpressure', async () => {
  let sent = 0;
  await using setup = await openCache(
    (_, response) => {
      response.writeHead(200, FOR_A_MINUTE);
      const chunk = Buffer.alloc(64 * 1024);
      const write = () => {
        while (sent < 64 * MEBIBYTE) {
          sent += chunk.length;
          if (!response.write(chunk)) return response.once('drain', write);
        }
        return response.end();
      };
      write();
      return undefined;
    },
    { maxBodyBytes: 128 * MEBIBYTE },
  );
  const { body } = await request(setup.url, {
    dispatcher: getGlobalDispatcher().compose(setup.cache.interceptor()),
  });
  let before = -1;
  await waitUntil(
    'the origin stops sending',
    async () => {
      const stopped = sent === before;
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return stopped && sent > 0;
    },
    TIMEOUT_MS,
  );
  // The kernel's socket buffers hold a few MiB.
  expect(sent).toBeLessThan(32 * MEBIBYTE);
  const received = await body.bytes();
  expect(received.byteLength).toBe(64 * MEBIBYTE);
});

test('a collapsed request does not wait for a slow reader of the first one', async () => {
  const size = 4 * MEBIBYTE;
  await using setup = await openCache({ headers: FOR_A_MINUTE, body: 'x'.repeat(size) });
  const slow = await request(setup.url, {
    dispatcher: getGlobalDispatcher().compose(setup.cache.interceptor()),
  });
  expect((await setup.get()).body).toHaveLength(size);
  expect(setup.origin.requests).toHaveLength(1);
  expect((await slow.body.bytes()).byteLength).toBe(size);
});

test('a caller that modifies a body does not modify the stored one', async () => {
  await using setup = await openCache({ headers: FOR_A_MINUTE });
  await setup.get();
  for (let i = 0; i < 2; i += 1) {
    const { body } = await request(setup.url, {
      dispatcher: getGlobalDispatcher().compose(setup.cache.interceptor()),
    });
    const bytes = await body.bytes();
    expect(Buffer.from(bytes).toString()).toBe('body');
    for await (const chunk of (await setup.cache.fetch(setup.url)).body!) chunk.fill(0);
  }
});
