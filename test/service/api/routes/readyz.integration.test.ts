import { expect, test } from 'vitest';
import { settle } from '../../../support/fake-clock.ts';
import { assertDocumented } from '../../../support/http/openapi.ts';
import { startFakeApp } from '../../../support/service/app.ts';

test('the service is alive but not ready until the runtime has listed its engines', async () => {
  await using app = await startFakeApp({ start: false });
  app.runtime.hold('list');
  app.app.start();
  await settle();
  expect((await app.get('/livez')).statusCode).toBe(200);
  for (const path of ['/readyz', '/engines', '/engines/stats/total', '/orchestrator/status']) {
    const reply = await app.get(path);
    expect([path, reply.statusCode, reply.body.code]).toEqual([path, 503, 'runtime_unavailable']);
    assertDocumented('GET', path, reply);
  }
  expect((await app.get('/engines/x')).body.code).toBe('runtime_unavailable');
  expect((await app.post('/provision/acestream')).body).toMatchObject({
    code: 'runtime_unavailable',
    detail: { error: 'provisioning_failed', code: 'runtime_unavailable', can_retry: true, should_wait: true },
  });
  expect((await app.delete('/engines/x')).body.code).toBe('runtime_unavailable');
  app.runtime.release('list');
  await settle();
  expect((await app.get('/readyz')).statusCode).toBe(200);
  expect((await app.get('/engines')).body).toEqual([]);
});

test('the service is not ready before its start', async () => {
  await using app = await startFakeApp({ start: false });
  expect((await app.get('/livez')).statusCode).toBe(200);
  expect((await app.get('/readyz')).statusCode).toBe(503);
  expect(app.runtime.calls.list).toBe(0);
});

test('the health follows the availability of the runtime', async () => {
  await using app = await startFakeApp();
  app.runtime.start();
  await settle();
  expect((await app.get('/health')).body).toMatchObject({ status: 'healthy', engines: 1 });
  app.runtime.disconnect();
  const away = await app.get('/health');
  expect(away.statusCode).toBe(503);
  expect(away.body).toMatchObject({ status: 'unavailable', runtime: { available: false } });
  assertDocumented('GET', '/health', away);
  expect((await app.get('/readyz')).statusCode).toBe(503);
  app.runtime.connect();
  await settle();
  expect((await app.get('/health')).statusCode).toBe(200);
});
