import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startFakeApp } from '../../../support/service/app.ts';
import { waitUntil } from '../../../support/wait-until.ts';
import { startReceiver } from '../../notifications/support.ts';

const SOON_MS = 10_000;

describe('/notifications', () => {
  test('a test reaches every target, and says which it does not reach', async () => {
    await using receiver = await startReceiver();
    const urls = `json://${receiver.host}/secret?level=error ntfy://127.0.0.1:1/secret`;
    await using app = await startFakeApp({ settings: { NOTIFY_URLS: urls } });
    expect((await app.request('POST', '/notifications/test')).status).toBe(401);
    const { status, body, text } = await app.post('/notifications/test');
    expect(status).toBe(200);
    expect(body.results).toEqual([
      { url: `json://${receiver.host}/…`, delivered: true, error: null },
      { url: 'ntfy://127.0.0.1:1/…', delivered: false, error: 'The request failed (ECONNREFUSED)' },
    ]);
    expect(receiver.received).toMatchObject([{ url: '/secret', body: { type: 'test', level: 'info' } }]);
    expect(text).not.toContain('secret');
  });

  test('the loss of an engine and its streams is reported, and targets are shown without secrets', async () => {
    await using receiver = await startReceiver();
    await using app = await startFakeApp({ settings: { NOTIFY_URLS: `json://${receiver.host}/secret` } });
    const { id, name, ports } = app.runtime.start();
    await waitUntil('the engine', async () => (await app.get('/engines')).body.length === 1, SOON_MS);
    const base = `http://127.0.0.1:${ports.hostHttp}`;
    const stream = {
      engine: { host: '127.0.0.1', port: ports.hostHttp },
      stream: { key_type: 'infohash', key: 'abc' },
      session: {
        playback_session_id: 's',
        stat_url: `${base}/s`,
        command_url: `${base}/c`,
        is_live: 1,
      },
    };
    expect((await app.post('/events/stream_started', stream)).status).toBe(200);
    app.runtime.stop(id, 137);
    await app.clock.advanceAsync(1000);
    await receiver.until(2);
    expect(receiver.received.map(({ body }) => [body.level, body.title, body.message])).toEqual([
      ['error', 'A stream has ended because its engine stopped', 'Stream: abc.'],
      [
        'warning',
        `Engine ${name} is no longer running`,
        'Cause: exit code 137, SIGKILL. A new engine is started if there are too few.',
      ],
    ]);
    await waitUntil(
      'both are sent',
      async () => (await app.get('/notifications')).body.targets[0].sent === 2,
      SOON_MS,
    );
    const { body, text } = await app.get('/notifications');
    expect(body).toMatchObject({
      quiet_s: 300,
      targets: [
        { url: `json://${receiver.host}/…`, kind: 'webhook', level: 'info', waiting: 0, error: null },
      ],
    });
    expect(text).not.toContain('secret');
  });

  test('what could not be sent is sent after a restart, and what was reported is not repeated', async () => {
    await using receiver = await startReceiver();
    receiver.status = 503;
    const DATA_DIR = await mkdtemp(join(tmpdir(), 'roundhouse-notifications-'));
    onTestFinished(() => rm(DATA_DIR, { recursive: true, force: true }));
    const settings = { NOTIFY_URLS: `json://${receiver.host}/secret`, DATA_DIR };
    const first = await startFakeApp({ settings });
    await first.clock.advanceAsync(30_000);
    first.runtime.fail('list');
    first.runtime.disconnect();
    await first.clock.advanceAsync(10_000);
    await receiver.until(1);
    await first.app.close();
    expect(await readFile(join(DATA_DIR, 'notifications.json'), 'utf8')).not.toContain('secret');

    receiver.status = 200;
    receiver.received.length = 0;
    const second = await startFakeApp({ settings });
    await receiver.until(1);
    await second.clock.advanceAsync(40_000);
    await receiver.until(2);
    await second.app.close();
    expect(receiver.received.map(({ body }) => [body.title, body.resolved])).toEqual([
      ['Docker is not responding', false],
      ['Docker responds again', true],
    ]);
  });
});
