import { Agent, Client, Request as UndiciRequest } from 'undici';
import { describe, expect, test } from 'vitest';
import type { CacheMode } from '../../../src/library/http-cache/cache-mode.ts';
import { originFinder, originOf } from '../../../src/library/http-cache/request-url.ts';
import { openCache } from './support.ts';

const FOR_A_MINUTE = { 'cache-control': 'max-age=60' };

/** Opens a cache over an origin that counts its responses and records the fields of its requests. */
async function openCounted(headers: Record<string, string> = FOR_A_MINUTE) {
  const received: Record<string, string | string[] | undefined>[] = [];
  const setup = await openCache((request) => {
    received.push(request.headers);
    if (request.headers['if-none-match'] === '"1"') return { status: 304, headers };
    return { headers, body: `${received.length}` };
  });
  return {
    ...setup,
    received,
    async fetch(cache: CacheMode | undefined, headers: Record<string, string> = {}) {
      const response = await setup.cache.fetch(setup.url, cache ? { cache, headers } : { headers });
      return [response.status, await response.text(), response.headers.get('cache-status')?.split('; ')[1]];
    },
    [Symbol.asyncDispose]: () => setup[Symbol.asyncDispose](),
  };
}

describe('the cache option of fetch', () => {
  test('no-store neither uses nor stores a response', async () => {
    await using setup = await openCounted();
    expect(await setup.fetch('no-store')).toEqual([200, '1', 'fwd=request']);
    expect(await setup.fetch(undefined)).toEqual([200, '2', 'fwd=uri-miss']);
    expect(await setup.fetch('no-store')).toEqual([200, '3', 'fwd=request']);
    expect(await setup.fetch(undefined)).toEqual([200, '2', 'hit']);
    expect(setup.received[0]).toMatchObject({ 'cache-control': 'no-cache', pragma: 'no-cache' });
  });

  test('reload uses no stored response, and stores the new one', async () => {
    await using setup = await openCounted({ ...FOR_A_MINUTE, etag: '"1"' });
    expect(await setup.fetch(undefined)).toEqual([200, '1', 'fwd=uri-miss']);
    expect(await setup.fetch('reload')).toEqual([200, '2', 'fwd=request']);
    expect(await setup.fetch(undefined)).toEqual([200, '2', 'hit']);
    expect(setup.received[1]).toMatchObject({ 'cache-control': 'no-cache', pragma: 'no-cache' });
    expect(setup.received[1]!['if-none-match']).toBeUndefined();
  });

  test('no-cache validates a fresh response', async () => {
    await using setup = await openCounted({ ...FOR_A_MINUTE, etag: '"1"' });
    expect(await setup.fetch('no-cache')).toEqual([200, '1', 'fwd=uri-miss']);
    expect(await setup.fetch('no-cache')).toEqual([200, '1', 'fwd=request']);
    expect(setup.received[1]).toMatchObject({ 'cache-control': 'max-age=0', 'if-none-match': '"1"' });
    expect(setup.received[1]!.pragma).toBeUndefined();
  });

  test.each(['max-age=1', 'max-age=1, must-revalidate', 'no-cache'])(
    'force-cache uses a response with %s however old it is, and stores a missing one',
    async (cacheControl) => {
      await using setup = await openCounted({ 'cache-control': cacheControl, etag: '"1"' });
      expect(await setup.fetch('force-cache')).toEqual([200, '1', 'fwd=uri-miss']);
      setup.clock.advance(600_000);
      expect(await setup.fetch('force-cache')).toEqual([200, '1', 'hit']);
      expect(setup.received[0]!['cache-control']).toBeUndefined();
    },
  );

  test('only-if-cached uses a response however old it is, and fails without one', async () => {
    await using setup = await openCounted();
    await expect(setup.fetch('only-if-cached')).rejects.toThrow(TypeError);
    expect(setup.received).toEqual([]);
    await setup.fetch(undefined);
    setup.clock.advance(600_000);
    expect(await setup.fetch('only-if-cached')).toEqual([200, '1', 'hit']);
  });

  test('an unknown mode is rejected', async () => {
    await using setup = await openCounted();
    await expect(setup.fetch('fresh' as never)).rejects.toThrow(TypeError);
    expect(setup.received).toEqual([]);
  });

  test('is also read from a Request, and an option overrides it', async () => {
    await using setup = await openCounted();
    await setup.fetch(undefined);
    for (const Request of [globalThis.Request, UndiciRequest as unknown as typeof globalThis.Request]) {
      const own = () => new Request(setup.url, { cache: 'reload' });
      const before = setup.received.length;
      await (await setup.cache.fetch(own())).text();
      expect(setup.received).toHaveLength(before + 1);
      await (await setup.cache.fetch(own(), { cache: 'force-cache' })).text();
      expect(setup.received).toHaveLength(before + 1);
    }
  });

  test("the caller's Cache-Control is kept", async () => {
    await using setup = await openCounted();
    await setup.fetch('reload', { 'cache-control': 'x=1' });
    expect(setup.received[0]!['cache-control']).toBe('x=1');
  });
});

