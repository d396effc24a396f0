import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answersJson, OPENAPI } from '../../../support/http/openapi.ts';
import { KEY, startFakeApp, type TestApp } from '../../../support/service/app.ts';

let app: TestApp;
let origin: string;
beforeAll(async () => {
  app = await startFakeApp();
  origin = app.url;
});
afterAll(() => app[Symbol.asyncDispose]());

/** Sends a write with exactly these header lines: name, value, name, value. */
async function send(headers: string[], path = '/cache/clear', method = 'POST') {
  const sent = request(`${origin}${path}`, {
    method,
    headers: ['Host', 'x', 'Content-Length', '0', ...headers],
  });
  sent.end();
  const reply = await new Promise<IncomingMessage>((resolve, reject) => {
    sent.once('response', resolve).once('error', reject);
  });
  const body = JSON.parse(await text(reply));
  return { status: reply.statusCode, code: body.code, challenge: reply.headers['www-authenticate'] };
}

describe('a write is accepted', () => {
  test.each([
    ['with the key', ['X-API-KEY', KEY]],
    ['with the key, the header in lower case', ['x-api-key', KEY]],
    ['with a Bearer token', ['Authorization', `Bearer ${KEY}`]],
    ['with a bearer token in lower case', ['authorization', `bearer ${KEY}`]],
    ['with spaces around the token', ['Authorization', `  Bearer   ${KEY}  `]],
    ['with the key and another scheme, as behind a proxy', ['X-API-KEY', KEY, 'Authorization', 'Basic eDp5']],
    ['with the key and an empty header', ['X-API-KEY', '', 'Authorization', `Bearer ${KEY}`]],
  ])('%s', async (_, headers) => {
    expect((await send(headers)).status).toBe(200);
  });
});

/** Reads that need the key: logs may contain what is played. */
const READS_WITH_KEY = [
  '/engines/{id}/logs',
  '/by-label',
  '/config',
  '/custom-variant/config',
  '/custom-variant/templates/{slot}',
  '/custom-variant/templates/{slot}/export',
];
/** Manifests, logs and screenshots of browser apps are private. */
const PRIVATE = /^\/(apps|browser|profiles)(\/|$)/;

/** The login and the log out. */
const LOGIN = '/session';

function readNeedsKey(path: string): boolean {
  return READS_WITH_KEY.includes(path) || PRIVATE.test(path);
}

describe('a write is refused', () => {
  test.each([
    ['without a key', [], 401, 'missing_key'],
    ['with an empty key', ['X-API-KEY', ''], 401, 'missing_key'],
    ['with another scheme', ['Authorization', `Basic ${KEY}`], 401, 'missing_key'],
    ['with a token without a scheme', ['Authorization', KEY], 401, 'missing_key'],
    ['with an empty token', ['Authorization', 'Bearer '], 401, 'missing_key'],
    ['with the key in a cookie', ['Cookie', `x-api-key=${KEY}`], 401, 'missing_key'],
    ['with the key in another header', ['X-API-KEYS', KEY], 401, 'missing_key'],
    ['with a wrong key', ['X-API-KEY', 'wrong-key'], 401, 'wrong_key'],
    ['with a wrong token', ['Authorization', 'Bearer wrong-key'], 401, 'wrong_key'],
    ['with the key in capitals', ['X-API-KEY', KEY.toUpperCase()], 401, 'wrong_key'],
    ['with a part of the key', ['X-API-KEY', KEY.slice(0, -1)], 401, 'wrong_key'],
    ['with the key and more', ['X-API-KEY', `${KEY}x`], 401, 'wrong_key'],
    ['with the key twice in one line', ['X-API-KEY', `${KEY}, ${KEY}`], 401, 'wrong_key'],
    ['with two lines of the key', ['X-API-KEY', KEY, 'X-API-KEY', KEY], 400, 'ambiguous_key'],
    ['with a right and a wrong line', ['X-API-KEY', KEY, 'x-api-key', 'wrong'], 400, 'ambiguous_key'],
    ['with a wrong and a right line', ['X-API-KEY', 'wrong', 'X-Api-Key', KEY], 400, 'ambiguous_key'],
    [
      'with two tokens',
      ['Authorization', `Bearer ${KEY}`, 'Authorization', `Bearer ${KEY}`],
      400,
      'ambiguous_key',
    ],
    ['with the key both ways', ['X-API-KEY', KEY, 'Authorization', `Bearer ${KEY}`], 400, 'ambiguous_key'],
  ])('%s', async (_, headers, status, code) => {
    const reply = await send(headers);
    expect(reply).toMatchObject({ status, code });
    expect(reply.challenge).toBe(status === 401 ? 'Bearer realm="roundhouse"' : undefined);
  });

  test('before its body is read', async () => {
    const huge = await app.request('POST', '/provision/acestream', {
      headers: { 'content-type': 'application/json' },
      body: 'x'.repeat(100_000),
    });
    expect(huge.statusCode).toBe(401);
  });

  test('without the key, for every documented write and for logs', async () => {
    const writes = Object.entries(OPENAPI.paths).flatMap(([path, operations]) =>
      Object.keys(operations)
        .filter((method) => (method !== 'get' || readNeedsKey(path)) && path !== LOGIN)
        .map((method) => [method.toUpperCase(), path.replace(/\{\w+\}/g, 'x')] as const),
    );
    expect(writes.length).toBeGreaterThanOrEqual(6);
    for (const [method, path] of writes) {
      expect([path, await send([], path, method)]).toMatchObject([path, { status: 401 }]);
      expect([path, await send(['X-API-KEY', 'wrong'], path, method)]).toMatchObject([path, { status: 401 }]);
    }
  });

  test('as the OpenAPI document says', () => {
    for (const [path, operations] of Object.entries(OPENAPI.paths)) {
      for (const [method, { security }] of Object.entries(operations)) {
        const isOpen = (method === 'get' && !readNeedsKey(path)) || path === LOGIN;
        expect(security).toEqual(isOpen ? undefined : [{ key: [] }, { bearer: [] }]);
      }
    }
  });
});

