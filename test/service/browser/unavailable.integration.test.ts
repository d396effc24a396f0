import { expect, test } from 'vitest';
import { startFakeApp, WITH_KEY } from '../../support/service/app.ts';

const MANIFEST = { type: 'web-app', name: 'a', url: 'https://a.example/' };

test('without Chromium, apps are answered with the command that installs it, and everything else works', async () => {
  await using app = await startFakeApp({ settings: { CHROMIUM_PATH: '/nonexistent/chromium' } });
  const replies = [
    await app.get('/apps', WITH_KEY),
    await app.get('/apps/w/a', WITH_KEY),
    await app.post('/apps', { workspace: 'w', manifest: MANIFEST }),
    await app.post('/apps/w/a/sessions'),
  ];
  for (const { status, body } of replies) {
    expect([status, body.code]).toEqual([503, 'browser_unavailable']);
    expect(body.detail).toContain('sudo apt-get install --yes chromium');
  }
  expect((await app.get('/apps')).status).toBe(401);
  expect((await app.get('/browser/sessions', WITH_KEY)).body).toEqual([]);
  expect((await app.get('/engines')).status).toBe(200);
});

test('BROWSER_EXECUTE=false removes the route that executes scripts', async () => {
  await using app = await startFakeApp({ settings: { BROWSER_EXECUTE: 'false' } });
  expect((await app.post('/browser/sessions/x/execute', { script: '1' })).body.code).toBe('not_found');
  await using other = await startFakeApp();
  expect((await other.post('/browser/sessions/x/execute', { script: '1' })).body.code).toBe(
    'session_not_found',
  );
});

test('a refused manifest is answered with all its faults', async () => {
  // Any program will do: nothing is started.
  await using app = await startFakeApp({ settings: { CHROMIUM_PATH: process.execPath } });
  const manifest = { type: 'web-app', name: '', source: 'x', colour: 'red' };
  const { status, body } = await app.post('/apps', { workspace: 'w', manifest });
  expect([status, body.code]).toEqual([400, 'invalid_manifest']);
  expect(body.detail).toBe(
    'manifest must not have additional properties: colour; manifest.name must not have fewer than 1 characters',
  );
  expect((await app.post('/apps', { workspace: 'w' })).body.code).toBe('invalid_manifest');
  expect((await app.request('POST', '/apps', { headers: WITH_KEY, body: '{' })).status).toBe(415);
});

test('reads of apps are conditional, and events invalidate them', async () => {
  await using app = await startFakeApp({ settings: { CHROMIUM_PATH: process.execPath } });
  const first = await app.get('/apps', WITH_KEY);
  expect([first.status, first.body]).toEqual([200, []]);
  const etag = first.headers.etag!;
  expect((await app.get('/apps', { ...WITH_KEY, 'if-none-match': etag })).status).toBe(304);
  await app.post('/apps', { workspace: 'w', manifest: MANIFEST });
  const second = await app.get('/apps', { ...WITH_KEY, 'if-none-match': etag });
  expect([second.status, second.body.length]).toEqual([200, 1]);
  const events = (await app.get('/events?event_type=app')).text;
  expect(events).toContain('App w/a was installed');
  expect(events).not.toContain('a.example');
});
