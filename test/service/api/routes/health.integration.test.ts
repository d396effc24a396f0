import { describe, expect, test } from 'vitest';
import { RoundhouseError } from '../../../../src/service/errors.ts';
import { settle } from '../../../support/fake-clock.ts';
import { assertDocumented } from '../../../support/http/openapi.ts';
import { startFakeApp, type TestApp } from '../../../support/service/app.ts';
import type { FakeRuntime } from '../../../support/service/fake-runtime.ts';

describe('the circuit breaker', () => {
  async function opened() {
    const app = await startFakeApp({ settings: { CIRCUIT_BREAKER_FAILURE_THRESHOLD: '1' } });
    app.runtime.fail('create', new RoundhouseError('provisioning_failed', 'no'));
    await app.post('/provision/acestream');
    app.runtime.recover('create');
    return app;
  }
  const breakers = async (app: TestApp<FakeRuntime>) =>
    (await app.get('/health/status')).body.circuit_breakers;

  test('is listed separately from that of replacements', async () => {
    await using app = await opened();
    const { general, replacement } = await breakers(app);
    expect(general).toEqual({
      state: 'open',
      failure_count: 1,
      failure_threshold: 1,
      last_failure_time: expect.stringMatching(/^\d{4}-.*Z$/),
      last_success_time: null,
      last_failure_reason: 'no',
      opened_at: expect.any(String),
      recovery_timeout: 300,
    });
    expect(replacement).toMatchObject({ state: 'closed', failure_count: 0, last_failure_time: null });
  });

  test.each(['', '?operation_type=general'])('is closed by a reset with the query %j', async (query) => {
    await using app = await opened();
    expect((await app.post('/provision/acestream')).statusCode).toBe(503);
    const reply = await app.post(`/health/circuit-breaker/reset${query}`);
    assertDocumented('POST', '/health/circuit-breaker/reset', reply);
    expect(reply.statusCode).toBe(200);
    expect((await breakers(app)).general).toMatchObject({ state: 'closed', failure_count: 0 });
    expect((await app.get('/orchestrator/status')).body.provisioning.can_provision).toBe(true);
    expect((await app.post('/provision/acestream')).statusCode).toBe(200);
  });

  test('stays open after a reset of the other breaker or an invalid query', async () => {
    await using app = await opened();
    await app.post('/health/circuit-breaker/reset?operation_type=replacement');
    for (const query of [
      '?operation_type=all',
      '?operation=general',
      '?operation_type=general&operation_type=general',
    ])
      expect((await app.post(`/health/circuit-breaker/reset${query}`)).statusCode).toBe(400);
    expect((await breakers(app)).general.state).toBe('open');
  });
});

test('the health status counts the engines, and is 503 while the runtime is unavailable', async () => {
  await using app = await startFakeApp();
  app.runtime.start();
  await settle();
  expect((await app.get('/health/status')).body).toMatchObject({
    total_engines: 1,
    healthy_engines: 0,
    unhealthy_engines: 0,
    marked_for_replacement: 0,
    minimum_required: 0,
    health_check_interval: 20,
  });
  app.runtime.disconnect();
  const away = await app.get('/health/status');
  expect([away.statusCode, away.body.code]).toEqual([503, 'runtime_unavailable']);
});
