import type { RequestListener } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Gateway, type LaneOptions, openGateway } from '../../../src/library/gateway/index.ts';
import { type Origin, send, startOrigin, withClient } from './support.ts';

let now: number;
let gateway: Gateway;
let origin: Origin;
let number: number;

const FORCED = [{ match: '*', force: true, ttlS: 3600 }];

beforeEach(async () => {
  now = Date.parse('2026-01-01T00:00:00Z');
  number = 0;
  gateway = await openGateway({ wallClock: () => now });
  origin = await startOrigin((_request, response) => response.end('unset'));
});

afterEach(async () => {
  await gateway.close();
  await origin.close();
});

const open = (options: LaneOptions = {}) =>
  gateway.openLane({ namespace: 'app', allow: ['127.0.0.1'], ...options });

/** Responds with a number that increases with each request. */
function numbered(headers: Record<string, string | string[]>, status = 200): RequestListener {
  return (_request, response) => {
    number += 1;
    response.writeHead(status, { date: new Date(now).toUTCString(), ...headers }).end(`body ${number}`);
  };
}

/** The bodies of requests that are sent one after another. */
async function bodies(count: number, options: LaneOptions = {}, path = '/x'): Promise<string[]> {
  const lane = await open(options);
  const texts: string[] = [];
  await withClient(lane, async (client) => {
    for (let i = 0; i < count; i += 1) texts.push((await client(`${origin.url}${path}`)).text);
  });
  await lane.close();
  return texts;
}

