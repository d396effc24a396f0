import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROBLEMS } from '../../../src/service/api/schemas/problem.ts';
import { settle } from '../../support/fake-clock.ts';
import { startFakeApp, type TestApp, WITH_KEY } from '../../support/service/app.ts';
import type { FakeRuntime } from '../../support/service/fake-runtime.ts';

let app: TestApp<FakeRuntime>;
beforeAll(async () => {
  app = await startFakeApp();
});
afterAll(() => app[Symbol.asyncDispose]());

function problem(status: number, code: keyof typeof PROBLEMS) {
  return {
    type: 'about:blank',
    title: PROBLEMS[code].title,
    status,
    detail: expect.stringMatching(/\w/),
    code,
    requestId: expect.stringMatching(/\w/),
  };
}

const JSON_BODY = { ...WITH_KEY, 'content-type': 'application/json' };
const X = 'x'.repeat(2000);

describe('every error is a problem document with a code', () => {
  test.each([
    ['an unknown path', 'GET', '/nothing', {}, '', 404, 'not_found'],
    ['a missing file', 'GET', '/panel/missing.js', {}, '', 404, 'not_found'],
    ['a doubled slash', 'GET', '//engines', {}, '', 404, 'not_found'],
    ['another case', 'GET', '/ENGINES', {}, '', 404, 'not_found'],
    ['an unknown method', 'PATCH', '/engines', {}, '', 405, 'method_not_allowed'],
    ['a broken escape', 'GET', '/engines/%zz', {}, '', 400, 'invalid_request'],
    ['a NUL', 'GET', '/engines/%00', {}, '', 404, 'engine_not_found'],
    ['a path traversal', 'GET', '/engines/..%2f..%2fetc%2fpasswd', {}, '', 404, 'engine_not_found'],
    ['an id that is a name in prototypes', 'GET', '/engines/__proto__', {}, '', 404, 'engine_not_found'],
    [
      'an id that is the name of a method',
      'GET',
      '/engines/constructor/stats',
      {},
      '',
      404,
      'engine_not_found',
    ],
    ['an over-long id', 'GET', `/engines/${'x'.repeat(129)}`, {}, '', 400, 'invalid_request'],
    ['a far over-long id', 'GET', `/engines/${X}`, {}, '', 400, 'invalid_request'],
    ['a far over-long id to delete', 'DELETE', `/engines/${X}`, WITH_KEY, '', 400, 'invalid_request'],
    ['an id that is not there', 'DELETE', '/engines/x', WITH_KEY, '', 404, 'engine_not_found'],
    ['a body that is not JSON', 'POST', '/cache/clear', JSON_BODY, '{', 400, 'invalid_json'],
    ['an empty body', 'POST', '/cache/clear', JSON_BODY, '', 400, 'invalid_json'],
    ['a body of null', 'POST', '/cache/clear', JSON_BODY, 'null', 400, 'invalid_request'],
    ['a body that is a list', 'POST', '/cache/clear', JSON_BODY, '[]', 400, 'invalid_request'],
    ['a poisoned body', 'POST', '/cache/clear', JSON_BODY, '{"__proto__":{}}', 400, 'invalid_json'],
    [
      'a constructor that is poisoned',
      'POST',
      '/cache/clear',
      JSON_BODY,
      '{"constructor":{"prototype":{}}}',
      400,
      'invalid_json',
    ],
    [
      'a body that is too large',
      'POST',
      '/cache/clear',
      JSON_BODY,
      `"${'x'.repeat(65_536)}"`,
      413,
      'body_too_large',
    ],
    [
      'a body of text',
      'POST',
      '/cache/clear',
      { ...WITH_KEY, 'content-type': 'text/plain' },
      'x',
      415,
      'unsupported_media_type',
    ],
    ['a body of no type', 'POST', '/cache/clear', WITH_KEY, 'x', 415, 'unsupported_media_type'],
    [
      'a form',
      'POST',
      '/provision/acestream',
      { ...WITH_KEY, 'content-type': 'application/x-www-form-urlencoded' },
      'a=b',
      415,
      'unsupported_media_type',
    ],
    ['a broken body for DELETE', 'DELETE', '/engines/x', JSON_BODY, '{', 400, 'invalid_json'],
    ['an unknown filter', 'GET', '/streams?stat=started', {}, '', 400, 'invalid_request'],
    ['a doubled filter', 'GET', '/streams?status=started&status=ended', {}, '', 400, 'invalid_request'],
    ['a bad filter', 'GET', '/streams?status=Started', {}, '', 400, 'invalid_request'],
    ['no key', 'POST', '/cache/clear', {}, '', 401, 'missing_key'],
    ['no VPN', 'GET', '/vpn/publicip', {}, '', 503, 'public_ip_unknown'],
  ] as const)('%s', async (_, method, url, headers, payload, status, code) => {
    const reply = await app.request(method, url, { headers, ...(payload && { body: payload }) });
    expect(reply.body).toEqual(problem(status, code));
    expect(reply.statusCode).toBe(status);
    expect(reply.headers['content-type']).toBe('application/problem+json');
    expect(reply.headers['x-content-type-options']).toBe('nosniff');
  });

  test('an unexpected error too, without its message', async () => {
    app.runtime.start();
    await settle();
    app.runtime.fail('sample', new TypeError('secret of the inside'));
    const reply = await app.get('/engines/stats/all');
    app.runtime.recover('sample');
    expect(reply.statusCode).toBe(500);
    expect(reply.body).toEqual(problem(500, 'internal_error'));
    expect(reply.text).not.toContain('secret');
  });

  test('each has its own request id', async () => {
    const ids = await Promise.all(
      Array.from({ length: 5 }, async () => (await app.get('/nothing')).body.requestId),
    );
    expect(new Set(ids).size).toBe(5);
  });
});