describe('reads', () => {
  const paths = Object.entries(OPENAPI.paths).flatMap(([path, { get }]) =>
    get && answersJson(get) ? path : [],
  );
  const toUrl = (path: string) => path.replace(/\{\w+\}/g, 'x');
  const READS = paths.map(toUrl);
  const READS_WITHOUT_KEY = paths.filter((path) => !readNeedsKey(path)).map(toUrl);

  test('need no key, and ignore a wrong one', async () => {
    for (const path of READS_WITHOUT_KEY) {
      for (const headers of [{}, { 'x-api-key': 'wrong' }]) {
        const { statusCode } = await app.get(path, headers);
        expect([path, statusCode]).toEqual([path, expect.toSatisfy((status) => status !== 401)]);
      }
    }
  });

  describe('with AUTH_READS', () => {
    let closed: TestApp;
    beforeAll(async () => {
      closed = await startFakeApp({ settings: { AUTH_READS: 'true', CORS_ORIGIN: 'http://panel.example' } });
    });
    afterAll(() => closed[Symbol.asyncDispose]());

    test('need the key, except for probes and the login', async () => {
      const open = ['/livez', '/readyz', LOGIN];
      for (const path of READS) {
        const without = await closed.get(path);
        const wrong = await closed.get(path, { 'x-api-key': 'wrong' });
        expect([path, without.statusCode, wrong.statusCode]).toEqual(
          open.includes(path) ? [path, 200, 200] : [path, 401, 401],
        );
        const withKey = await closed.get(path, { authorization: `Bearer ${KEY}` });
        expect([path, withKey.statusCode]).toEqual([path, expect.toSatisfy((status) => status !== 401)]);
      }
    });

    test.each(['/engines/', '/engines?x=1', '/%65ngines', '/ENGINES', '//engines', '/docs/json', '/nothing'])(
      'cannot be bypassed by another spelling of the path: %s',
      async (path) => {
        expect((await closed.get(path)).statusCode).toBe(401);
      },
    );

    test('HEAD needs the key too', async () => {
      expect((await closed.request('HEAD', '/engines')).statusCode).toBe(401);
    });

    test('a cached answer is not sent without the key', async () => {
      await closed.get('/engines', { 'x-api-key': KEY });
      expect((await closed.get('/engines')).statusCode).toBe(401);
    });

    test('a preflight request needs no key', async () => {
      const reply = await closed.request('OPTIONS', '/engines', {
        headers: { origin: 'http://panel.example', 'access-control-request-method': 'GET' },
      });
      expect(reply.statusCode).toBe(204);
    });
  });
});
