import { describe, expect, test } from 'vitest';
import { RoundhouseError } from '../../../src/service/errors.ts';
import { settle } from '../../support/fake-clock.ts';
import { assertDocumented } from '../../support/http/openapi.ts';
import { startFakeApp, type TestApp } from '../../support/service/app.ts';
import type { FakeRuntime } from '../../support/service/fake-runtime.ts';

async function scale(app: TestApp, demand: number | string) {
  const reply = await app.post(`/scale/${demand}`);
  assertDocumented('POST', '/scale/{demand}', reply);
  await settle();
  return reply.body;
}

describe('POST /scale', () => {
  const LIMITS = { MIN_REPLICAS: '1', MAX_REPLICAS: '3' };

  test('sets the number of engines within the limits, and returns it', async () => {
    await using app = await startFakeApp({ settings: LIMITS });
    for (const [demand, number] of [
      [2, 2],
      [2, 2],
      [999_999_999, 3],
      [3, 3],
      [0, 1],
      [-5, 1],
    ] as const) {
      expect([demand, await scale(app, demand)]).toEqual([demand, { scaled_to: number }]);
      expect([demand, app.runtime.engines.size]).toEqual([demand, number]);
    }
  });

  test('does not remove engines with streams', async () => {
    await using app = await startFakeApp({ settings: LIMITS });
    await scale(app, 2);
    for (const id of app.runtime.engines.keys()) {
      await app.post('/events/stream_started', {
        container_id: id,
        engine: { host: 'x', port: 1 },
        stream: { key_type: 'url', key: id },
        session: { playback_session_id: 's', stat_url: 'u', command_url: 'u', is_live: 0 },
      });
    }
    expect(await scale(app, 1)).toEqual({ scaled_to: 1 });
    expect(app.runtime.engines.size).toBe(2);
  });

  test.each(['x', '1.5', '1e3', '0x2', '+1', '%20', '1234567890', '--1'])('refuses %s', async (demand) => {
    await using app = await startFakeApp({ settings: LIMITS });
    const before = app.runtime.engines.size;
    expect((await scale(app, demand)).code).toBe('invalid_request');
    expect(app.runtime.engines.size).toBe(before);
  });
});

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