describe('405', () => {
  test.each([
    ['PUT', '/engines', 'GET, HEAD'],
    ['POST', '/engines/', 'GET, HEAD'],
    ['POST', '/engines?x=1', 'GET, HEAD'],
    ['POST', '/engines/some-id', 'GET, HEAD, DELETE'],
    ['POST', '/containers/some-id', 'GET, HEAD, DELETE'],
    ['GET', '/provision/acestream', 'POST'],
    ['DELETE', '/cache/clear', 'POST'],
    ['OPTIONS', '/engines', 'GET, HEAD'],
    ['POST', '/livez', 'GET, HEAD'],
    ['POST', '/', 'GET, HEAD'],
    ['DELETE', '/?x=1', 'GET, HEAD'],
    ['POST', '/panel/', 'GET, HEAD'],
    ['PUT', '/panel/assets/index.js', 'HEAD, GET'],
    ['POST', '/favicon.ico', 'GET, HEAD'],
  ] as const)('%s %s lists the allowed methods: %s', async (method, url, allow) => {
    const reply = await app.request(method, url);
    expect(reply.statusCode).toBe(405);
    expect(reply.headers.allow).toBe(allow);
    expect(reply.body).toMatchObject({
      code: 'method_not_allowed',
      detail: expect.stringContaining(allow),
    });
  });
});

test('with CORS, a path that does not exist is still not found', async () => {
  await using open = await startFakeApp({ settings: { CORS_ORIGIN: '*' } });
  expect((await open.get('/nothing')).status).toBe(404);
  expect((await open.request('PUT', '/engines')).headers.allow).toBe('GET, HEAD');
});

describe('a request that the HTTP parser rejects', () => {
  async function send(bytes: string): Promise<{ head: string; body: string }> {
    const { port } = new URL(app.url);
    const socket = connect(Number(port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write(bytes);
    const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
    return { head, body };
  }

  test.each([
    ['no HTTP', 'rubbish\r\n\r\n', 400, 'invalid_request'],
    ['a bad header', 'GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n', 400, 'invalid_request'],
    [
      'two Content-Length headers',
      'GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
      'invalid_request',
    ],
    [
      'headers that are too large',
      `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'headers_too_large',
    ],
    [
      'a path that is too long',
      `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
      431,
      'headers_too_large',
    ],
  ] as const)('%s is a problem document too', async (_, bytes, status, code) => {
    const { head, body } = await send(bytes);
    expect(head).toContain(`HTTP/1.1 ${status} `);
    expect(head).toContain('Content-Type: application/problem+json');
    expect(head).toContain('X-Content-Type-Options: nosniff');
    expect(JSON.parse(body)).toMatchObject({ status, code });
  });

  test('a path with .. is not resolved, and is refused', async () => {
    for (const path of [
      '/engines/../engines',
      '/docs/../../package.json',
      '/docs/static/..%2f..%2fpackage.json',
    ]) {
      const { head } = await send(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      expect([path, head]).toEqual([path, expect.stringMatching(/^HTTP\/1\.1 40[034] /)]);
    }
  });
});

test('every code has a title and an error status', () => {
  for (const [code, { status, title }] of Object.entries(PROBLEMS)) {
    expect(title).toMatch(/\w/);
    expect([code, status]).toEqual([code, expect.toSatisfy((value) => value >= 400 && value < 600)]);
  }
});
