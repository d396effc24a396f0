import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type Gateway,
  type Lane,
  MemoryResponseStore,
  openGateway,
} from '../../../src/library/gateway/index.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { type Origin, send, startOrigin } from './support.ts';

const SOON_MS = 20_000;
const LARGE = Buffer.alloc(24_000_000);
for (let i = 0; i < LARGE.length; i += 4) LARGE.writeUInt32LE(i, i);

let gateway: Gateway;
let origin: Origin;
let lane: Lane;
let finish: () => void;

/** Responds with a part of a body, and with the rest when the test calls `finish`. */
function inTwoParts(headers: Record<string, string>, first: string, last: string): Origin['answer'] {
  const { promise, resolve } = Promise.withResolvers<void>();
  finish = resolve;
  return (_request, response) => {
    response.writeHead(200, headers).write(first);
    void promise.then(() => response.end(last));
  };
}

const open = () =>
  gateway.openLane({
    namespace: 'app',
    allow: ['127.0.0.1'],
    rules: [{ match: '*', force: true, ttlS: 3600 }],
  });

beforeEach(async () => {
  gateway = await openGateway();
  origin = await startOrigin((_request, response) => response.end('content'));
  lane = await open();
});

afterEach(async () => {
  await gateway.close();
  await origin.close();
});

/** Sends a request through a lane and resolves with the response, of which nothing has been read. */
async function start(headers: Record<string, string> = {}, through = lane): Promise<IncomingMessage> {
  const sent = request({
    host: '127.0.0.1',
    port: through.port,
    path: `${origin.url}/x`,
    headers,
    agent: false,
  });
  const [response] = await once(sent.end(), 'response');
  return response;
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of response.setEncoding('utf8')) text += part;
  return text;
}

describe('a request for a resource that another one is loading', () => {
  test('gets the first bytes while the body still arrives, without fields for the first client', async () => {
    origin.answer = inTwoParts({ 'set-cookie': 'a=1', 'x-own': 'yes' }, 'first ', 'last');
    const leader = await start();
    const other = await open();
    const follower = await start({}, other);
    expect(String((await once(follower, 'data'))[0])).toBe('first ');
    expect(leader.headers['set-cookie']).toEqual(['a=1']);
    expect(follower.headers).toMatchObject({
      'x-own': 'yes',
      'cache-status': expect.stringContaining('collapsed'),
    });
    expect(follower.headers['set-cookie']).toBeUndefined();
    finish();
    expect(await textOf(follower)).toBe('last');
    expect(await textOf(leader)).toBe('first last');
    expect(origin.requests).toHaveLength(1);
    await waitUntil('the request is counted', () => other.stats().requests === 1, SOON_MS);
    expect(other.stats()).toMatchObject({ hits: 1, misses: 0, bytesFromUpstream: 0, bytesSaved: 10 });
  });

  test('gets the rest although the first one has left', async () => {
    origin.answer = inTwoParts({ 'content-length': '10' }, 'first ', 'last');
    const leader = await start();
    const follower = await start();
    expect(follower.headers['content-length']).toBe('10');
    leader.destroy();
    await once(leader, 'close');
    finish();
    expect(await textOf(follower)).toBe('first last');
    expect((await send(lane, `${origin.url}/x`)).text).toBe('first last');
    expect(origin.requests).toHaveLength(1);
  });

  test('gets the response although the first one has left before it began', async () => {
    const store = new MemoryResponseStore();
    const get = store.get.bind(store);
    let lookups = 0;
    store.get = (...parameters) => {
      lookups += 1;
      return get(...parameters);
    };
    await using own = await openGateway({ store });
    const through = await own.openLane({ allow: ['127.0.0.1'], rules: [{ match: '*', force: true }] });
    const begin = Promise.withResolvers<void>();
    origin.answer = (_request, response) => void begin.promise.then(() => response.end('content'));
    const options = { host: '127.0.0.1', port: through.port, path: `${origin.url}/x`, agent: false };
    const leader = request(options).on('error', () => {});
    leader.end();
    await waitUntil('the first request reaches the origin', () => origin.requests.length === 1, SOON_MS);
    const follower = start({}, through);
    await waitUntil('the second one has looked for the response', () => lookups === 2, SOON_MS);
    await new Promise(setImmediate);
    const left = new Promise<void>((resolve) => leader.once('close', resolve));
    leader.destroy();
    await left;
    begin.resolve();
    expect(await textOf(await follower)).toBe('content');
    expect(origin.requests).toHaveLength(1);
  });

  test('is sent itself if it selects another variant', async () => {
    let requests = 0;
    const first = inTwoParts({ vary: 'accept-language' }, 'in ', 'en');
    origin.answer = (received, response) => {
      requests += 1;
      if (requests === 1) first(received, response);
      else response.writeHead(200, { vary: 'accept-language' }).end('in de');
    };
    const leader = await start({ 'accept-language': 'en' });
    const other = start({ 'accept-language': 'de' });
    finish();
    expect(await textOf(leader)).toBe('in en');
    expect(await textOf(await other)).toBe('in de');
  });

  test('fails with it if the origin resets the connection, and nothing is kept', async () => {
    let cut: () => void = () => {};
    origin.answer = (received, response) => {
      response.writeHead(200, { 'content-length': '100' }).write('partial');
      cut = () => received.socket.destroy();
    };
    const responses = [await start(), await start()];
    cut();
    for (const response of responses) await expect(textOf(response)).rejects.toThrow();
    origin.answer = (_request, response) => response.end('complete');
    expect((await send(lane, `${origin.url}/x`)).text).toBe('complete');
  });

  test('does not hold the others up if its client reads nothing, and gets all of it afterwards', async () => {
    const half = Promise.withResolvers<void>();
    origin.answer = (_request, response) => {
      response.write(LARGE.subarray(0, 1000));
      void half.promise.then(() => response.end(LARGE.subarray(1000)));
    };
    const leader = await start();
    const paused = await start();
    half.resolve();
    expect(Buffer.concat(await leader.toArray()).equals(LARGE)).toBe(true);
    expect(Buffer.concat(await paused.toArray()).equals(LARGE)).toBe(true);
    expect(origin.requests).toHaveLength(1);
  });

  test('gets all of it if the store fails meanwhile', async () => {
    const store = new MemoryResponseStore();
    const writer = store.writer.bind(store);
    let written = 0;
    store.writer = async (...parameters) => {
      const inner = await writer(...parameters);
      return {
        ...inner,
        write: (chunk) => {
          written += chunk.byteLength;
          return written > 5_000_000 ? Promise.reject(new Error('disk full')) : inner.write(chunk);
        },
      };
    };
    await using failing = await openGateway({ store });
    const through = await failing.openLane({ allow: ['127.0.0.1'], rules: [{ match: '*', force: true }] });
    const rest = Promise.withResolvers<void>();
    origin.answer = (_request, response) => {
      response.write(LARGE.subarray(0, 1000));
      void rest.promise.then(() => response.end(LARGE.subarray(1000)));
    };
    const responses = [await start({}, through), await start({}, through), await start({}, through)];
    rest.resolve();
    const bodies = await Promise.all(responses.map((response) => response.toArray()));
    expect(bodies.map((body) => Buffer.concat(body).equals(LARGE))).toEqual([true, true, true]);
    expect(failing.storeErrors).toBeGreaterThan(0);
  });
});
