import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Api } from '../../../../src/service/api/context.ts';
import { panelRoutes } from '../../../../src/service/api/routes/panel.ts';
import { rootRoutes } from '../../../../src/service/api/routes/root.ts';
import { createServer } from '../../../../src/service/api/server.ts';
import { KEY, sendRequest, startFakeApp } from '../../../support/service/app.ts';

let folder: string;
let api: Api;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'roundhouse-panel-'));
  api = createServer(pino({ level: 'silent' }), {});
  const panelFolder = join(folder, 'panel');
  await api.register(async (scope) => panelRoutes(scope, { panelFolder }), { prefix: '/panel' });
  rootRoutes(api, { limits: { basePath: '' } });
  await api.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  await api.close();
  await rm(folder, { recursive: true });
});

function get(path: string, headers: Record<string, string> = {}) {
  return sendRequest(api.server, 'GET', path, { headers });
}

async function build(): Promise<void> {
  await mkdir(join(folder, 'panel/assets'), { recursive: true });
  await writeFile(join(folder, 'panel/index.html'), '<!doctype html><title>Built</title>');
  await writeFile(join(folder, 'panel/assets/index-Ab12.js'), 'export {};');
  await writeFile(join(folder, 'panel/assets/index-Ab12.js.gz'), gzipSync('export {};'));
  await writeFile(join(folder, 'secret'), 'not for the panel');
}

describe('a panel that has been built', () => {
  beforeEach(build);

  test.each(['/panel/', '/panel/?x=/y'])('%s is the page, which is always revalidated', async (url) => {
    const { statusCode, headers, text } = await get(url);
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-cache',
    });
    expect(headers).toHaveProperty('etag');
    expect(text).toContain('Built');
    const again = await get(url, { 'if-none-match': headers.etag as string });
    expect(again.statusCode).toBe(304);
  });

  test('its files are immutable, and compressed for clients that accept it', async () => {
    const url = '/panel/assets/index-Ab12.js';
    const plain = await get(url, { 'accept-encoding': 'identity' });
    expect(plain.text).toBe('export {};');
    expect(plain.headers).toMatchObject({
      'content-type': 'application/javascript; charset=utf-8',
      'cache-control': 'public, max-age=31536000, immutable',
    });
    const small = await get(url, { 'accept-encoding': 'gzip, br' });
    expect(small.headers).toMatchObject({
      'content-type': 'application/javascript; charset=utf-8',
      'content-encoding': 'gzip',
      'cache-control': 'public, max-age=31536000, immutable',
    });
    expect(small.headers.vary).toMatch(/accept-encoding/i);
  });

  test('every reply has a policy that allows only files of the panel', async () => {
    for (const url of ['/panel/', '/panel/assets/index-Ab12.js', '/panel/nothing']) {
      const policy = String((await get(url)).headers['content-security-policy']);
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|https?:|\*|data:|upgrade-insecure/);
    }
  });

  test.each(['/panel/../secret', '/panel/%2e%2e/secret', '/panel/..%2fsecret', '/panel/assets/../../secret'])(
    '%s is refused',
    async (url) => {
      const { statusCode, text } = await get(url);
      expect(statusCode).toBeGreaterThanOrEqual(400);
      expect(text).not.toContain('not for the panel');
    },
  );
});

test('a panel that is not built says how to build it, and works once it is built', async () => {
  const before = await get('/panel/');
  expect(before.statusCode).toBe(503);
  expect(before.headers['content-type']).toContain('text/html');
  expect(before.text).toContain('npm run build:panel');
  await build();
  expect((await get('/panel/')).text).toContain('Built');
});

test('URLs without a slash and browsers at the root are redirected, behind any prefix', async () => {
  const short = await get('/panel');
  expect(short).toMatchObject({ statusCode: 302, headers: { location: 'panel/' } });
  const root = await get('/', { accept: 'text/html,*/*' });
  expect(root).toMatchObject({ statusCode: 302, headers: { location: 'panel/', vary: 'Accept' } });
});

test('needs no key with AUTH_READS: it asks its user for the key', async () => {
  await using app = await startFakeApp({ settings: { AUTH_READS: 'true' } });
  expect([200, 503]).toContain((await app.get('/panel/')).statusCode);
  expect((await app.get('/panel')).statusCode).toBe(302);
  expect((await app.get('/engines')).statusCode).toBe(401);
  expect((await app.get('/engines', { 'x-api-key': KEY })).statusCode).toBe(200);
});
