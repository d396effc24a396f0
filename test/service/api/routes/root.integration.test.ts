import { afterAll, beforeAll, expect, test } from 'vitest';
import { OPENAPI } from '../../../support/http/openapi.ts';
import { startFakeApp, type TestApp } from '../../../support/service/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startFakeApp();
});
afterAll(() => app[Symbol.asyncDispose]());

test('GET / links to the panel, the documentation and the health, each of which exists', async () => {
  const { status, headers, body } = await app.get('/', { accept: '*/*' });
  expect([status, headers.vary]).toEqual([200, 'Accept']);
  const { name, ...links } = body;
  expect(name).toBe('roundhouse');
  for (const path of Object.values(links)) expect((await app.get(`/${path}`)).status).not.toBe(404);
});

test('GET / sends browsers to the panel', async () => {
  const { status, headers } = await app.get('/', { accept: 'text/html,application/xhtml+xml' });
  expect([status, headers.location]).toEqual([302, 'panel/']);
});

test('GET /openapi.json is the OpenAPI document', async () => {
  const { status, headers, body } = await app.get('/openapi.json');
  expect([status, headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
  expect(Object.keys(body.paths)).toEqual(Object.keys(OPENAPI.paths));
});

test('the documentation has the name of Roundhouse, and its static files are cached', async () => {
  const { text } = await app.get('/docs');
  expect(text).toContain('<title>Roundhouse API</title>');
  for (const file of ['swagger-ui.css', 'swagger-ui-bundle.js']) {
    expect(text).toContain(`/${file}"`);
    const { status, headers } = await app.get(`/docs/static/${file}`);
    expect([status, headers['cache-control']]).toEqual([200, 'public, max-age=3600']);
  }
  expect((await app.get('/docs/static/nothing')).headers['cache-control']).not.toBe('public, max-age=3600');
});

test('GET /favicon.ico leads to the icon of the panel', async () => {
  const { status, headers } = await app.get('/favicon.ico');
  expect([status, headers.location]).toEqual([302, 'panel/icon.svg']);
});

test('AUTH_READS applies to the document, but not to the links and the icon', async () => {
  await using closed = await startFakeApp({ settings: { AUTH_READS: 'true' } });
  const paths = ['/', '/favicon.ico', '/openapi.json'];
  const statuses = await Promise.all(paths.map(async (path) => (await closed.get(path)).status));
  expect(statuses).toEqual([200, 302, 401]);
});
