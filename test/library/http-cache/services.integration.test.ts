import { Readable } from 'node:stream';
import { getGlobalDispatcher, request } from 'undici';
import { expect, test } from 'vitest';
import { createHttpCache } from '../../../src/library/http-cache/index.ts';
import { type OriginReply, openCache } from './support.ts';

test("forceCache overrides the response's directives, only in its own service", async () => {
  const services = { slow: { ttlS: 30, forceCache: true } };
  await using setup = await openCache(
    { headers: { 'cache-control': 'no-store', pragma: 'no-cache' } },
    { services },
  );
  const cacheStatus = async () => {
    const response = await setup.cache.service('slow').fetch(setup.url);
    await response.text();
    return response.headers.get('cache-status');
  };
  expect(await cacheStatus()).toContain('stored');
  expect(await cacheStatus()).toBe('roundhouse; hit; ttl=30');
  expect((await setup.get()).cacheStatus).toContain('uri-miss');
  expect((await setup.get()).cacheStatus).toContain('uri-miss');
  setup.clock.advance(30_000);
  expect(await cacheStatus()).toContain('fwd=stale');
  await setup.get('/', {}, 'POST');
  expect(await cacheStatus()).toContain('uri-miss');
});

test.each<[string, OriginReply]>([
  ['an error response', { status: 500 }],
  ['404', { status: 404 }],
  ['a temporary redirect', { status: 302 }],
  ['a partial response', { status: 206 }],
  ['a response with Set-Cookie', { headers: { 'set-cookie': 'id=1' } }],
  ['a response with Vary: *', { headers: { vary: '*' } }],
])('forceCache does not apply to %s', async (_, reply) => {
  await using setup = await openCache(reply, { defaults: { ttlS: 30, forceCache: true } });
  await setup.request('/');
  expect((await setup.request('/')).cacheStatus).toContain('uri-miss');
});

test('in shared mode, forceCache excludes private responses and requests with credentials', async () => {
  const options = { mode: 'shared', defaults: { ttlS: 30, forceCache: true } } as const;
  await using open = await openCache({}, options);
  await open.request('/', { headers: { authorization: 'alice' } });
  expect((await open.request('/')).cacheStatus).toContain('uri-miss');
  expect((await open.request('/')).cacheStatus).toContain('hit');
  await using ofOneUser = await openCache({ headers: { 'cache-control': 'private' } }, options);
  await ofOneUser.request('/');
  expect((await ofOneUser.request('/')).cacheStatus).toContain('uri-miss');
});

test('without forceCache, ttlS applies to responses without a lifetime', async () => {
  await using setup = await openCache(
    (request) => ({ headers: request.url === '/with-lifetime' ? { 'cache-control': 'max-age=5' } : {} }),
    { defaults: { ttlS: 30 } },
  );
  await setup.get('/with-lifetime');
  await setup.get('/without');
  expect((await setup.get('/with-lifetime')).cacheStatus).toBe('roundhouse; hit; ttl=5');
  expect((await setup.get('/without')).cacheStatus).toBe('roundhouse; hit; ttl=30');
});

test('alwaysRevalidate validates before each reuse', async () => {
  await using setup = await openCache(
    (request) =>
      request.headers['if-none-match'] === '"a"'
        ? { status: 304, headers: { etag: '"a"' }, body: '' }
        : { headers: { etag: '"a"', 'cache-control': 'max-age=60' } },
    { defaults: { alwaysRevalidate: true } },
  );
  await setup.get();
  expect(await setup.get()).toMatchObject({
    body: 'body',
    cacheStatus: 'roundhouse; fwd=stale; fwd-status=304; ttl=60',
  });
  expect(setup.origin.requests).toHaveLength(2);
});

