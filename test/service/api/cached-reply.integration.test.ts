import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { settle } from '../../support/fake-clock.ts';
import { startFakeApp, type TestApp, untilMisses } from '../../support/service/app.ts';

const CACHED = [
  '/engines',
  '/engines/stats/all',
  '/engines/stats/total',
  '/orchestrator/status',
  '/vpn/status',
];

describe('headers', () => {
  test.each(CACHED)('%s has an entity tag, an age and a cache status', async (path) => {
    await using app = await startFakeApp();
    const { clock } = app;
    const first = await app.get(path);
    expect(first.headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(first.text)),
      'cache-control': 'private, no-cache',
      etag: expect.stringMatching(/^W\/"[\w-]{22}"$/),
      age: '0',
      'cache-status': expect.stringMatching(/^roundhouse; fwd=miss; ttl=[23]$/),
      'x-content-type-options': 'nosniff',
    });
    clock.advance(1500);
    const second = await app.get(path);
    expect(second.headers).toMatchObject({
      age: '1',
      etag: first.headers.etag,
      'cache-status': expect.stringMatching(/^roundhouse; hit; ttl=[01]$/),
    });
    expect(second.text).toBe(first.text);
  });

  test('non-ASCII text is sent in UTF-8, with its length in bytes', async () => {
    await using app = await startFakeApp();
    const { runtime } = app;
    runtime.start({ labels: { name: 'Ünïcode ⚽ 中文' } });
    await settle();
    for (const outcome of ['fwd=miss', 'hit']) {
      const reply = await app.get('/engines');
      expect(reply.headers['cache-status']).toContain(outcome);
      expect(reply.body[0].labels).toMatchObject({ name: 'Ünïcode ⚽ 中文' });
      expect(reply.headers['content-length']).toBe(String(Buffer.byteLength(reply.text)));
    }
  });

  test('the status is fresh for 2 s, statistics and the VPN for 3 s, then loaded again', async () => {
    await using app = await startFakeApp({ settings: { CACHE_KEEP_WARM: 'false' } });
    const { clock } = app;
    for (const [path, ttlS] of [
      ['/orchestrator/status', 2],
      ['/engines', 2],
      ['/engines/stats/total', 3],
      ['/vpn/status', 3],
    ] as const) {
      await app.post('/cache/clear');
      await app.get(path);
      clock.advance(ttlS * 1000 - 1);
      expect((await app.get(path)).headers['cache-status']).toBe('roundhouse; hit; ttl=0');
      clock.advance(1);
      expect((await app.get(path)).headers['cache-status']).toContain('fwd=miss');
    }
  });

  test('each TTL is a setting', async () => {
    await using app = await startFakeApp({
      settings: {
        CACHE_TTL_STATS_TOTAL_S: '10',
        CACHE_TTL_ORCHESTRATOR_STATUS_S: '20',
        CACHE_TTL_VPN_STATUS_S: '30',
      },
    });
    const ttls = await Promise.all(CACHED.map(async (path) => (await app.get(path)).headers['cache-status']));
    const expected = [20, 10, 10, 20, 30].map((ttl) => expect.stringContaining(`ttl=${ttl}`));
    expect(ttls).toEqual(expected);
  });

  test('concurrent requests are marked as collapsed', async () => {
    await using app = await startFakeApp();
    const { runtime } = app;
    runtime.start();
    await settle();
    runtime.hold('sample');
    const replies = Promise.all([app.get('/engines/stats/total'), app.get('/engines/stats/total')]);
    await untilMisses(app, 2);
    runtime.release('sample');
    expect((await replies).map(({ headers }) => headers['cache-status'])).toEqual([
      'roundhouse; fwd=miss; ttl=3',
      'roundhouse; fwd=miss; collapsed; ttl=3',
    ]);
  });

  test('with the cache off, every read goes to its source and is marked as bypass', async () => {
    await using app = await startFakeApp({ settings: { CACHE_ENABLED: 'false' } });
    const { runtime } = app;
    runtime.start();
    await settle();
    for (let read = 1; read <= 3; read += 1) {
      const reply = await app.get('/engines/stats/total');
      expect(reply.headers).toMatchObject({ 'cache-status': 'roundhouse; fwd=bypass', age: '0' });
      expect(runtime.calls.sample).toBe(read);
    }
  });

  test('a panel that polls every 5 s gets hits from its second poll on', async () => {
    await using app = await startFakeApp();
    const { clock } = app;
    const outcomes = [];
    for (let poll = 0; poll < 5; poll += 1) {
      outcomes.push((await app.get('/engines/stats/total')).headers['cache-status']);
      await clock.advanceAsync(5000);
    }
    const hit = expect.stringContaining('hit');
    expect(outcomes).toEqual([expect.stringContaining('fwd=miss'), hit, hit, hit, hit]);
  });
});