describe('without force, RFC 9111 decides', () => {
  test.each([
    ['a response with max-age is kept', { 'cache-control': 'max-age=60' }, ['body 1', 'body 1']],
    ['one with no-store is not', { 'cache-control': 'no-store' }, ['body 1', 'body 2']],
    ['one without a lifetime is not', {}, ['body 1', 'body 2']],
    ['a private one is not', { 'cache-control': 'private, max-age=60' }, ['body 1', 'body 2']],
    [
      'one that sets a cookie is not',
      { 'cache-control': 'max-age=60', 'set-cookie': 'a=b' },
      ['body 1', 'body 2'],
    ],
    ['one with Vary: * is not', { 'cache-control': 'max-age=60', vary: '*' }, ['body 1', 'body 2']],
  ])('%s', async (_name, headers, expected) => {
    origin.answer = numbered(headers as Record<string, string>);
    expect(await bodies(2)).toEqual(expected);
  });

  test('a stale response is validated, and a 304 renews it', async () => {
    origin.answer = (request, response) => {
      response.writeHead(request.headers['if-none-match'] === '"v1"' ? 304 : 200, {
        etag: '"v1"',
        'cache-control': 'max-age=60',
      });
      response.end(request.headers['if-none-match'] === '"v1"' ? undefined : 'content');
    };
    const lane = await open();
    await send(lane, `${origin.url}/x`);
    now += 61_000;
    expect((await send(lane, `${origin.url}/x`)).text).toBe('content');
    expect((await send(lane, `${origin.url}/x`)).text).toBe('content');
    expect(origin.requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"v1"']);
  });

  test('ttlS applies to responses that specify no lifetime', async () => {
    origin.answer = numbered({});
    expect(await bodies(2, { rules: [{ match: '*', ttlS: 60 }] })).toEqual(['body 1', 'body 1']);
    now += 61_000;
    expect(await bodies(1, { rules: [{ match: '*', ttlS: 60 }] })).toEqual(['body 2']);
  });
});

describe('with force', () => {
  test('a response is kept for its TTL, whatever its Cache-Control says', async () => {
    origin.answer = numbered({ 'cache-control': 'no-store' });
    expect(await bodies(2, { rules: FORCED })).toEqual(['body 1', 'body 1']);
    now += 3_601_000;
    expect(await bodies(1, { rules: FORCED })).toEqual(['body 2']);
  });

  test.each([
    ['/main.3f2a9c1b.js', {}, 30],
    ['/chunk-0f3b2c9d8e.css', {}, 30],
    ['/app.js', { 'cache-control': 'max-age=60, immutable' }, 30],
    ['/report-20260102.js', {}, 1],
    ['/decadesoffacade.js', {}, 1],
    ['/app.js', {}, 1],
  ])('without a TTL, %s with %j is kept for %i days', async (path, headers, days) => {
    origin.answer = numbered(headers);
    const rules = [{ match: '*', force: true }];
    expect(await bodies(1, { rules }, path)).toEqual(['body 1']);
    now += days * 24 * 3_600_000 - 1000;
    expect(await bodies(1, { rules }, path)).toEqual(['body 1']);
    now += 2000;
    expect(await bodies(1, { rules }, path)).toEqual(['body 2']);
  });

  test('maxTtlS: a use renews the lifetime, up to this age', async () => {
    origin.answer = numbered({});
    const rules = [{ match: '*', force: true, ttlS: 100, maxTtlS: 250 }];
    const lane = await open({ rules });
    const texts: string[] = [];
    // Without its uses, the response would be stale at 100 s; at 255 s it is older than its maximum.
    for (const seconds of [0, 90, 90, 65, 10]) {
      now += seconds * 1000;
      texts.push((await send(lane, `${origin.url}/x`)).text);
    }
    expect(texts).toEqual(['body 1', 'body 1', 'body 1', 'body 1', 'body 2']);
    now += 101_000;
    expect((await send(lane, `${origin.url}/x`)).text).toBe('body 3');
  });

  test.each([404, 410, 500, 503, 302])('a response with status %i is not kept', async (status) => {
    origin.answer = numbered({ location: '/elsewhere' }, status);
    expect(await bodies(2, { rules: FORCED })).toEqual(['body 1', 'body 2']);
  });

  test('404 and 410 are kept for negativeTtlS, other failures never', async () => {
    const rules = [{ match: '*', force: true, ttlS: 3600, negativeTtlS: 10 }];
    origin.answer = numbered({}, 404);
    expect(await bodies(2, { rules })).toEqual(['body 1', 'body 1']);
    now += 11_000;
    origin.answer = numbered({}, 500);
    expect(await bodies(2, { rules })).toEqual(['body 2', 'body 3']);
  });

  test('POST is neither kept nor answered from the store, and removes what is kept', async () => {
    origin.answer = numbered({});
    const lane = await open({ rules: FORCED });
    const texts = [];
    for (const method of ['GET', 'POST', 'POST', 'GET']) {
      texts.push((await send(lane, `${origin.url}/x`, { method })).text);
    }
    expect(texts).toEqual(['body 1', 'body 2', 'body 3', 'body 4']);
  });

  test('partial content is not kept, and ranges of a kept response come from the store', async () => {
    origin.answer = (request, response) => {
      if (request.headers.range) {
        response.writeHead(206, { 'content-range': 'bytes 0-2/10' }).end('012');
      } else response.end('0123456789');
    };
    const lane = await open({ rules: FORCED });
    const range = (value: string) => send(lane, `${origin.url}/x`, { headers: { range: value } });
    expect(await range('bytes=0-2')).toMatchObject({ status: 206, text: '012' });
    expect((await send(lane, `${origin.url}/x`)).text).toBe('0123456789');
    expect(await range('bytes=4-')).toMatchObject({
      status: 206,
      text: '456789',
      headers: { 'content-range': 'bytes 4-9/10' },
    });
    expect(await range('bytes=20-')).toMatchObject({ status: 416 });
    expect(origin.requests).toHaveLength(2);
  });

  test('fields that act on the state of the browser are not repeated', async () => {
    origin.answer = numbered({
      'set-cookie': ['a=1', 'b=2'],
      'clear-site-data': '"*"',
      nel: '{}',
      'report-to': '{}',
      'authentication-info': 'x',
      'alt-svc': 'h3=":443"',
      'x-own': 'kept',
    });
    const lane = await open({ rules: FORCED });
    const first = await send(lane, `${origin.url}/x`);
    const second = await send(lane, `${origin.url}/x`);
    expect(first.headers['set-cookie']).toEqual(['a=1', 'b=2']);
    // It would lead the browser past the lane.
    expect(first.headers['alt-svc']).toBeUndefined();
    expect(second).toMatchObject({ text: 'body 1', headers: { 'x-own': 'kept' } });
    for (const name of ['set-cookie', 'clear-site-data', 'nel', 'report-to', 'authentication-info']) {
      expect(second.headers[name], name).toBeUndefined();
    }
  });

  test('Vary is respected', async () => {
    origin.answer = (request, response) => {
      response.writeHead(200, { vary: 'accept-language' }).end(`in ${request.headers['accept-language']}`);
    };
    const lane = await open({ rules: FORCED });
    const texts = [];
    for (const language of ['en', 'de', 'en', 'de', 'fr', 'de']) {
      const reply = await send(lane, `${origin.url}/x`, { headers: { 'accept-language': language } });
      texts.push(reply.text);
    }
    expect(texts).toEqual(['in en', 'in de', 'in en', 'in de', 'in fr', 'in de']);
    expect(origin.requests).toHaveLength(3);
  });

  test('a response without permission for other origins is not served to a page of another origin', async () => {
    origin.answer = (request, response) => {
      const from = request.headers.origin;
      response.writeHead(200, from ? { 'access-control-allow-origin': from } : {}).end('script');
    };
    const lane = await open({ rules: FORCED });
    await send(lane, `${origin.url}/x`);
    const headers = { origin: 'https://page.example' };
    for (const _time of [1, 2]) {
      const reply = await send(lane, `${origin.url}/x`, { headers });
      expect(reply.headers['access-control-allow-origin']).toBe('https://page.example');
    }
    expect(origin.requests).toHaveLength(2);
  });

  test('a reload reaches the origin', async () => {
    origin.answer = numbered({});
    const lane = await open({ rules: FORCED });
    await send(lane, `${origin.url}/x`);
    const reply = await send(lane, `${origin.url}/x`, { headers: { 'cache-control': 'no-cache' } });
    expect(reply.text).toBe('body 2');
    expect((await send(lane, `${origin.url}/x`)).text).toBe('body 2');
  });

  test('maxBytes limits what is kept, whether the length is announced or not', async () => {
    const rules = [{ match: '*', force: true, maxBytes: 10 }];
    origin.answer = (_request, response) => response.end('longer than ten bytes');
    expect(await bodies(2, { rules })).toEqual(Array(2).fill('longer than ten bytes'));
    origin.answer = (_request, response) => {
      response.write('in chunks, ');
      response.end('longer than ten bytes');
    };
    expect(await bodies(2, { rules })).toHaveLength(2);
    expect(origin.requests).toHaveLength(4);
  });

  test('staleWhileRevalidateS serves a stale response and renews it in the background', async () => {
    origin.answer = numbered({});
    const rules = [{ match: '*', force: true, ttlS: 10, staleWhileRevalidateS: 60 }];
    const lane = await open({ rules });
    await send(lane, `${origin.url}/x`);
    now += 11_000;
    expect((await send(lane, `${origin.url}/x`)).text).toBe('body 1');
    await expect.poll(async () => (await send(lane, `${origin.url}/x`)).text).toBe('body 2');
    expect(origin.requests).toHaveLength(2);
  });
});

describe('credentials', () => {
  const get = (cookie?: string) => ({ headers: cookie === undefined ? {} : { cookie } });

  test('responses to requests with credentials are kept for these alone', async () => {
    origin.answer = (request, response) => response.end(`for ${request.headers.cookie}`);
    const lane = await open({ rules: FORCED });
    const texts = [];
    for (const cookie of ['user=1', 'user=2', undefined, 'user=1', 'user=2', undefined]) {
      texts.push((await send(lane, `${origin.url}/x`, get(cookie))).text);
    }
    expect(texts).toEqual(
      ['user=1', 'user=2', undefined, 'user=1', 'user=2', undefined].map((c) => `for ${c}`),
    );
    expect(origin.requests).toHaveLength(3);
  });

  test.each(['public, max-age=60', 'max-age=60, immutable'])(
    'a cookie does not spoil the hits of a response with %s',
    async (cacheControl) => {
      origin.answer = numbered({ 'cache-control': cacheControl });
      const lane = await open();
      for (const cookie of ['_ga=1', '_ga=2', undefined]) {
        expect((await send(lane, `${origin.url}/x`, get(cookie))).text).toBe('body 1');
      }
    },
  );

  test('unless it varies by Cookie', async () => {
    origin.answer = numbered({ 'cache-control': 'public, max-age=60', vary: 'cookie' });
    const lane = await open();
    const texts = [];
    for (const cookie of ['a=1', 'a=2', 'a=1'])
      texts.push((await send(lane, `${origin.url}/x`, get(cookie))).text);
    expect(texts).toEqual(['body 1', 'body 2', 'body 1']);
  });

  test("credentials: 'ignore' keeps one response for all", async () => {
    origin.answer = numbered({});
    const lane = await open({ rules: [{ match: '*', force: true, credentials: 'ignore' }] });
    for (const cookie of ['a=1', 'a=2', undefined]) {
      expect((await send(lane, `${origin.url}/x`, get(cookie))).text).toBe('body 1');
    }
  });
});

describe('a namespace', () => {
  test('shares responses between its lanes and with no other namespace', async () => {
    origin.answer = numbered({});
    expect(await bodies(1, { rules: FORCED })).toEqual(['body 1']);
    expect(await bodies(1, { rules: FORCED })).toEqual(['body 1']);
    expect(await bodies(1, { rules: FORCED, namespace: 'other' })).toEqual(['body 2']);
    expect(await bodies(1, { rules: FORCED, namespace: undefined as never })).toEqual(['body 3']);
  });

  test('sends one request for a resource that 50 request at once; other namespaces send their own', async () => {
    origin.answer = (_request, response) => {
      setTimeout(() => response.end('x'.repeat(100_000)), 100);
    };
    const lanes = await Promise.all(
      [...Array(25).fill('app'), ...Array(25).fill('other')].map((namespace) =>
        open({ namespace, rules: FORCED }),
      ),
    );
    const replies = await Promise.all(
      lanes.flatMap((lane) => [1, 2].map(() => send(lane, `${origin.url}/x`))),
    );
    expect(new Set(replies.map(({ text }) => text.length))).toEqual(new Set([100_000]));
    expect(origin.requests).toHaveLength(2);
  });
});

describe('redact', () => {
  const rules = [{ match: '*', force: true, redact: ['token', 'client'] }];

  test('URLs that differ only in these parameters are the same', async () => {
    origin.answer = numbered({});
    const lane = await open({ rules });
    for (const query of ['a=1&token=secret-1', 'token=secret-2&a=1', 'a=1', 'client=c&a=1&token=']) {
      expect((await send(lane, `${origin.url}/x?${query}`)).text).toBe('body 1');
    }
    expect((await send(lane, `${origin.url}/x?a=2`)).text).toBe('body 2');
    expect(origin.requests[0]!.url).toBe('/x?a=1&token=secret-1');
  });
});

describe('version', () => {
  test('keeps responses separately for each version', async () => {
    origin.answer = numbered({});
    let version = 'a';
    const rules = [{ match: '*', force: true, version: () => version }];
    const lane = await open({ rules });
    const texts = [];
    for (version of ['a', 'b', 'a', 'b']) texts.push((await send(lane, `${origin.url}/x`)).text);
    expect(texts).toEqual(['body 1', 'body 2', 'body 1', 'body 2']);
  });
});

describe('modes', () => {
  test('replay reads and does not write', async () => {
    origin.answer = numbered({});
    await bodies(1, { rules: FORCED }, '/kept');
    expect(await bodies(1, { rules: FORCED, mode: 'replay' }, '/kept')).toEqual(['body 1']);
    expect(await bodies(2, { rules: FORCED, mode: 'replay' }, '/new')).toEqual(['body 2', 'body 3']);
  });

  test('offline sends nothing, and lists what is missing without redacted parameters', async () => {
    origin.answer = numbered({});
    const rules = [{ match: '*', force: true, ttlS: 1, redact: ['token'] }];
    await bodies(1, { rules }, '/kept');
    now += 3_600_000;
    const lane = await open({ rules, mode: 'offline' });
    expect((await send(lane, `${origin.url}/kept`)).text).toBe('body 1');
    for (const token of ['s1', 's2']) {
      const reply = await send(lane, `${origin.url}/new?token=${token}`, {
        headers: { accept: 'text/html' },
      });
      expect(reply).toMatchObject({
        status: 504,
        headers: { 'proxy-status': 'roundhouse; error=offline_miss' },
      });
      expect(reply.text).toContain('/new');
      expect(reply.text).not.toContain(token);
    }
    expect((await send(lane, `${origin.url}/kept`, { method: 'POST' })).status).toBe(504);
    expect(lane.misses()).toEqual([`${origin.url}/new`, `${origin.url}/kept`]);
    expect(origin.requests).toHaveLength(1);
  });

  test('off neither reads nor writes', async () => {
    origin.answer = numbered({});
    await bodies(1, { rules: FORCED });
    expect(await bodies(2, { rules: FORCED, mode: 'off' })).toEqual(['body 2', 'body 3']);
    expect(await bodies(1, { rules: FORCED })).toEqual(['body 1']);
  });

  test('setMode and close of one lane change nothing for another', async () => {
    origin.answer = numbered({});
    const [first, second] = [await open({ rules: FORCED }), await open({ rules: FORCED })];
    await send(first, `${origin.url}/x`);
    first.setMode('off');
    expect((await send(second, `${origin.url}/x`)).text).toBe('body 1');
    await first.close();
    expect((await send(second, `${origin.url}/x`)).text).toBe('body 1');
    expect((await send(second, `${origin.url}/y`)).text).toBe('body 2');
    expect((await send(second, `${origin.url}/y`)).text).toBe('body 2');
  });
});