describe("conditions of the caller's own", () => {
  const CONDITIONS = [{ 'if-none-match': '"1"' }, { 'if-modified-since': new Date().toUTCString() }];

  test.each(CONDITIONS)('%j is evaluated by the cache, by fetch and by request alike', async (condition) => {
    const lastModified = new Date(Date.now() - 3_600_000).toUTCString();
    await using setup = await openCounted({ ...FOR_A_MINUTE, etag: '"1"', 'last-modified': lastModified });
    await setup.fetch(undefined);
    expect(await setup.fetch(undefined, condition)).toEqual([304, '', 'hit']);
    const reply = await setup.request('/', { headers: condition });
    expect([reply.status, reply.cacheStatus.split('; ')[1]]).toEqual([304, 'hit']);
    expect(setup.received).toHaveLength(1);
  });

  test.each(CONDITIONS)(
    '%j is forwarded if nothing is stored, without a Cache-Control',
    async (condition) => {
      await using setup = await openCounted();
      await setup.fetch(undefined, condition);
      await setup.request('/other', { headers: condition });
      for (const headers of setup.received) {
        expect(headers).toMatchObject(condition);
        expect(headers['cache-control']).toBeUndefined();
        expect(headers.pragma).toBeUndefined();
      }
      expect(setup.received).toHaveLength(2);
    },
  );
});

describe('the Response of fetch', () => {
  test('is the global one, and fetch can take the place of the global fetch', async () => {
    await using setup = await openCounted();
    const asGlobal: typeof globalThis.fetch = setup.cache.fetch;
    for (const expected of ['1', '1']) {
      const response: globalThis.Response = await asGlobal(new URL(setup.url));
      expect(response).toBeInstanceOf(globalThis.Response);
      const copy = response.clone();
      expect(copy).toBeInstanceOf(globalThis.Response);
      for (const one of [response, copy]) {
        expect([one.url, one.redirected, one.type, one.ok]).toEqual([`${setup.url}/`, false, 'basic', true]);
        expect(await one.text()).toBe(expected);
      }
    }
  });

  test('has each line of Set-Cookie, and no body for a status that has none', async () => {
    await using setup = await openCache({ status: 204, headers: { 'set-cookie': ['a=1', 'b=2'] }, body: '' });
    const response = await setup.cache.fetch(setup.url);
    expect([response.status, response.body, response.headers.getSetCookie()]).toEqual([
      204,
      null,
      ['a=1', 'b=2'],
    ]);
  });
});

describe('a Client, which ignores the origin of requests', () => {
  const open = async () => {
    const setup = await openCounted();
    const client = new Client(setup.url).compose(setup.cache.interceptor());
    const read = async (origin?: string) => {
      const options = { path: '/', method: 'GET' as const };
      const { body, headers } = await client.request(origin === undefined ? options : { ...options, origin });
      await body.text();
      return headers['cache-status'] && String(headers['cache-status']).split('; ')[1];
    };
    const close = async () => {
      await client.close();
      await setup[Symbol.asyncDispose]();
    };
    return { setup, read, [Symbol.asyncDispose]: close };
  };

  test.each([undefined, 'localhost', 'LOCALHOST', 'a.example', 'a b'])(
    'caches by its own origin, if the request has %s',
    async (origin) => {
      await using client = await open();
      expect([await client.read(origin), await client.read(origin)]).toEqual(['fwd=uri-miss', 'hit']);
      expect(await client.setup.fetch(undefined)).toEqual([200, '1', 'hit']);
    },
  );

  test('passes on a request with another URL as origin, whose responses it does not send', async () => {
    await using victim = await openCounted();
    await using client = await open();
    expect([await client.read(victim.url), await client.read(victim.url)]).toEqual([undefined, undefined]);
    expect(await victim.fetch(undefined)).toEqual([200, '1', 'fwd=uri-miss']);
  });

  test.each(['localhost', 'localhost:80', '//x', 'ftp://x', 'a b'])(
    'an Agent rejects a request with %s, as without the cache',
    async (origin) => {
      await using setup = await openCounted();
      const agent = new Agent();
      const failure = async (dispatcher: Agent | ReturnType<Agent['compose']>) =>
        dispatcher.request({ origin, path: '/', method: 'GET' }).then(
          () => undefined,
          ({ code }) => code,
        );
      const expected = await failure(agent);
      expect(expected).toBeDefined();
      expect(await failure(agent.compose(setup.cache.interceptor()))).toBe(expected);
      await agent.close();
    },
  );
});

test('origins are compared in their normal form', () => {
  expect(
    ['http://A:80', 'https://a:443/x', 'LOCALHOST', 'a.example:8080', 'ftp://a', '//a', 'a b', ''].map(
      originOf,
    ),
  ).toEqual(['http://a', 'https://a', 'http://localhost', 'http://a.example:8080', '', '', '', '']);
  expect(['', 'name', 'http://a', 'http://b'].map(originFinder('http://a'))).toEqual([
    'http://a',
    'http://a',
    'http://a',
    '',
  ]);
  expect(originFinder(null)('http://a')).toBe('');
});
