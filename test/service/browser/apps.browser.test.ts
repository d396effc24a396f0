import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OPENAPI } from '../../support/http/openapi.ts';
import { WITH_KEY } from '../../support/service/app.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { type AppClient, isMissing, type Origin, startOrigin, startService } from './support.ts';

/** A start takes 20 s on a machine that is very busy. */
const WAIT_MS = 60_000;

describe.skipIf(isMissing)('apps in Chromium', { timeout: 180_000 }, () => {
  let client: AppClient;
  let site: Origin;
  let api: Origin;

  beforeAll(async () => {
    site = await startOrigin(({ url }, response) => {
      if (url === '/missing') return response.writeHead(404).end();
      if (url?.endsWith('.js'))
        return response.writeHead(200, { 'content-type': 'text/javascript' }).end('globalThis.lib = 42;');
      response
        .writeHead(200, {
          'content-type': 'text/html',
          ...(url === '/seeded' && { 'set-cookie': 'from-server=x', 'cache-control': 'max-age=60' }),
        })
        .end(`<title>a page</title><link rel="icon" href="data:,"><script>
          globalThis.seen = [localStorage.theme, sessionStorage.tab, document.cookie];
        </script><script src="/lib.js"></script>`);
    });
    api = await startOrigin((_request, response) => {
      response
        .writeHead(200, { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' })
        .end('{}');
    });
    client = await startService([site, api]);
  });

  afterAll(async () => {
    await client?.app[Symbol.asyncDispose]();
    await site?.[Symbol.asyncDispose]();
    await api?.[Symbol.asyncDispose]();
  });

  test('an external page is installed, started, cached, stopped and uninstalled', async () => {
    const manifest = {
      type: 'web-app',
      name: 'A Page',
      url: `${site.url}/`,
      cache_routes: [`${site.url}/`, { match: '*.js', ttl_s: 60 }],
    };
    const installed = await client.call('POST', '/apps', { workspace: 'w', manifest });
    expect([installed.status, installed.body]).toEqual([
      201,
      {
        workspace: 'w',
        app_id: 'a-page',
        name: 'A Page',
        type: 'web-app',
        version: null,
        description: null,
        installed_at: expect.any(String),
        live_sessions: 0,
        hits: 0,
        misses: 0,
        bytes_saved: 0,
        warm_up: null,
        manifest,
      },
    ]);
    const again = await client.call('POST', '/apps', { workspace: 'w', manifest });
    expect([again.status, again.body.code]).toEqual([409, 'app_exists']);
    expect((await client.call('GET', '/apps/w/a-page')).body).toEqual(installed.body);
    expect((await client.call('GET', '/apps/w/a-page/cache/history')).body.hits.at(-1)).toBe(0);

    const first = await client.start('/apps/w/a-page');
    expect(await client.execute(first, 'document.title + lib')).toBe('a page42');
    expect((await client.call('GET', '/browser/sessions')).body).toMatchObject([
      { app_id: 'a-page', status: 'running', mode: 'record', reason: null },
    ]);
    expect((await client.call('GET', '/apps')).body).toMatchObject([{ app_id: 'a-page', live_sessions: 1 }]);
    const filled = await waitUntil(
      'both responses are stored',
      async () => {
        const { body } = await client.call('GET', '/apps/w/a-page/cache');
        return body.entry_count === 2 && body.misses === 2 && body;
      },
      WAIT_MS,
    );
    expect(filled).toMatchObject({ misses: 2, hits: 0, recording: true, starts: { cold: { count: 1 } } });
    expect(filled.oldest_entry).toBeLessThanOrEqual(filled.newest_entry);
    expect((await client.call('DELETE', first)).body).toMatchObject({ status: 'stopped' });
    expect((await client.call('GET', first)).body).toMatchObject({ status: 'stopped', requests: 2 });

    const second = await client.start('/apps/w/a-page', { mode: 'replay' });
    expect(await client.execute(second, 'lib')).toBe(42);
    await waitUntil(
      'both hits are counted',
      async () => (await client.call('GET', `${second}/traffic`)).body.hits === 2,
      WAIT_MS,
    );
    const traffic = (await client.call('GET', `${second}/traffic`)).body;
    expect((await client.call('GET', '/apps')).body).toMatchObject([
      { hits: 2, misses: 2, bytes_saved: traffic.bytes_saved },
    ]);
    expect(traffic).toMatchObject({ requests: 2, misses: 0, bytes_from_upstream: 0 });
    expect(traffic.bytes_saved).toBe(traffic.bytes_to_browser);
    expect(site.requests.map(({ url }) => url)).toEqual(['/', '/lib.js']);
    expect((await client.call('DELETE', '/apps/w/a-page')).body).toEqual({
      deleted_entries: 2,
      stopped_sessions: 1,
      pending_orchestrators: 0,
    });
    for (const path of ['/apps/w/a-page', '/apps/w/a-page/cache', second])
      expect((await client.call('GET', path)).status).toBe(404);
    expect((await client.call('GET', '/apps')).body).toEqual([]);
  });

  test('cookies, storage and token are seeded at their origins, and are nowhere else', async () => {
    const path = await client.install({
      type: 'web-app',
      name: 'seeded',
      url: `${site.url}/seeded`,
      cache_routes: ['*'],
      cookies: { session: 'cookie-secret' },
      localStorage: { theme: 'storage-secret' },
      session_storage: { tab: 'tab-secret' },
      authorization_token: 'token-secret',
      startup_script: 'globalThis.script = await Promise.resolve("ran"); console.log("my token-secret")',
    });
    const session = await client.start(path);
    expect(await client.execute(session, 'seen')).toEqual([
      'storage-secret',
      'tab-secret',
      'session=cookie-secret; from-server=x',
    ]);
    // A blank page from which the app was opened would be in the history.
    expect(await client.execute(session, 'history.length')).toBe(1);
    expect(await client.execute(session, 'script')).toBe('ran');
    // Not written again: what the app has changed stays.
    await client.execute(session, 'localStorage.theme = "mine"; sessionStorage.clear(); location.reload()');
    const seen = () => client.execute(session, 'globalThis.seen?.slice(0, 2)');
    await waitUntil(
      'the page is loaded again',
      async () => JSON.stringify(await seen()) === '["mine",null]',
      WAIT_MS,
    );
    expect(
      await client.execute(session, `fetch('${api.url}/x', { mode: 'cors' }).then(({ status }) => status)`),
    ).toBe(200);
    const page = site.requests.find(({ url }) => url === '/seeded')!;
    expect([page.headers.authorization, page.headers.cookie]).toEqual([
      'Bearer token-secret',
      'session=cookie-secret',
    ]);
    expect(api.requests.at(-1)!.headers.authorization).toBeUndefined();
    // A second session has the seeds again, and nothing of the first: the stored page sets no cookie.
    const second = await client.start(path);
    expect(await client.execute(second, 'seen')).toEqual([
      'storage-secret',
      'tab-secret',
      'session=cookie-secret',
    ]);

    expect((await client.call('GET', path)).text).not.toContain('-secret');
    const logs = (await client.call('GET', `${session}/logs?tail=10`)).text;
    expect(logs).toContain('[log] my ***');
    const stored = join(client.app.config.dataDir, 'browser-cache');
    for (const file of await readdir(stored, { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue;
      const bytes = await readFile(join(file.parentPath, file.name), 'latin1').catch(() => '');
      expect(bytes).not.toMatch(/cookie-secret|token-secret|from-server/);
    }
    await client.call('DELETE', path);
  });

  test('own code runs at an origin of its own, in a page, an iframe or a Worker', async () => {
    const log = 'console.log("own", isSecureContext, location.origin)';
    const code = { window: `<script>${log}</script>`, iframe: `<script>${log}</script>`, 'web-worker': log };
    const origins = new Set<string>();
    // One Chromium for all of them: it ends with the last session.
    const paths: string[] = [];
    for (const [type, source] of Object.entries(code)) {
      const path = await client.install({ type, name: type }, { source });
      paths.push(path);
      const session = await client.start(path);
      const text = await waitUntil(
        'the line is logged',
        async () => /own true (\S+)/.exec((await client.call('GET', `${session}/logs`)).text)?.[1],
        WAIT_MS,
      );
      expect(text).toMatch(/^https:\/\/[0-9a-f]{32}\.localhost$/);
      origins.add(text);
    }
    await Promise.all(paths.map((path) => client.call('DELETE', path)));
    expect(origins.size).toBe(3);
  });

  test('the cache can be listed, explained, warmed and cleared by pattern', async () => {
    const path = await client.install({
      type: 'web-app',
      name: 'cache',
      url: `${site.url}/`,
      cache_routes: ['!*/private*', `${site.url}/*`],
    });
    const urls = ['a.js', 'b.js', 'c'].map((name) => `${site.url}/${name}`);
    expect(
      (await client.call('POST', `${path}/cache/warm`, { urls: [...urls, `${site.url}/missing`] })).body,
    ).toEqual({
      requested: 4,
      failed: [`${site.url}/missing`],
    });
    const other = await client.call('POST', `${path}/cache/warm`, { urls: [`${site.url}/private`] });
    expect([other.status, other.body.code]).toEqual([400, 'invalid_request']);
    const listed = (await client.call('GET', `${path}/cache/entries`)).body;
    expect(listed.entries.map(({ url }: { url: string }) => url).sort()).toEqual(urls);
    const scripts = (await client.call('GET', `${path}/cache/entries?match=*.js&limit=10`)).body.entries;
    expect(scripts).toHaveLength(2);
    await client.call('POST', `${path}/cache/warm`, { urls: [urls[1]!] });
    const { t, hits } = (await client.call('GET', `${path}/cache/history?window_s=3600`)).body;
    expect(hits).toHaveLength(t.length);
    const used = (await client.call('GET', `${path}/cache/entries?sort=hits&limit=1`)).body;
    expect(used).toMatchObject({ entries: [{ url: urls[1], hits: 1 }], next_cursor: '1' });
    expect((await client.call('GET', `${path}/cache/entries?sort=hits&cursor=x`)).status).toBe(400);
    expect((await client.call('GET', `${path}/cache`)).body).toMatchObject({
      rules: [{ match: `${site.url}/*`, requests: 5, hits: 1, misses: 4 }],
      evictions: 0,
      store_errors: 0,
    });
    const explain = (url: string) =>
      client.call('GET', `${path}/cache/explain?url=${encodeURIComponent(url)}`);
    expect((await explain(`${site.url}/private`)).body).toEqual({
      rule: null,
      excluded: true,
      blocked: false,
      mode: 'record',
      latest: null,
    });
    const session = await client.start(path, { mode: 'offline' }).catch((error) => String(error));
    expect(session).toContain('status 504');
    expect((await client.call('GET', `${path}/cache/misses`)).body.urls).toContain(`${site.url}/`);
    const deleted = await client.call('DELETE', `${path}/cache?match=${encodeURIComponent('*.js')}`);
    expect(deleted.body).toEqual({ deleted_entries: 2, pending_orchestrators: 0 });
    expect((await client.call('GET', `${path}/cache`)).body).toMatchObject({
      entry_count: 1,
      recording: false,
    });
    await client.call('DELETE', path);
  });

  test('apps whose ids look alike share neither cache nor storage', async () => {
    const manifest = {
      type: 'web-app',
      name: 'x',
      url: `${site.url}/iso`,
      cache_routes: [`${site.url}/iso*`],
    };
    const keys = [
      ['a', 'b/c'],
      ['a/b', 'c'],
      ['a%2Fb', 'c'],
    ] as const;
    const paths = keys.map((key) => `/apps/${key.map(encodeURIComponent).join('/')}`);
    for (const [workspace, app_id] of keys)
      expect((await client.call('POST', '/apps', { workspace, app_id, manifest })).status).toBe(201);
    const before = site.requests.length;
    for (const path of paths) await client.call('POST', `${path}/cache/warm`, { urls: [`${site.url}/iso`] });
    expect(site.requests.length - before).toBe(3);
    expect((await client.call('DELETE', paths[0]!)).body.deleted_entries).toBe(1);
    for (const path of paths.slice(1)) {
      expect((await client.call('GET', `${path}/cache`)).body.entry_count).toBe(1);
      await client.call('DELETE', path);
    }
  });

  test('private hosts are refused unless BROWSER_ALLOW_HOSTS lists them, the service itself always', async () => {
    await using secret = await startOrigin((_request, response) => response.end('secret'));
    const path = await client.install({ type: 'window', name: 'spy' }, { source: '<title>spy</title>' });
    const session = await client.start(path);
    const urls = [
      secret.url,
      client.app.url,
      client.app.url.replace('127.0.0.1', 'localhost'),
      'http://169.254.169.254/latest/meta-data/',
      'http://10.0.0.1/',
    ];
    const statuses = await client.execute(
      session,
      `Promise.all(${JSON.stringify(urls)}.map((url) => fetch(url, { mode: 'no-cors' }).then((r) => r.type, () => 'failed')))`,
    );
    expect(statuses).toHaveLength(urls.length);
    expect(secret.requests).toEqual([]);
    for (const url of urls) {
      const { hostname, port } = new URL(url);
      const reason = () => client.execute(session, 'document.body?.innerText');
      await waitUntil(
        'the page was refused',
        async () => {
          await client.execute(session, `void location.assign(${JSON.stringify(url)})`);
          const text = String(await reason());
          return text.includes(`${hostname}:${port || 80}`) && text.includes('not permitted');
        },
        WAIT_MS,
      );
    }
    expect((await client.call('GET', `${session}/traffic`)).body.blocked).toBeGreaterThanOrEqual(urls.length);
    const file = await client.call('POST', `${session}/execute`, {
      script: 'location.assign("file:///etc/passwd"), new Promise((r) => setTimeout(r, 100))',
    });
    expect(file.text).not.toContain('root:');
    expect(await client.execute(session, 'location.protocol')).toBe('http:');
    await client.call('DELETE', path);
  });

  test('a session has screenshots, a mode, and scripts with limits', async () => {
    const path = await client.install(
      { type: 'window', name: 'tools', singleton: true, viewport: { width: 300, height: 200 } },
      { source: '<h1>tools</h1>' },
    );
    const session = await client.start(path);
    const same = await client.call('POST', `${path}/sessions`);
    expect([same.status, `/browser/sessions/${same.body.id}`]).toEqual([200, session]);
    const png = await client.call('GET', `${session}/screenshot`);
    expect(png.headers['content-type']).toBe('image/png');
    // Width and height of the header chunk.
    expect([png.body.readUInt32BE(16), png.body.readUInt32BE(20)]).toEqual([300, 200]);
    const jpeg = await client.call('GET', `${session}/screenshot?type=jpeg`);
    expect(jpeg.body.subarray(0, 3).toString('hex')).toBe('ffd8ff');
    expect((await client.call('PATCH', session, { mode: 'off' })).body.mode).toBe('off');
    const run = (script: string, timeout_s = 10) =>
      client.call('POST', `${session}/execute`, { script, timeout_s });
    expect((await run('({ a: [1, undefined], b: document })')).body.result).toMatchObject({ a: [1, null] });
    expect((await run('undefined')).body).toEqual({ result: null });
    for (const script of ['throw new Error("x")', 'syntax error', 'const a = {}; a.a = a', '"x".repeat(2e6)'])
      expect([script, (await run(script)).body.code]).toEqual([script, 'script_failed']);
    for (const script of ['for (;;);', 'new Promise(() => {})'])
      expect((await run(script, 0.2)).status).toBeGreaterThanOrEqual(400);
    expect((await run('1 + 1')).body.result).toBe(2);
    await client.call('DELETE', session);
    expect((await client.call('GET', `${session}/screenshot`)).status).toBe(200);
    expect((await run('1')).body.code).toBe('session_not_running');
    expect((await client.call('PATCH', session, { mode: 'off' })).status).toBe(409);
    expect((await client.call('DELETE', session)).status).toBe(200);
    expect((await client.call('GET', session)).status).toBe(404);
    await client.call('DELETE', path);
  });

  test('every documented operation was used, and needs the key', async () => {
    const documented = Object.entries(OPENAPI.paths).flatMap(([path, operations]) =>
      Object.entries(operations)
        .filter(([, { tags }]) => tags.includes('apps') && !path.startsWith('/profiles'))
        .map(([method]) => `${method.toUpperCase()} ${path}`),
    );
    expect([...client.used].sort()).toEqual(documented.sort());
    for (const name of documented) {
      const [method, path] = name.split(' ') as ['GET', string];
      const url = path.replaceAll(/\{\w+\}/g, 'x');
      expect([name, (await client.app.request(method, url, {})).status]).toEqual([name, 401]);
    }
    const { text } = await client.app.get('/metrics', WITH_KEY);
    expect(text).toMatch(/roundhouse_browser_cache_requests\{result="hit"\} \d/);
    expect(text).toContain('roundhouse_browser_apps 0');
  });
});