describe('If-None-Match', () => {
  async function getWith(app: TestApp, path: string, makeField: (etag: string) => string) {
    const etag = String((await app.get(path)).headers.etag);
    return { etag, reply: await app.get(path, { 'if-none-match': makeField(etag) }) };
  }
  const strong = (etag: string) => etag.replace('W/', '');

  test.each([
    ['the entity tag', (etag: string) => etag],
    ['its strong form', strong],
    ['*', () => '*'],
    ['* with spaces', () => ' * '],
    ['a list', (etag: string) => `"a", ${etag}, W/"b"`],
    ['a list without spaces', (etag: string) => `"a",${strong(etag)}`],
    ['a list of tags with commas', (etag: string) => `"a,b", ${etag}`],
  ])('%s: responds with 304 without a body', async (_, makeField) => {
    await using app = await startFakeApp();
    for (const path of CACHED) {
      const { etag, reply } = await getWith(app, path, makeField);
      expect(reply.statusCode).toBe(304);
      expect(reply.text).toBe('');
      expect(reply.headers).toMatchObject({
        etag,
        'cache-control': 'private, no-cache',
        'cache-status': expect.stringContaining('hit'),
        age: '0',
      });
      expect(reply.headers).not.toHaveProperty('content-type');
      expect(reply.headers).not.toHaveProperty('content-length');
    }
  });

  test.each([
    ['another tag', () => '"other"'],
    ['a part of the tag', (etag: string) => `${etag.slice(0, -2)}"`],
    ['the tag without quotes', (etag: string) => etag.replace('W/', '').replaceAll('"', '')],
    ['the tag inside another', (etag: string) => `"x${strong(etag).slice(1)}`],
    ['an invalid value', () => '""",,W/,"'],
    ['an empty value', () => ''],
  ])('%s: responds with the representation', async (_, makeField) => {
    await using app = await startFakeApp();
    const { reply } = await getWith(app, '/engines', makeField);
    expect(reply.statusCode).toBe(200);
    expect(reply.body).toEqual([]);
  });

  test('a changed answer has another entity tag; a timestamp alone does not count as a change', async () => {
    await using app = await startFakeApp();
    const { clock, runtime } = app;
    const first = await app.get('/orchestrator/status');
    await clock.advanceAsync(5000);
    const second = await app.get('/orchestrator/status');
    expect(second.headers.etag).toBe(first.headers.etag);
    runtime.start();
    await settle();
    const third = await app.get('/orchestrator/status', { 'if-none-match': String(first.headers.etag) });
    expect(third.statusCode).toBe(200);
    expect(third.headers.etag).not.toBe(first.headers.etag);
  });
});

describe('HEAD', () => {
  test.each(CACHED)('%s: sends the headers of GET without the body', async (path) => {
    await using app = await startFakeApp();
    const { port } = new URL(app.url);
    const get = await app.get(path);
    const socket = connect(Number(port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write(`HEAD ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    const [head, body] = (await text(socket)).split('\r\n\r\n');
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(head).toContain(`ETag: ${get.headers.etag}`);
    expect(head).toContain(`Content-Length: ${Buffer.byteLength(get.text)}`);
    expect(body).toBe('');
  });

  test('is conditional too', async () => {
    await using app = await startFakeApp();
    const { headers } = await app.get('/engines');
    const reply = await app.request('HEAD', '/engines', {
      headers: { 'if-none-match': String(headers.etag) },
    });
    expect(reply.statusCode).toBe(304);
  });

  test('is supported by routes without a cache too', async () => {
    await using app = await startFakeApp();
    for (const url of ['/livez', '/version', '/streams', '/cache/stats']) {
      const reply = await app.request('HEAD', url);
      expect([reply.statusCode, reply.text]).toEqual([200, undefined]);
    }
  });
});

test('the statistics of each engine are cached separately', async () => {
  await using app = await startFakeApp();
  const { runtime } = app;
  const [a, b] = [runtime.start(), runtime.start()];
  await settle();
  for (const outcome of ['fwd=miss', 'hit']) {
    for (const { id } of [a, b]) {
      const reply = await app.get(`/engines/${id}/stats`);
      expect(reply.headers['cache-status']).toContain(outcome);
      expect(reply.body.container_id).toBe(id);
    }
  }
});

test('an answer that cannot be written as a response is an error, and does not hang', async () => {
  await using app = await startFakeApp();
  const broken = { body: '{}', etag: 'W/"x"\r\nSet-Cookie: a=b' };
  app.app.cache.set('stats:total', broken, { ttlS: 60 });
  const reply = await app.get('/engines/stats/total');
  expect([reply.status, reply.body.code]).toEqual([500, 'internal_error']);
  expect(reply.headers['set-cookie']).toBeUndefined();
  const conditional = await app.get('/engines/stats/total', { 'if-none-match': '*' });
  expect(conditional.status).toBe(500);
});
