import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { assertDocumented, OPENAPI } from '../../../support/http/openapi.ts';
import { startFakeApp, type TestApp, type TestRequest, WITH_KEY } from '../../../support/service/app.ts';

const WINDOW = { type: 'window', name: 'a' };
const JSON_TYPE = { ...WITH_KEY, 'content-type': 'application/json' };

let app: TestApp;
beforeAll(async () => {
  // Any program will do: nothing is started.
  app = (await startFakeApp({ settings: { CHROMIUM_PATH: process.execPath } })) as never;
});
afterAll(() => app[Symbol.asyncDispose]());
afterEach(async () => {
  for (const { workspace, app_id } of (await app.get('/apps', WITH_KEY)).body)
    await app.delete(`/apps/${encodeURIComponent(workspace)}/${encodeURIComponent(app_id)}`);
});

async function install(body: object) {
  const reply = await app.post('/apps', body);
  assertDocumented('POST', '/apps', reply);
  return reply;
}

const OPERATIONS = Object.entries(OPENAPI.paths).flatMap(([path, operations]) =>
  Object.entries(operations)
    .filter(([, { tags }]) => tags.includes('apps'))
    .map(([method, operation]) => ({ method: method.toUpperCase() as 'GET', path, operation })),
);

describe('every route of browser apps', () => {
  test('refuses unknown query parameters', async () => {
    for (const { method, path } of OPERATIONS) {
      const url = path.replaceAll(/\{\w+\}/g, 'x');
      const body = method === 'GET' ? {} : { body: {} };
      for (const name of ['nope', '__proto__', 'constructor', 'a[]']) {
        const reply = await app.request(method, `${url}?${encodeURIComponent(name)}=1`, {
          headers: WITH_KEY,
          ...body,
        });
        expect([method, url, name, reply.status, reply.body.code]).toEqual([
          ...[method, url, name],
          400,
          'invalid_request',
        ]);
      }
    }
  });

  test('refuses other methods with those that it allows, and answers HEAD as GET', async () => {
    for (const path of new Set(OPERATIONS.map((operation) => operation.path))) {
      const url = path.replaceAll(/\{\w+\}/g, 'x');
      const allowed = OPERATIONS.filter((operation) => operation.path === path).map(({ method }) => method);
      const reply = await app.request('PUT', url, { headers: WITH_KEY });
      expect([url, reply.status, reply.body.code]).toEqual([url, 405, 'method_not_allowed']);
      const listed = reply.headers.allow!.split(', ').filter((name) => name !== 'HEAD' && name !== 'OPTIONS');
      expect(listed.sort()).toEqual(allowed.sort());
      if (!allowed.includes('GET') || path.endsWith('/logs')) continue;
      const [head, get] = [
        await app.request('HEAD', url, { headers: WITH_KEY }),
        await app.request('GET', url, { headers: WITH_KEY }),
      ];
      expect([url, head.status, head.text ?? '']).toEqual([url, get.status, '']);
    }
  });

  test('refuses bodies that are no JSON, no object or too large', async () => {
    const writes = OPERATIONS.filter(({ operation }) => operation.requestBody !== undefined);
    expect(writes.length).toBeGreaterThan(5);
    const refusals: [TestRequest, number][] = [
      [{ headers: JSON_TYPE, body: '{' }, 400],
      [{ headers: JSON_TYPE, body: '{"__proto__":{"overwrite":true}}' }, 400],
      [{ headers: JSON_TYPE, body: '{"constructor":{"prototype":{"overwrite":true}}}' }, 400],
      [{ headers: JSON_TYPE, body: '[]' }, 400],
      [{ headers: JSON_TYPE, body: '"x"' }, 400],
      [{ headers: JSON_TYPE, body: '['.repeat(5000) }, 400],
      [{ headers: { ...WITH_KEY, 'content-type': 'text/plain' }, body: '{}' }, 415],
    ];
    for (const { method, path } of writes)
      for (const [request, status] of refusals) {
        const reply = await app.request(method, path.replaceAll(/\{\w+\}/g, 'x'), request);
        expect([method, path, request.body, reply.status]).toEqual([method, path, request.body, status]);
      }
    for (const [path, bytes] of [
      ['/apps', 33 * 2 ** 20],
      ['/browser/sessions/x/execute', 3 * 2 ** 20],
      ['/profiles/x/y/fork', 2 ** 20 + 1],
    ] as const) {
      const reply = await app.request('POST', path, { headers: JSON_TYPE, body: '"'.padEnd(bytes, 'x') });
      expect([path, reply.status]).toEqual([path, 413]);
    }
  });
});

