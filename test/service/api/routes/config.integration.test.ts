import { describe, expect, test } from 'vitest';
import { startFakeApp, type TestApp, WITH_KEY } from '../../../support/service/app.ts';
import { waitUntil } from '../../../support/wait-until.ts';
import { startReceiver } from '../../notifications/support.ts';

const change = (app: TestApp, settings: object) =>
  app.request('PATCH', '/config', { headers: WITH_KEY, body: { settings } });

describe('/config', () => {
  test('needs the key', async () => {
    await using app = await startFakeApp();
    expect((await app.get('/config')).status).toBe(401);
    expect((await app.request('PATCH', '/config', { body: { settings: { MIN_REPLICAS: 1 } } })).status).toBe(
      401,
    );
    const { body } = await app.get('/config', WITH_KEY);
    expect(body.settings).toContainEqual(
      expect.objectContaining({ name: 'MIN_REPLICAS', value: '0', source: 'environment', changeable: true }),
    );
  });

  test('a changed limit takes effect at once, is in the status and in the events', async () => {
    await using app = await startFakeApp();
    const engines = () => app.runtime.engines.size;
    expect(engines()).toBe(0);
    const { status, body } = await change(app, { MIN_REPLICAS: 2 });
    expect([
      status,
      body.settings.find(({ name }: { name: string }) => name === 'MIN_REPLICAS').source,
    ]).toEqual([200, 'override']);
    await waitUntil('two engines', () => engines() === 2, 10_000);
    expect((await app.get('/orchestrator/status')).body.capacity.min_replicas).toBe(2);
    const events = (await app.get('/events?event_type=system')).body;
    expect(JSON.stringify(events)).toContain('Settings changed: MIN_REPLICAS');
  });

  test('a changed maximum applies to provisioning', async () => {
    await using app = await startFakeApp();
    await change(app, { MAX_REPLICAS: 1 });
    expect((await app.post('/provision/acestream', {})).status).toBe(200);
    expect((await app.post('/provision/acestream', {})).body.detail.code).toBe('max_capacity');
    await change(app, { MAX_REPLICAS: null });
    expect((await app.post('/provision/acestream', {})).status).toBe(200);
  });

  test('targets of notifications are changed without a restart', async () => {
    await using receiver = await startReceiver();
    await using app = await startFakeApp();
    await change(app, { NOTIFY_URLS: `json://${receiver.host}/hidden-part` });
    expect((await app.post('/notifications/test')).body.results[0].delivered).toBe(true);
    expect((await app.get('/config', WITH_KEY)).text).not.toContain('hidden-part');
  });

  test('errors say what is wrong', async () => {
    await using app = await startFakeApp();
    const invalid = await change(app, { MIN_REPLICAS: 'x' });
    expect([invalid.status, invalid.body.code]).toEqual([400, 'invalid_config']);
    expect(invalid.body.detail).toMatch(/^MIN_REPLICAS="x" must be a whole number/);
    expect((await change(app, {})).status).toBe(400);
    expect((await change(app, { MIN_REPLICAS: [1] })).status).toBe(400);
  });
});
