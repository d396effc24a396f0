import type { ServerResponse } from 'node:http';
import { getGlobalDispatcher, request } from 'undici';
import { expect, test } from 'vitest';
import { waitUntil } from '../../support/wait-until.ts';
import { openCache } from './support.ts';

const FOR_A_MINUTE = { 'cache-control': 'max-age=60' };
const PATIENCE_MS = 10_000;
const MEBIBYTE = 1024 * 1024;

test('a miss comes through while it is being collected', async () => {
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
  expect(await setup.get()).toMatchObject({ body: 'first second', how: expect.stringContaining('hit') });
});

test('a body over the limit is passed and not stored, whether or not its length is known', async () => {
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
    expect(await setup.get(path)).toMatchObject({ body, how: expect.stringContaining('uri-miss') });
  }
  expect(setup.cache.stats()).toMatchObject({ stores: 0, tooLarge: 4 });
});

test('a body that is cut off is an error, and not stored', async () => {
  let whole = false;
  await using setup = await openCache((_, response) => {
    response.writeHead(200, { ...FOR_A_MINUTE, 'content-length': '10' });
    if (whole) response.end('0123456789');
    else response.write('01234', () => response.destroy());
    return undefined;
  });
  const cut = await setup.cache.fetch(setup.url);
  await expect(cut.text()).rejects.toThrow('terminated');
  whole = true;
  expect(await setup.get()).toMatchObject({ body: '0123456789', how: expect.stringContaining('uri-miss') });
});

test('a body that its reader gives up is not stored, and the origin is told', async () => {
  let origin: ServerResponse | undefined;
  await using setup = await openCache((_, response) => {
    origin ??= response;
    response.writeHead(200, FOR_A_MINUTE).write('01234');
    if (origin !== response) response.end('56789');
    return undefined;
  });
  const response = await setup.cache.fetch(setup.url);
  await response.body!.cancel();
  await waitUntil('the connection is closed', () => origin!.destroyed, PATIENCE_MS);
  expect(await setup.get()).toMatchObject({ body: '0123456789', how: expect.stringContaining('uri-miss') });
});

test('an origin is read no faster than the body is, beyond what lies in buffers', async () => {
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
    'the origin stands still',
    async () => {
      const still = sent === before;
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return still && sent > 0;
    },
    PATIENCE_MS,
  );
  // The sockets' buffers are the system's; they hold a few MiB at most.
  expect(sent).toBeLessThan(32 * MEBIBYTE);
  const received = await body.bytes();
  expect(received.byteLength).toBe(64 * MEBIBYTE);
});

test('who waits for a copy does not wait for a reader who takes his time', async () => {
  const size = 4 * MEBIBYTE;
  await using setup = await openCache({ headers: FOR_A_MINUTE, body: 'x'.repeat(size) });
  const slow = await request(setup.url, {
    dispatcher: getGlobalDispatcher().compose(setup.cache.interceptor()),
  });
  expect((await setup.get()).body).toHaveLength(size);
  expect(setup.origin.requests).toHaveLength(1);
  expect((await slow.body.bytes()).byteLength).toBe(size);
});

test('what a caller does to a body it was given is not seen by the next', async () => {
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
