import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { KEY, startFakeApp, type TestApp } from '../../../support/service/app.ts';

const PANEL = { 'x-roundhouse-panel': '1' };

/** Logs in. @returns the `Set-Cookie` header, and the headers of a request with the cookie */
async function login(app: TestApp, body: object = { key: KEY }, headers: Record<string, string> = {}) {
  const reply = await app.request('POST', '/session', { body, headers });
  const setCookie = reply.headers['set-cookie']?.[0] ?? '';
  return { reply, setCookie, cookie: { cookie: `a=b; ${setCookie.split(';')[0]}; c=d` } };
}

const clear = (app: TestApp, headers: Record<string, string>) =>
  app.request('POST', '/cache/clear', { headers });

describe('a login', () => {
  test('takes the place of the key, for reads, writes, the live channel and downloads', async () => {
    await using app = await startFakeApp({ settings: { AUTH_READS: 'true' } });
    const { id } = app.runtime.start();
    const { reply, cookie } = await login(app);
    expect([reply.status, reply.body]).toEqual([200, { logged_in: true, reads_need_key: true }]);
    expect((await app.get('/session', cookie)).body.logged_in).toBe(true);
    expect((await app.get('/orchestrator/status', cookie)).status).toBe(200);
    expect((await app.get(`/engines/${id}/logs`, cookie)).status).toBe(200);
    expect((await clear(app, { ...cookie, ...PANEL })).status).toBe(200);
    const live = await fetch(`${app.url}/events/live`, { headers: cookie });
    expect(live.status).toBe(200);
    await live.body?.cancel();
    for (const path of ['/orchestrator/status', `/engines/${id}/logs`, '/events/live'])
      expect((await app.get(path)).status).toBe(401);
  });

  test('sets a cookie that scripts and other sites cannot use, until the browser is closed or for 30 days', async () => {
    await using app = await startFakeApp();
    const { setCookie } = await login(app);
    expect(setCookie).toMatch(/^roundhouse_[\da-f]{8}=[\w.-]+; Path=\/; HttpOnly; SameSite=Strict$/);
    const remembered = await login(app, { key: KEY, remember: true }, { 'x-forwarded-proto': 'https' });
    expect(remembered.setCookie).toMatch(/; Path=\/; HttpOnly; SameSite=Strict; Max-Age=2592000; Secure$/);
    expect(setCookie).not.toContain(KEY);
  });

  test.each<[string, object, number]>([
    ['a wrong key', { key: 'wrong' }, 401],
    ['no key', {}, 400],
    ['an empty key', { key: '' }, 400],
    ['a key that is too long', { key: 'x'.repeat(257) }, 400],
  ])('with %s sets no cookie', async (_, body, status) => {
    await using app = await startFakeApp();
    const { reply, setCookie } = await login(app, body);
    expect([reply.status, setCookie]).toEqual([status, '']);
  });

  test('is refused after ten wrong keys, which limits neither the key itself nor who has logged in', async () => {
    await using app = await startFakeApp();
    const { cookie } = await login(app);
    for (let count = 0; count < 10; count += 1)
      expect((await login(app, { key: 'wrong' })).reply.status).toBe(401);
    const { reply, setCookie } = await login(app);
    expect([reply.status, reply.body.code, setCookie]).toEqual([429, 'too_many_attempts', '']);
    expect(Number(reply.headers['retry-after']?.[0])).toBeGreaterThan(0);
    expect((await clear(app, { ...cookie, ...PANEL })).status).toBe(200);
    expect((await clear(app, { 'x-api-key': KEY })).status).toBe(200);
  });

  test('remains valid after a restart, and with another API key it does not', async () => {
    const DATA_DIR = await mkdtemp(join(tmpdir(), 'roundhouse-session-'));
    onTestFinished(() => rm(DATA_DIR, { recursive: true, force: true }));
    const first = await startFakeApp({ settings: { DATA_DIR } });
    const kept = await login(first);
    const left = await login(first);
    expect(
      (await first.request('DELETE', '/session', { headers: { ...left.cookie, ...PANEL } })).status,
    ).toBe(200);
    expect((await clear(first, { ...left.cookie, ...PANEL })).status).toBe(401);
    await first.app.close();
    const second = await startFakeApp({ settings: { DATA_DIR } });
    expect((await clear(second, { ...kept.cookie, ...PANEL })).status).toBe(200);
    // A copy of the cookie stays invalid.
    expect((await clear(second, { ...left.cookie, ...PANEL })).status).toBe(401);
    await second.app.close();
  });

  test('ends with a log out, which removes the cookie', async () => {
    await using app = await startFakeApp();
    const { cookie } = await login(app);
    const reply = await app.request('DELETE', '/session', { headers: { ...cookie, ...PANEL } });
    expect(reply.body.logged_in).toBe(false);
    expect(reply.headers['set-cookie']?.[0]).toMatch(/^roundhouse_[\da-f]{8}=; Path=\/; .*Max-Age=0$/);
    expect((await app.get('/session', cookie)).body.logged_in).toBe(false);
  });
});

