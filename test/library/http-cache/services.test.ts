import { getGlobalDispatcher, request } from 'undici';
import { expect, test } from 'vitest';
import { createHttpCache } from '../../../src/library/http-cache/index.ts';
import { type Answer, openCache } from './support.ts';

test('a forced TTL goes before what responses say, in its own service alone', async () => {
  const services = { slow: { ttlS: 30, forceCache: true } };
  await using setup = await openCache(
    { headers: { 'cache-control': 'no-store', pragma: 'no-cache' } },
    { services },
  );
  const how = async () => {
    const response = await setup.cache.service('slow').fetch(setup.url);
    await response.text();
    return response.headers.get('cache-status');
  };
  expect(await how()).toContain('stored');
  expect(await how()).toBe('roundhouse; hit; ttl=30');
  expect((await setup.get()).how).toContain('uri-miss');
  expect((await setup.get()).how).toContain('uri-miss');
  setup.clock.advance(30_000);
  expect(await how()).toContain('fwd=stale');
  await setup.get('/', {}, 'POST');
  expect(await how()).toContain('uri-miss');
});

test.each<[string, Answer]>([
  ['an error', { status: 500 }],
  ['what is not found', { status: 404 }],
  ['a temporary redirect', { status: 302 }],
  ['a part', { status: 206 }],
  ['what sets cookies', { headers: { 'set-cookie': 'id=1' } }],
  ['what varies on everything', { headers: { vary: '*' } }],
])('%s is not forced', async (_, answer) => {
  await using setup = await openCache(answer, { defaults: { ttlS: 30, forceCache: true } });
  await setup.request('/');
  expect((await setup.request('/')).how).toContain('uri-miss');
});

test('in shared mode neither private responses nor those to credentials are forced', async () => {
  const options = { mode: 'shared', defaults: { ttlS: 30, forceCache: true } } as const;
  await using open = await openCache({}, options);
  await open.request('/', { headers: { authorization: 'alice' } });
  expect((await open.request('/')).how).toContain('uri-miss');
  expect((await open.request('/')).how).toContain('hit');
  await using personal = await openCache({ headers: { 'cache-control': 'private' } }, options);
  await personal.request('/');
  expect((await personal.request('/')).how).toContain('uri-miss');
});

test('without force a TTL is for those that say nothing', async () => {
  await using setup = await openCache(
    (request) => ({ headers: request.url === '/says' ? { 'cache-control': 'max-age=5' } : {} }),
    { defaults: { ttlS: 30 } },
  );
  await setup.get('/says');
  await setup.get('/nothing');
  expect((await setup.get('/says')).how).toBe('roundhouse; hit; ttl=5');
  expect((await setup.get('/nothing')).how).toBe('roundhouse; hit; ttl=30');
});

test('alwaysRevalidate asks before each reuse', async () => {
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
    how: 'roundhouse; fwd=stale; fwd-status=304; ttl=60',
  });
  expect(setup.origin.requests).toHaveLength(2);
});

test('a POST is keyed by its body where the service asks for it', async () => {
  const received: string[] = [];
  await using setup = await openCache(
    (request, response) => {
      let body = '';
      request.on('data', (chunk) => {
        body += chunk;
      });
      request.on('end', () => {
        received.push(body);
        response.writeHead(200, { 'cache-control': 'max-age=60' }).end(`answer to ${body}`);
      });
      return undefined;
    },
    { services: { graph: { keyByBody: true } } },
  );
  const post = async (
    body: string,
    face: Pick<typeof setup.cache, 'fetch'> = setup.cache.service('graph'),
  ) => {
    const response = await face.fetch(setup.url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json' },
    });
    return [await response.text(), response.headers.get('cache-status')!.split('; ')[1]];
  };
  expect(await post('{"a":1}')).toEqual(['answer to {"a":1}', 'fwd=uri-miss']);
  expect(await post('{"a":2}')).toEqual(['answer to {"a":2}', 'fwd=uri-miss']);
  expect(await post('{"a":1}')).toEqual(['answer to {"a":1}', 'hit']);
  expect(await post('{"a":1}', setup.cache)).toEqual(['answer to {"a":1}', 'fwd=method']);
  const large = 'x'.repeat(1024 * 1024 + 1);
  expect((await post(large))[0]).toHaveLength(large.length + 'answer to '.length);
  expect(received.map((body) => body.length)).toEqual([7, 7, 7, large.length]);
});

test('a GET with a body is not taken for one without; a service can key it by its body', async () => {
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
    how: expect.stringContaining('fwd=bypass'),
  });
  const dispatcher = getGlobalDispatcher().compose(setup.cache.service('search').interceptor());
  const search = async (body: string) => {
    const answer = await request(setup.url, { method: 'GET', body, dispatcher });
    return [await answer.body.text(), String(answer.headers['cache-status']).split('; ')[1]];
  };
  expect(await search('a')).toEqual(['for a', 'fwd=uri-miss']);
  expect(await search('b')).toEqual(['for b', 'fwd=uri-miss']);
  expect(await search('a')).toEqual(['for a', 'hit']);
});

test('options that make no sense are refused', () => {
  expect(() => createHttpCache({ defaults: { ttlS: -1 } })).toThrow(RangeError);
  expect(() => createHttpCache({ maxBodyBytes: Number.NaN })).toThrow('maxBodyBytes must be 0 or more');
  expect(() => createHttpCache({ services: { a: { forceCache: true } } })).toThrow('forceCache needs a ttlS');
  const cache = createHttpCache<string>({ services: { a: {} } });
  expect(() => cache.service('b')).toThrow('the cache has no service b');
});