describe('a hostile manifest', () => {
  const files = (...paths: string[]) => paths.map((path) => ({ path, content: '' }));

  test.each([
    [
      'files outside the app',
      { files: files('index.html', '../x', '/etc/passwd', 'a/../../b', 'a\\..\\b') },
      '../x',
    ],
    [
      'files with encoded paths',
      { files: files('index.html', 'a?b', 'a#b', 'a\0b', 'a/./b', 'a//b') },
      'a?b',
    ],
    ['a file twice', { files: files('index.html', 'a', 'a') }, 'is there twice'],
    ['a file of the host page', { files: files('index.html', '~roundhouse/worker.js') }, '~roundhouse'],
    [
      '10,000 files',
      { files: files('index.html', ...Array.from({ length: 9999 }, (_, i) => `${i}`)) },
      'files',
    ],
    [
      'content that is not base64',
      { files: [{ path: 'index.html', content: '"><script>', encoding: 'base64' }] },
      'base64',
    ],
    [
      'base64 that is cut off',
      { files: [{ path: 'index.html', content: 'abcde', encoding: 'base64' }] },
      'base64',
    ],
    ['a nested manifest', { source: '', manifest: { ...WINDOW, manifest: WINDOW } }, 'manifest'],
    [
      'a main file outside the app',
      { source: '', manifest: { ...WINDOW, entry_point: '../../x' } },
      'entry_point',
    ],
    [
      'a line break in a cookie',
      { source: '', manifest: { ...WINDOW, cookies: { a: 'b\r\nset-cookie: c=d' } } },
      'cookies',
    ],
    [
      'a line break in the token',
      { source: '', manifest: { ...WINDOW, authorization_token: 'a\r\nb' } },
      'authorization_token',
    ],
    [
      'a variable that is code',
      { source: '', manifest: { ...WINDOW, startup_config: { wait_for_service: 'a;b' } } },
      'wait_for_service',
    ],
    ['a profile with a path', { source: '', manifest: { ...WINDOW, profile: '../../x' } }, 'profile'],
    [
      'an endless timeout',
      { source: '', manifest: { ...WINDOW, startup_config: { timeout: 1e308 } } },
      'timeout',
    ],
    [
      'a huge page',
      { source: '', manifest: { ...WINDOW, viewport: { width: 1e9, height: 1e9 } } },
      'viewport',
    ],
    [
      'a pattern of exponential time',
      { source: '', manifest: { ...WINDOW, cache_routes: ['*a'.repeat(2000)] } },
      'cache_routes',
    ],
  ])('with %s is refused', async (_what, more, fault) => {
    const reply = await install({ workspace: 'w', manifest: WINDOW, ...more });
    expect([reply.status, reply.body.code]).toEqual([400, 'invalid_manifest']);
    expect(reply.body.detail).toContain(fault);
    expect(reply.body.detail.length).toBeLessThan(5000);
    expect((await app.get('/apps', WITH_KEY)).body).toEqual([]);
  });

  test('changes no prototype', async () => {
    const body = `{"workspace":"w","manifest":{"type":"window","name":"a","cookies":{"constructor":"x","toString":"y"},"localStorage":{"hasOwnProperty":"z"}},"source":""}`;
    const reply = await app.request('POST', '/apps', { headers: JSON_TYPE, body });
    expect(reply.status).toBe(201);
    expect(reply.body.manifest.cookies).toEqual({ constructor: '***', toString: '***' });
    expect(Object.getPrototypeOf({}).x).toBeUndefined();
    expect((await app.get('/apps/w/a', WITH_KEY)).status).toBe(200);
  });
});

describe('hostile ids', () => {
  const IDS = [
    'a/b',
    '%2f',
    '%2e%2e',
    '..%2f',
    '../x',
    '...',
    ':',
    'a:b',
    '*',
    '__proto__',
    'constructor',
    'a b',
    '?x=1',
    '#',
    '&',
    'а',
    'a',
    'ａ',
    'a\u200b',
    'é',
    'e\u0301',
    '\u202eb',
    '😀',
    'x'.repeat(128),
    '😀'.repeat(64),
    '"',
    "'",
    '<script>',
    '\\',
    'NUL',
    'con',
    '{workspace}',
    '{x}',
    '-',
    '~roundhouse',
  ];

  test('are different apps, each found under its own path only', async () => {
    for (const id of IDS) {
      const reply = await install({
        workspace: id,
        app_id: id,
        manifest: { ...WINDOW, name: 'n' },
        source: id,
      });
      expect([id, reply.status]).toEqual([id, 201]);
    }
    const listed = (await app.get('/apps', WITH_KEY)).body.map(
      ({ workspace }: { workspace: string }) => workspace,
    );
    expect(listed.sort()).toEqual([...IDS].sort());
    for (const id of IDS) {
      const path = `/apps/${encodeURIComponent(id)}/${encodeURIComponent(id)}`;
      const reply = await app.get(path, WITH_KEY);
      expect([id, reply.status, reply.body.workspace, reply.body.app_id]).toEqual([id, 200, id, id]);
      expect((await app.get(`${path}/cache`, WITH_KEY)).body.entry_count).toBe(0);
    }
    for (const id of IDS) {
      const path = `/apps/${encodeURIComponent(id)}/${encodeURIComponent(id)}`;
      expect([id, (await app.delete(path)).status]).toEqual([id, 200]);
    }
  });

  test.each(['', '.', '..', 'a\0b', 'a\nb', '\u007f', '\ud800', 'x'.repeat(129), '😀'.repeat(129)])(
    '%j is refused',
    async (id) => {
      const body = JSON.stringify({ workspace: id, manifest: WINDOW, source: '' });
      const reply = await app.request('POST', '/apps', { headers: JSON_TYPE, body });
      expect([reply.status, reply.body.code]).toEqual([400, 'invalid_manifest']);
      if (!id.isWellFormed() || id === '' || /^\.+$/.test(id)) return;
      const read = await app.get(`/apps/${encodeURIComponent(id)}/x`, WITH_KEY);
      expect([read.status, ['invalid_request', 'app_not_found', 'not_found']]).toEqual([
        read.status === 404 ? 404 : 400,
        expect.arrayContaining([read.body.code]),
      ]);
    },
  );
});