describe('with the cookie of a login', () => {
  test.each<[string, Record<string, string>]>([
    ['without the header of the panel', {}],
    ['from another site', { ...PANEL, 'sec-fetch-site': 'cross-site' }],
    ['from another port of the same host', { ...PANEL, 'sec-fetch-site': 'same-site' }],
    ['from the address bar', { 'sec-fetch-site': 'none' }],
  ])('a write %s is refused', async (_, headers) => {
    await using app = await startFakeApp();
    const { cookie } = await login(app);
    const reply = await clear(app, { ...cookie, ...headers });
    expect([reply.status, reply.body.code]).toEqual([403, 'cross_site_request']);
    expect((await app.request('DELETE', '/session', { headers: { ...cookie, ...headers } })).status).toBe(
      403,
    );
  });

  test('another origin is not allowed to send the header of the panel', async () => {
    await using app = await startFakeApp({ settings: { CORS_ORIGIN: '*' } });
    const { headers } = await app.request('OPTIONS', '/cache/clear');
    expect(headers['access-control-allow-headers']).not.toMatch(/panel/i);
    expect(headers['access-control-allow-credentials']).toBeUndefined();
  });

  test('a wrong key is refused, and a token that was changed counts as none', async () => {
    await using app = await startFakeApp();
    const { cookie } = await login(app);
    const withWrongKey = await clear(app, { ...cookie, ...PANEL, 'x-api-key': 'wrong' });
    expect([withWrongKey.status, withWrongKey.body.code]).toEqual([401, 'wrong_key']);
    const [name, token = ''] = cookie.cookie.split('; ')[1]!.split('=');
    const [expiry, ...rest] = token.split('.');
    for (const forged of ['', token.slice(0, -1), [Number(expiry) + 1, ...rest].join('.'), `${token}x`])
      expect((await clear(app, { cookie: `${name}=${forged}`, ...PANEL })).status).toBe(401);
  });
});

describe('BASE_PATH', () => {
  test('is accepted and not required in URLs, and is the path of the cookie and of redirects', async () => {
    await using app = await startFakeApp({ settings: { BASE_PATH: '/rh/' } });
    const html = { accept: 'text/html' };
    for (const path of ['/rh/livez', '/livez', '/rh/version?x=1'.slice(0, 11)])
      expect((await app.get(path)).status).toBe(200);
    for (const path of ['/rhx/livez', '/other/rh/livez']) expect((await app.get(path)).status).toBe(404);
    expect((await app.get('/rh', html)).headers.location).toBe('/rh/panel/');
    expect((await app.get('/rh/', html)).headers.location).toBe('/rh/panel/');
    expect((await app.get('/rh/openapi.json')).body.servers).toEqual([{ url: '/rh' }]);
    const reply = await app.request('POST', '/rh/session', { body: { key: KEY } });
    expect(reply.headers['set-cookie']?.[0]).toContain('; Path=/rh/;');
  });
});

test('AUTH_READS redirects browsers from the documentation to the login page', async () => {
  await using app = await startFakeApp({ settings: { AUTH_READS: 'true', BASE_PATH: '/rh' } });
  const reply = await app.get('/docs', { accept: 'text/html' });
  expect([reply.status, reply.headers.location]).toEqual([302, '/rh/panel/']);
  expect((await app.get('/docs/json')).status).toBe(401);
  expect((await app.get('/panel/')).status).not.toBe(401);
  expect((await app.get('/session')).body).toEqual({ logged_in: false, reads_need_key: true });
});
