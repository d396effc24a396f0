import { expect, test, vi } from 'vitest';
import { assertDocumented } from '../../../../support/http/openapi.ts';
import { startApp, startFakeApp } from '../../../../support/service/app.ts';
import { openSession } from '../../../../support/service/emulated-engine.ts';
import { waitUntil } from '../../../../support/wait-until.ts';

vi.setConfig({ testTimeout: 30_000 });
const WAIT_MS = 15_000;

interface WireEngine {
  container_id: string;
  container_name: string;
  host: string;
  port: number;
  labels: Record<string, string>;
}

test('a local engine runs again on its port, with its labels; its streams end, and no other engine takes its place', async () => {
  await using app = await startApp({ settings: { MIN_REPLICAS: '1', MAX_REPLICAS: '2' } });
  const list = async () => (await app.get('/engines')).body as WireEngine[];
  const [engine] = await waitUntil('an engine', async () => (await list()).length === 1 && list(), WAIT_MS);
  await app.delete(`/engines/${engine!.container_id}`);
  const { body: provisioned } = await app.post('/provision/acestream', { labels: { team: 'a' } });
  const labelled = async () => (await list()).find(({ labels }) => labels.team === 'a');
  const before = (await waitUntil('the engine with a label', labelled, WAIT_MS))!;
  await waitUntil(
    'the engine responds',
    async () => (await openSession(before.host, before.port, 'a'.repeat(40)).catch(() => null)) !== null,
    WAIT_MS,
  );
  const count = (await list()).length;

  const reply = await app.post(`/engines/${provisioned.container_id}/restart`);
  assertDocumented('POST', '/engines/{id}/restart', reply);
  expect(reply.statusCode).toBe(200);
  expect(reply.body.restarted).toBe(before.container_id);
  const after = (await waitUntil('the engine again', labelled, WAIT_MS))!;
  expect(after).toMatchObject({ container_id: reply.body.container_id, port: before.port });
  expect(await list()).toHaveLength(count);
  const { body: events } = await app.get('/events?category=restarted');
  expect(events).toMatchObject([{ message: `Engine ${before.container_name} is being restarted` }]);
});

test('a restart needs the key and an engine', async () => {
  await using app = await startFakeApp();
  const unauthorized = await app.request('POST', '/engines/x/restart');
  expect(unauthorized.statusCode).toBe(401);
  const missing = await app.post('/engines/x/restart');
  assertDocumented('POST', '/engines/{id}/restart', missing);
  expect(missing.body).toMatchObject({ status: 404, code: 'engine_not_found' });
});

test('a restart that fails is reported', async () => {
  await using app = await startFakeApp();
  const { id } = app.runtime.start();
  app.runtime.fail('restart', new Error('no space left on device'));
  await waitUntil('the engine', async () => (await app.get(`/engines/${id}`)).statusCode === 200, WAIT_MS);
  expect((await app.post(`/engines/${id}/restart`)).statusCode).toBe(500);
});
