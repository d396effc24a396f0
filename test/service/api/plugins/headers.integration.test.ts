import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFakeApp, type TestApp } from '../../../support/service/app.ts';

const SAFETY = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
};
/** A cached reply, other replies, an error, an error before routing, and the documentation pages. */
const PATHS = ['/engines', '/streams', '/nothing', '/engines/%zz', '/docs', '/docs/json'];

describe('without CORS_ORIGIN', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startFakeApp();
  });
  afterAll(() => app[Symbol.asyncDispose]());

  test.each(PATHS)('%s has the security headers, and none that breaks plain HTTP', async (path) => {
    const { headers } = await app.get(path, { origin: 'http://evil.example' });
    expect(headers).toMatchObject(SAFETY);
    for (const name of Object.keys(headers)) expect(name).not.toMatch(/^access-control-/);
    expect(headers).not.toHaveProperty('strict-transport-security');
    expect(String(headers['content-security-policy'])).not.toContain('upgrade-insecure-requests');
  });

  test('a preflight request is refused', async () => {
    const reply = await app.request('OPTIONS', '/engines', {
      headers: { origin: 'http://evil.example', 'access-control-request-method': 'POST' },
    });
    expect(reply.statusCode).toBe(405);
  });
});

describe.each(['http://panel.example:8080', '*'])('with CORS_ORIGIN %s', (corsOrigin) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startFakeApp({ settings: { CORS_ORIGIN: corsOrigin } });
  });
  afterAll(() => app[Symbol.asyncDispose]());

  test.each(PATHS)('%s lets that origin read the response and its validators', async (path) => {
    const { headers } = await app.get(path, { origin: 'http://panel.example:8080' });
    expect(headers).toMatchObject({
      ...SAFETY,
      'access-control-allow-origin': corsOrigin,
      'access-control-expose-headers': 'ETag, Age, Cache-Status',
      vary: expect.stringMatching(/^Origin(, Accept-Encoding)?$/),
    });
    expect(headers).not.toHaveProperty('access-control-allow-credentials');
  });

  test('a 304 has the headers too', async () => {
    const reply = await app.get('/engines', { 'if-none-match': '*' });
    expect(reply.statusCode).toBe(304);
    expect(reply.headers['access-control-allow-origin']).toBe(corsOrigin);
  });

  test.each(['/engines', '/provision/acestream', '/engines/some-id'])(
    'a preflight request for %s is accepted',
    async (url) => {
      const reply = await app.request('OPTIONS', url, {
        headers: { origin: 'http://panel.example:8080', 'access-control-request-method': 'POST' },
      });
      expect(reply.statusCode).toBe(204);
      expect(reply.text).toBe('');
      expect(reply.headers).toMatchObject({
        'access-control-allow-origin': corsOrigin,
        'access-control-allow-methods': 'GET, HEAD, POST, PATCH, DELETE',
        'access-control-allow-headers': 'Authorization, Content-Type, X-API-KEY, If-None-Match',
      });
    },
  );

  test('other errors are unchanged', async () => {
    expect((await app.get('/nothing')).statusCode).toBe(404);
    expect((await app.request('PUT', '/engines')).statusCode).toBe(405);
  });
});
