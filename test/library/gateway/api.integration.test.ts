import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Gateway, type LaneOptions, openGateway } from '../../../src/library/gateway/index.ts';
import { type Origin, send, startOrigin } from './support.ts';

const FORCED = [{ match: '*', force: true, ttlS: 3600, redact: ['token'] }];

let gateway: Gateway;
let origin: Origin;

beforeEach(async () => {
  gateway = await openGateway();
  origin = await startOrigin((request, response) => {
    const type = request.url!.endsWith('.js') ? 'text/javascript; charset=utf-8' : 'text/plain';
    response.setHeader('content-type', type);
    response.end(`body of ${request.url}`);
  });
});

afterEach(async () => {
  await gateway.close();
  await origin.close();
});

const openLane = (options: LaneOptions = {}) =>
  gateway.openLane({ namespace: 'app', allow: ['127.0.0.1'], rules: FORCED, ...options });

describe('figures', () => {
  test('count requests, bytes, hosts, types and rules from counters', async () => {
    const lane = await openLane();
    for (const path of ['/a.js', '/a.js', '/b', '/a.js']) await send(lane, `${origin.url}${path}`);
    await send(lane, `${origin.url}/c`, { method: 'POST', body: 'x' });
    const sizes = { a: 'body of /a.js'.length, b: 'body of /b'.length };
    const total = 3 * sizes.a + 2 * sizes.b;
    const stats = lane.stats();
    expect(stats).toMatchObject({
      requests: 5,
      hits: 2,
      misses: 2,
      bypasses: 1,
      bypassReasons: { method: 1 },
      bytesToBrowser: total,
      bytesFromUpstream: sizes.a + 2 * sizes.b,
      bytesSaved: 2 * sizes.a,
      byHost: { [`127.0.0.1:${origin.port}`]: { requests: 5 } },
      byType: { 'text/javascript': { requests: 3, hits: 2 }, 'text/plain': { requests: 2 } },
      byRule: { '*': { requests: 5, bytesSaved: 2 * sizes.a } },
    });
    expect(stats.headerBytes).toBeGreaterThan(0);
    expect(gateway.stats('app')).toMatchObject({ requests: 5, hits: 2 });
    expect(gateway.stats('app').mostUsed[0]).toEqual({
      url: `${origin.url}/a.js`,
      requests: 3,
      hits: 2,
      bytesToBrowser: 3 * sizes.a,
    });
    expect(gateway.stats('other').requests).toBe(0);
    await lane.close();
    expect(lane.stats().connectionBytes.sent).toBeGreaterThan(total);
  });

  test('of the store: entries, bytes and times by namespace', async () => {
    await send(await openLane(), `${origin.url}/a`);
    await send(await openLane({ namespace: 'other' }), `${origin.url}/b`);
    const usage = await gateway.usage();
    expect(usage.map(({ namespace, entries, bodyBytes }) => [namespace, entries, bodyBytes])).toEqual([
      ['app', 1, 'body of /a'.length],
      ['other', 1, 'body of /b'.length],
    ]);
    expect(usage[0]!.oldestAt).toBeGreaterThan(Date.now() - 60_000);
    expect(usage[0]!.newestAt).toBe(usage[0]!.oldestAt);
  });
});

