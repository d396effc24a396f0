import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, inject, test } from 'vitest';
import { describeWithChromium } from '../../support/browser/chromium.ts';
import { startStubServer } from '../../support/http/stub-server.ts';
import { makeCache } from './support.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const WASM = Buffer.from([0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);

test('examples/playwright/asset-cache.ts runs against a site that alternates between two versions', async (context) => {
  const chromium = inject('chromium');
  if ('missing' in chromium) return context.skip(chromium.missing);
  const command = ['--conditions=roundhouse:source', 'examples/playwright/asset-cache.ts'];
  const env = { ...process.env, CHROMIUM_PATH: chromium.path };
  const { stdout, stderr } = await promisify(execFile)(process.execPath, command, { cwd: ROOT, env });
  expect(stderr).toBe('');
  expect(stdout.trimEnd().split('\n')).toEqual([
    'attach():',
    '  /app/A/main.dart.js; 1 from the site',
    '  /app/B/main.dart.js; 2 from the site',
    '  /app/A/main.dart.js; 2 from the site',
    '  /app/B/main.dart.js; 2 from the site',
    '  /app/A/main.dart.js; 2 from the site',
    '  /app/B/main.dart.js; 2 from the site',
    'A handler of your own:',
    '  /app/A/main.dart.js; x-original: yes; 2 from the site',
  ]);
});

describeWithChromium('attach', (chromium) => {
  test('answers matching GETs, keeps wasm and CORS intact, and passes everything else on', async () => {
    await using assets = await startStubServer((request, response) => {
      response.setHeader('access-control-allow-origin', '*');
      if (request.url === '/v1/gone.js') response.writeHead(404).end('gone');
      else response.setHeader('content-type', 'application/wasm').end(WASM);
    });
    await using site = await startStubServer('<title>page</title>');
    const { cache } = await makeCache();
    const { page } = await chromium.open(`http://127.0.0.1:${site.port}/`);
    const detach = await cache.attach(page.context(), { match: `http://127.0.0.1:${assets.port}/v1/*` });
    const base = `http://127.0.0.1:${assets.port}`;
    const load = (path: string, init: { method?: string; headers?: Record<string, string> } = {}) =>
      page.evaluate(
        async ([url, options]) => {
          const response = await fetch(url, options);
          const bytes = [...new Uint8Array(await response.arrayBuffer())];
          return { status: response.status, type: response.headers.get('content-type'), bytes };
        },
        [base + path, init] as const,
      );
    for (let count = 0; count < 3; count += 1) {
      expect(await load('/v1/a.wasm')).toEqual({ status: 200, type: 'application/wasm', bytes: [...WASM] });
    }
    const compile = `WebAssembly.compileStreaming(fetch('${base}/v1/a.wasm')).then(() => true)`;
    expect(await page.evaluate(compile)).toBe(true);
    expect(assets.requests).toEqual(['GET /v1/a.wasm']);
    for (let count = 0; count < 2; count += 1) expect((await load('/v1/gone.js')).status).toBe(404);
    await load('/v1/a.wasm', { method: 'POST' });
    await load('/v1/a.wasm', { headers: { range: 'bytes=0-3' } });
    await load('/v2/a.wasm');
    await detach();
    await load('/v1/a.wasm');
    expect(assets.requests.slice(1).filter((one) => !one.startsWith('OPTIONS'))).toEqual([
      'GET /v1/gone.js',
      'GET /v1/gone.js',
      'POST /v1/a.wasm',
      'GET /v1/a.wasm',
      'GET /v2/a.wasm',
      'GET /v1/a.wasm',
    ]);
  });

  test('leaves a failure of the origin to the browser', async () => {
    await using site = await startStubServer((request, response) => {
      if (request.url === '/') response.end('<title>page</title>');
      else request.socket.resetAndDestroy();
    });
    const { cache } = await makeCache();
    const { page } = await chromium.open(`http://127.0.0.1:${site.port}/`);
    await cache.attach(page.context());
    const failure = await page.evaluate(() => fetch('/A/main.dart.js').then(() => 'none', String));
    expect(failure).toContain('Failed to fetch');
    expect(await cache.status()).toEqual([]);
  });
});
