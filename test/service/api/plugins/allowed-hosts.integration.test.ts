import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFakeApp, type TestApp, WITH_KEY } from '../../../support/service/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startFakeApp({ settings: { ALLOWED_HOSTS: 'Panel.example.com, *.trusted.example' } });
});
afterAll(() => app[Symbol.asyncDispose]());

const status = async (host: string, path = '/engines') => (await app.get(path, { host })).status;

test.each([
  '127.0.0.1',
  '127.0.0.1:8000',
  '192.168.1.5:8000',
  '8.8.8.8',
  '[::1]',
  '[::1]:8000',
  '[fe80::1]:8000',
  'localhost',
  'LOCALHOST:8000',
  'localhost.',
  'roundhouse',
  'round_house:8000',
  'nas.local',
  'nas.home.lan:8000',
  'nas.internal',
  'nas.home.arpa',
  'panel.example.com',
  'PANEL.example.com:443',
  'a.trusted.example',
  'a.b.trusted.example:8000',
])('the host %s is served', async (host) => {
  expect(await status(host)).toBe(200);
});

test.each([
  'rebind.example',
  'rebind.example:8000',
  'example.com',
  'a.panel.example.com',
  'trusted.example',
  'nottrusted.example',
  'evil.com.',
  'local.evil.com',
  'nas.local.evil.com',
  'evillocal.com',
  'localhost.evil.com',
  '127.0.0.1.evil.com',
  '127.0.0.1:8000.evil.com',
  '1.2.3',
  '127.1',
  '0x7f.1',
  '[::1].evil.com',
  '[evil.com]',
  'evil.com#.local',
  'user@nas.local',
  'a b.local',
  'nas.local/evil.com',
])('the host %s is refused', async (host) => {
  const reply = await app.get('/engines', { host });
  expect([reply.status, reply.body.code]).toEqual([421, 'host_not_allowed']);
  expect(reply.body.detail).toContain('ALLOWED_HOSTS');
  expect(reply.headers['x-content-type-options']).toBe('nosniff');
});

describe('a refused host', () => {
  const evil = { host: 'rebind.example' };

  test.each(['/livez', '/health', '/metrics', '/panel/', '/docs', '/events/live', '/nothing', '/'])(
    'is refused at %s',
    async (path) => {
      expect((await app.get(path, evil)).status).toBe(421);
    },
  );

  test('is refused for a write, before the key is checked', async () => {
    const reply = await app.request('POST', '/cache/clear', { headers: { ...WITH_KEY, ...evil } });
    expect(reply.status).toBe(421);
  });

  test('is refused after an allowed one on the same connection', async () => {
    const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
    await once(socket, 'connect');
    const requests = ['localhost', 'rebind.example'].map(
      (host) => `GET /livez HTTP/1.1\r\nHost: ${host}\r\n`,
    );
    socket.end(`${requests[0]}\r\n${requests[1]}Connection: close\r\n\r\n`);
    expect((await text(socket)).match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 421']);
  });
});

test('a request without a Host, of HTTP/1.0, is served', async () => {
  const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
  await once(socket, 'connect');
  socket.end('GET /livez HTTP/1.0\r\n\r\n');
  expect(await text(socket)).toContain('200 OK');
});

test('ALLOWED_HOSTS=* serves any host', async () => {
  await using open = await startFakeApp({ settings: { ALLOWED_HOSTS: '*' } });
  expect((await open.get('/engines', { host: 'any.example' })).status).toBe(200);
});