describe('kept responses', () => {
  test('are listed a page at a time, without redacted parameters', async () => {
    const lane = await openLane();
    for (let i = 0; i < 5; i += 1) await send(lane, `${origin.url}/${i}?token=secret-${i}`);
    const urls: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await gateway.list('app', { limit: 2, ...(cursor ? { cursor } : {}) });
      expect(page.resources.length).toBeLessThanOrEqual(2);
      urls.push(...page.resources.map(({ url }) => url));
      cursor = page.cursor;
    } while (cursor);
    expect(urls.sort()).toEqual([0, 1, 2, 3, 4].map((i) => `${origin.url}/${i}`));
    const [first] = (await gateway.list('app', { match: '*/3' })).resources;
    expect(first).toMatchObject({
      url: `${origin.url}/3`,
      status: 200,
      type: 'text/plain',
      bytes: 'body of /3?token=secret-3'.length,
      isPersonal: false,
    });
  });

  test('are listed by their hits, a page at a time', async () => {
    const lane = await openLane();
    for (const [path, hits] of Object.entries({ '/a': 1, '/b': 3, '/c': 0, '/d': 2 }))
      for (let request = 0; request <= hits; request += 1) await send(lane, `${origin.url}${path}`);
    const list = (options: object) => gateway.list('app', { sort: 'hits', limit: 2, ...options });
    const first = await list({});
    const second = await list({ cursor: first.cursor });
    expect([...first.resources, ...second.resources].map(({ url, hits }) => [url, hits])).toEqual([
      [`${origin.url}/b`, 3],
      [`${origin.url}/d`, 2],
      [`${origin.url}/a`, 1],
      [`${origin.url}/c`, 0],
    ]);
    expect(second.cursor).toBeUndefined();
    expect((await list({ match: '*/[ac]' })).resources).toEqual([]);
    expect((await list({ match: '*/a' })).resources).toMatchObject([{ hits: 1 }]);
    await expect(list({ cursor: 'x' })).rejects.toThrow(RangeError);
    expect((await gateway.list('app', { match: '*/b' })).resources).toMatchObject([{ hits: 3 }]);
  });

  test('are removed by namespace and by pattern', async () => {
    const [lane, other] = [await openLane(), await openLane({ namespace: 'other' })];
    for (const path of ['/a.js', '/b.js', '/c']) await send(lane, `${origin.url}${path}`);
    await send(other, `${origin.url}/a.js`);
    expect(await gateway.clearMatching('app', '*.js')).toBe(2);
    expect((await gateway.list('app')).resources.map(({ url }) => url)).toEqual([`${origin.url}/c`]);
    await gateway.clear('app');
    expect((await gateway.list('app')).resources).toEqual([]);
    expect((await gateway.list('other')).resources).toHaveLength(1);
    await send(lane, `${origin.url}/c`);
    expect(origin.paths().filter((path) => path === '/c')).toHaveLength(2);
  });

  test('a response that arrives while its namespace is cleared is not kept', async () => {
    const finish = Promise.withResolvers<void>();
    origin.answer = (_request, response) => {
      response.write('old');
      void finish.promise.then(() => response.end());
    };
    const lane = await openLane();
    const reply = send(lane, origin.url);
    await expect.poll(() => origin.requests.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await gateway.clear('app');
    finish.resolve();
    expect((await reply).text).toBe('old');
    expect((await gateway.list('app')).resources).toEqual([]);
  });

  test('are warmed from URLs, and those that fail are returned', async () => {
    origin.answer = (request, response) => {
      response.writeHead(request.url === '/missing' ? 404 : 200).end('x');
    };
    const lane = await openLane();
    const urls = ['/a', '/b', '/missing'].map((path) => origin.url + path);
    expect(await lane.warm([...urls, 'not a url', 'http://127.0.0.2:1/'])).toEqual(
      expect.arrayContaining([urls[2], 'not a url', 'http://127.0.0.2:1/']),
    );
    lane.setMode('offline');
    expect((await send(lane, urls[0]!)).text).toBe('x');
    expect((await send(lane, urls[1]!)).text).toBe('x');
  });
});

test('usage by rule, and warming from what another namespace contains', async () => {
  const rules = [
    { match: '*.js', force: true },
    { match: '*', force: true, redact: ['token'] },
  ];
  origin.answer = ({ url = '' }, response) => {
    response.writeHead(200, { vary: 'accept' }).end('x'.repeat(url.length));
  };
  const first = await openLane({ namespace: 'recorded', rules });
  for (const path of ['/a.js', '/bb.js', '/data', '/data?token=secret']) await send(first, origin.url + path);
  // Another variant of the same URL.
  await send(first, `${origin.url}/data`, { headers: { accept: 'text/plain' } });
  // Kept for these credentials only.
  await send(first, `${origin.url}/own`, { headers: { cookie: 'user=1' } });
  const usage = await gateway.usageByRule('recorded');
  expect(usage).toMatchObject({
    '*.js': { entries: 2, bodyBytes: '/a.js/bb.js'.length },
    '*': { entries: 3, bodyBytes: '/data/data/own'.length },
  });
  expect(usage['*']!.newestAt).toBeGreaterThanOrEqual(usage['*']!.oldestAt);
  expect(await gateway.usageByRule('unknown')).toEqual({});

  const second = await openLane({ namespace: 'warmed', rules });
  expect(await second.warm(gateway.urls('recorded'))).toEqual([]);
  const { resources } = await gateway.list('warmed');
  expect(resources.map(({ url }) => url.slice(origin.url.length)).sort()).toEqual([
    '/a.js',
    '/bb.js',
    '/data',
  ]);
});

