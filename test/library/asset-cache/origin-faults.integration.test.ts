import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type StubServer, startStubServer } from '../../support/http/stub-server.ts';
import { makeCache, makeFolder } from './support.ts';

const urlOf = (origin: StubServer) => `http://127.0.0.1:${origin.port}/A/main.dart.js`;

test.each<[string, (origin: StubServer) => void]>([
  [
    'closes the connection in the middle',
    (origin) => {
      origin.answer = (_, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('half', () => response.destroy());
      };
    },
  ],
  [
    'closes a chunked response in the middle',
    (origin) => {
      origin.answer = (_, response) => void response.write('half', () => response.destroy());
    },
  ],
  [
    'resets the connection',
    (origin) => {
      origin.answer = (request) => void request.socket.resetAndDestroy();
    },
  ],
  [
    'sends less than the stated length',
    (origin) => {
      origin.answer = (_, response) => {
        response.socket!.end('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf');
      };
    },
  ],
])('an origin that %s fails the call, and nothing is kept', async (_, fail) => {
  await using origin = await startStubServer('main()');
  const { cache } = await makeCache();
  fail(origin);
  await expect(cache.getOrFetch(urlOf(origin))).rejects.toThrow();
  expect(await cache.load(urlOf(origin))).toBeNull();
  expect(await cache.status()).toEqual([]);
  origin.answer = (_request, response) => void response.end('main()');
  expect((await cache.getOrFetch(urlOf(origin)))[0].toString()).toBe('main()');
});

test('an origin that drips is read to the end, once', async () => {
  await using origin = await startStubServer(async (_, response) => {
    for (const part of ['ma', 'in', '()']) {
      response.write(part);
      await delay(30);
    }
    response.end();
  });
  const { cache } = await makeCache();
  const answers = await Promise.all([1, 2, 3].map(() => cache.getOrFetch(urlOf(origin))));
  expect(answers.map(([content]) => content.toString())).toEqual(['main()', 'main()', 'main()']);
  expect(origin.requests).toHaveLength(1);
});

test('an entry is revalidated with the origin: 304 keeps it', async () => {
  await using origin = await startStubServer((request, response) => {
    response.setHeader('etag', '"1"');
    if (request.headers['if-none-match'] === '"1"') response.writeHead(304).end();
    else response.end('main()');
  });
  const { cache, advance } = await makeCache();
  const url = urlOf(origin);
  await cache.getOrFetch(url);
  advance(25 * 3_600_000);
  const [content, { source }] = await cache.getOrFetch(url);
  expect([content.toString(), source]).toEqual(['main()', 'revalidated']);
  await cache.getOrFetch(url);
  expect(origin.requests).toHaveLength(2);
});

test('a redirect is followed and not kept', async () => {
  await using origin = await startStubServer((request, response) => {
    if (request.url === '/B/main.dart.js') response.end('B');
    else response.writeHead(302, { location: '/B/main.dart.js' }).end();
  });
  const { cache } = await makeCache();
  expect((await cache.getOrFetch(urlOf(origin)))[0].toString()).toBe('B');
  expect(await cache.status()).toEqual([]);
});

test('50 requests over 3 files save at least 98.9 % of the bytes once these are stored', async () => {
  const sizes = [40_000, 25_000, 10_000];
  let sent = 0;
  await using origin = await startStubServer((request, response) => {
    const size = sizes[Number(request.url!.slice(-1))]!;
    response.setHeader('etag', `"${size}"`);
    if (request.headers['if-none-match'] === `"${size}"`) response.writeHead(304).end();
    else response.end(Buffer.alloc(size));
    sent += response.statusCode === 304 ? 0 : size;
  });
  const dir = await makeFolder();
  const first = await makeCache({ dir });
  const second = await makeCache({ dir });
  second.advance(25 * 3_600_000);
  const figures: number[] = [];
  for (const { cache } of [first, second]) {
    let received = 0;
    for (let index = 0; index < 50; index += 1) {
      const [content] = await cache.getOrFetch(`http://127.0.0.1:${origin.port}/A/file${index % 3}`);
      received += content.byteLength;
    }
    const { bytesSaved, bytesFetched } = await cache.metrics();
    expect(bytesSaved + bytesFetched).toBe(received);
    figures.push(bytesSaved / received);
  }
  expect(sent).toBe(75_000);
  expect(figures[0]).toBeCloseTo(0.94, 2);
  expect(figures[1]).toBeGreaterThanOrEqual(0.989);
  expect(origin.requests).toHaveLength(6);
});
