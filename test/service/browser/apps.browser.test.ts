import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { startApp, type TestApp, WITH_KEY } from '../../support/service/app.ts';

const provided = inject('chromium');

describe.skipIf('missing' in provided)('an app in Chromium', () => {
  let app: TestApp;
  let origin: Server;
  let originUrl: string;
  const requests: string[] = [];

  beforeAll(async () => {
    origin = createServer((request, response) => {
      requests.push(request.url!);
      if (request.url === '/lib.js') {
        response.writeHead(200, { 'content-type': 'text/javascript' }).end('globalThis.lib = 42;');
        return;
      }
      response
        .writeHead(200, { 'content-type': 'text/html' })
        .end('<title>a page</title><script src="/lib.js"></script>');
    });
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
    const { port } = origin.address() as AddressInfo;
    originUrl = `http://127.0.0.1:${port}`;
    app = await startApp({
      settings: {
        CHROMIUM_PATH: (provided as { path: string }).path,
        BROWSER_ALLOW_HOSTS: `127.0.0.1:${port}`,
      },
    });
  });

  afterAll(async () => {
    await app?.[Symbol.asyncDispose]();
    origin?.close();
  });

  const get = (path: string) => app.get(path, WITH_KEY);

  test('is installed, started, listed, stopped and uninstalled', async () => {
    const manifest = {
      type: 'web-app',
      name: 'A Page',
      url: `${originUrl}/`,
      cache_routes: [`${originUrl}/`, '*.js'],
    };
    const installed = await app.post('/apps', { workspace: 'w', manifest });
    expect(installed.status).toBe(201);
    expect(installed.body).toMatchObject({ workspace: 'w', app_id: 'a-page', manifest });
    const started = await app.post('/apps/w/a-page/sessions');
    expect(started.body).toMatchObject({ status: 'running', app_id: 'a-page' });
    expect(started.status).toBe(201);
    const { id } = started.body;
    expect((await get('/browser/sessions')).body).toMatchObject([{ id, status: 'running', requests: 2 }]);
    const executed = await app.post(`/browser/sessions/${id}/execute`, { script: 'document.title + lib' });
    expect(executed.body).toEqual({ result: 'a page42' });
    expect((await app.delete(`/browser/sessions/${id}`)).body).toMatchObject({ status: 'stopped' });
    const second = await app.post('/apps/w/a-page/sessions', { mode: 'offline' });
    expect(second.body).toMatchObject({ status: 'running', hits: 2, bytes_from_upstream: 0 });
    expect(requests.filter((url) => url === '/lib.js')).toHaveLength(1);
    expect((await app.delete('/apps/w/a-page')).body).toEqual({ deleted_entries: 2, stopped_sessions: 1 });
    expect((await get('/apps')).body).toEqual([]);
  });

  test('runs its own code at an origin of its own', async () => {
    const source = '<script>console.log("hello", isSecureContext, location.hostname)</script>';
    await app.post('/apps', { workspace: 'w', manifest: { type: 'window', name: 'own' }, source });
    const started = await app.post('/apps/w/own/sessions');
    expect(started.body).toMatchObject({ status: 'running' });
    const log = await get(`/browser/sessions/${started.body.id}/logs`);
    expect(log.text).toMatch(/\[log\] hello true [0-9a-f]{32}\.localhost\n/);
  });
});