test('explain says which rule applies, and why the latest request was a miss', async () => {
  const lane = await openLane({
    rules: ['!*/private*', { match: '*.js', force: true }, { match: '*/api/*', negativeTtlS: 5 }],
    block: ['*/ads*'],
  });
  origin.answer = (_request, response) => {
    response.writeHead(200, { 'cache-control': 'no-store' }).end();
  };
  const url = (path: string) => origin.url + path;
  expect(lane.explain(url('/x.js'))).toEqual({
    rule: '*.js',
    excluded: false,
    blocked: false,
    mode: 'record',
    latest: undefined,
  });
  for (const path of ['/x.js', '/x.js', '/api/1', '/other', '/private.js']) await send(lane, url(path));
  expect(lane.explain(url('/x.js')).latest).toEqual({ result: 'hit' });
  expect(lane.explain(url('/api/1')).latest).toEqual({
    result: 'miss',
    missReason: 'uri-miss',
    notKept: 'no-store',
  });
  expect(lane.explain(url('/other')).latest).toEqual({ result: 'bypass', bypassReason: 'no-rule' });
  expect(lane.explain(url('/private.js'))).toMatchObject({ rule: undefined, excluded: true });
  expect(lane.explain(url('/ads.js'))).toMatchObject({ blocked: true });
});

describe('requestHeaders', () => {
  test('reach their origin only, and are in no key, entry or error', async () => {
    await using third = await startOrigin((_request, response) => response.end('third'));
    const requestHeaders = [{ origin: origin.url, name: 'Authorization', value: 'Bearer secret-token' }];
    const errors: unknown[] = [];
    await using own = await openGateway({ onError: (...parameters) => errors.push(parameters) });
    const lane = await own.openLane({ namespace: 'n', allow: ['127.0.0.1'], rules: FORCED, requestHeaders });
    const other = await own.openLane({ namespace: 'n', allow: ['127.0.0.1'], rules: FORCED });
    await send(lane, origin.url);
    await send(lane, third.url);
    await send(other, origin.url);
    expect(origin.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer secret-token',
      undefined,
    ]);
    expect(third.requests[0]!.headers.authorization).toBeUndefined();
    const listed = await own.list('n');
    expect(listed.resources).toHaveLength(3);
    expect(JSON.stringify([listed, errors, lane.stats(), lane.explain(origin.url)])).not.toContain('secret');
  });
});

describe('hosts', () => {
  test('are answered by functions, over http and https, without the network', async () => {
    const lane = await openLane({
      hosts: {
        'app.internal': async (request) =>
          new Response(`${request.method} ${request.url} ${await request.text()}`, {
            status: 201,
            headers: [
              ['x-own', 'yes'],
              ['set-cookie', 'a=1'],
              ['set-cookie', 'b=2'],
            ],
          }),
        'broken.internal': () => {
          throw new Error('out of order');
        },
      },
    });
    expect(await send(lane, 'http://app.internal/x', { method: 'POST', body: 'sent' })).toMatchObject({
      status: 201,
      text: 'POST http://app.internal/x sent',
      headers: { 'x-own': 'yes', 'set-cookie': ['a=1', 'b=2'] },
    });
    expect((await send(lane, 'https://APP.internal/y')).text).toBe('GET https://app.internal/y ');
    expect(await send(lane, 'http://broken.internal/')).toMatchObject({
      status: 500,
      text: 'proxy_internal_error: The handler of broken.internal failed: out of order\n',
    });
    expect(lane.stats().bypassReasons.handler).toBe(2);
  });
});

test.each([
  { rules: [{ match: '*', ttlS: -1 }] },
  { allow: ['http://a'] },
  { resolve: { a: 'not-an-address' } },
  { requestHeaders: [{ origin: 'x', name: 'a', value: 'b' }] },
])('openLane rejects %j', async (options) => {
  await expect(gateway.openLane(options)).rejects.toThrow(RangeError);
});