test('with keyByBody, the body of a POST is part of the key', async () => {
  const received: string[] = [];
  await using setup = await openCache(
    (request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        received.push(body);
        response.writeHead(200, { 'cache-control': 'max-age=60' }).end(`reply to ${body}`);
      });
      return undefined;
    },
    { services: { graph: { keyByBody: true } } },
  );
  const post = async (
    body: string,
    client: Pick<typeof setup.cache, 'fetch'> = setup.cache.service('graph'),
  ) => {
    const response = await client.fetch(setup.url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    return [await response.text(), response.headers.get('cache-status')!.split('; ')[1]];
  };
  expect(await post('{"a":1}')).toEqual(['reply to {"a":1}', 'fwd=uri-miss']);
  expect(await post('{"a":2}')).toEqual(['reply to {"a":2}', 'fwd=uri-miss']);
  expect(await post('{"a":1}')).toEqual(['reply to {"a":1}', 'hit']);
  expect(await post('{"a":1}', setup.cache)).toEqual(['reply to {"a":1}', 'fwd=method']);
  const large = 'x'.repeat(1024 * 1024 + 1);
  expect((await post(large))[0]).toHaveLength(large.length + 'reply to '.length);
  expect(received.map((body) => body.length)).toEqual([7, 7, 7, large.length]);
});

test.for(['string', 'buffer', 'view', 'stream'])(
  'with keyByBody, a body over 1 MiB bypasses the cache: %s',
  async (form) => {
    await using setup = await openCache(
      (incoming, response) => {
        incoming.toArray().then((chunks) => {
          response
            .writeHead(200, { 'cache-control': 'max-age=60' })
            .end(String(Buffer.concat(chunks).length));
        });
        return undefined;
      },
      { defaults: { keyByBody: true } },
    );
    const dispatcher = getGlobalDispatcher().compose(setup.cache.interceptor());
    const search = async (length: number) => {
      const bytes = Buffer.alloc(length, 'x');
      const bodies: Record<string, string | Uint8Array | Readable> = {
        string: bytes.toString(),
        buffer: bytes,
        view: new Uint8Array(bytes.buffer, bytes.byteOffset, length),
        stream: Readable.from([bytes.subarray(0, 9), bytes.subarray(9)]),
      };
      const reply = await request(setup.url, { method: 'POST', body: bodies[form]!, dispatcher });
      return [await reply.body.text(), String(reply.headers['cache-status']).split('; ')[1]];
    };
    const limit = 1024 * 1024;
    for (let i = 0; i < 2; i += 1) expect(await search(limit + 1)).toEqual([String(limit + 1), 'fwd=method']);
    expect(await search(limit)).toEqual([String(limit), 'fwd=uri-miss']);
    expect(await search(limit)).toEqual([String(limit), 'hit']);
  },
);

test('a GET with a body bypasses the cache, unless its service has keyByBody', async () => {
  await using setup = await openCache(
    (request, response) => {
      request.toArray().then((chunks) => {
        response.writeHead(200, { 'cache-control': 'max-age=60' }).end(`for ${Buffer.concat(chunks)}`);
      });
      return undefined;
    },
    { services: { search: { keyByBody: true } } },
  );
  await setup.request('/');
  expect(await setup.request('/', { body: 'a' })).toMatchObject({
    body: 'for a',
    cacheStatus: expect.stringContaining('fwd=bypass'),
  });
  const dispatcher = getGlobalDispatcher().compose(setup.cache.service('search').interceptor());
  const search = async (body: string) => {
    const reply = await request(setup.url, { method: 'GET', body, dispatcher });
    return [await reply.body.text(), String(reply.headers['cache-status']).split('; ')[1]];
  };
  expect(await search('a')).toEqual(['for a', 'fwd=uri-miss']);
  expect(await search('b')).toEqual(['for b', 'fwd=uri-miss']);
  expect(await search('a')).toEqual(['for a', 'hit']);
});

test('invalid options are rejected', () => {
  expect(() => createHttpCache({ defaults: { ttlS: -1 } })).toThrow(RangeError);
  expect(() => createHttpCache({ maxBodyBytes: Number.NaN })).toThrow('maxBodyBytes must be 0 or more');
  expect(() => createHttpCache({ services: { a: { forceCache: true } } })).toThrow(
    'forceCache requires ttlS',
  );
  const cache = createHttpCache<string>({ services: { a: {} } });
  expect(() => cache.service('b')).toThrow('unknown service: b');
});
