import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { RoundhouseError } from '../../../../src/service/errors.ts';
import { settle } from '../../../support/fake-clock.ts';
import { assertDocumented } from '../../../support/http/openapi.ts';
import { startApp, startFakeApp, type TestApp } from '../../../support/service/app.ts';
import { startEmulatedEngine } from '../../../support/service/emulated-engine.ts';
import { FakeRuntime } from '../../../support/service/fake-runtime.ts';
import { FakeVpn } from '../../../support/service/fake-vpn.ts';
import { waitUntil } from '../../../support/wait-until.ts';

// Starts processes, which takes long on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

const PATH = '/provision/acestream';

/** Provisions an engine, and checks the reply against the OpenAPI document. */
async function provision(app: TestApp, body?: object) {
  const reply = await app.post(PATH, body);
  assertDocumented('POST', PATH, reply);
  return { status: reply.statusCode, headers: reply.headers, ...reply.body };
}

describe('with real engines', () => {
  test('a variable that changes what code an engine runs is refused, and is no failure of the breaker', async () => {
    await using app = await startApp({ settings: { CIRCUIT_BREAKER_FAILURE_THRESHOLD: '1' } });
    for (const name of ['NODE_OPTIONS', 'LD_PRELOAD', 'PATH']) {
      const reply = await provision(app, { env: { [name]: '/tmp/x' } });
      expect([reply.status, reply.code]).toEqual([400, 'reserved_variable']);
      expect(reply.detail).toContain(name);
    }
    expect((await provision(app, { env: { WISHED: 'for' } })).status).toBe(200);
  });

  test('30 concurrent requests start MAX_REPLICAS engines on separate ports', async () => {
    await using app = await startApp({ settings: { MAX_REPLICAS: '4' } });
    const answers = await Promise.all(Array.from({ length: 30 }, () => provision(app)));
    const started = answers.filter(({ status }) => status === 200);
    const refused = answers.filter(({ status }) => status === 503);
    expect([started.length, refused.length]).toEqual([4, 26]);
    for (const { code, detail } of refused) {
      expect([code, detail.code]).toEqual(['provisioning_blocked', 'max_capacity']);
    }
    const ports = started.flatMap(({ host_http_port, container_https_port }) => [
      host_http_port,
      container_https_port,
    ]);
    expect(new Set(ports).size).toBe(8);
    expect((await app.get('/engines')).body).toHaveLength(4);
  });

  test('a requested port is assigned once, and refused if another program uses it', async () => {
    await using app = await startApp();
    const { first, last } = app.config.portRange;
    expect((await provision(app, { host_port: first + 7 })).host_http_port).toBe(first + 7);
    expect(await provision(app, { host_port: first + 7 })).toMatchObject({ status: 409, code: 'port_taken' });
    const stranger = createServer().listen(last, '127.0.0.1');
    await once(stranger, 'listening');
    expect(await provision(app, { host_port: last })).toMatchObject({ status: 409, code: 'port_taken' });
    stranger.close();
    await once(stranger, 'close');
    expect((await provision(app, { host_port: last })).host_http_port).toBe(last);
    expect((await app.get('/engines')).body).toHaveLength(2);
  });
});

describe('a bad request starts nothing', () => {
  const NUL = String.fromCharCode(0);
  let app: TestApp<FakeRuntime>;
  beforeAll(async () => {
    app = await startFakeApp();
  });
  afterAll(() => app[Symbol.asyncDispose]());

  test.each([
    ['a port below the range', { host_port: 199 }, 'port_out_of_range'],
    ['a port above the range', { host_port: 300 }, 'port_out_of_range'],
    ['port 0', { host_port: 0 }, 'invalid_request'],
    ['port 65536', { host_port: 65_536 }, 'invalid_request'],
    ['a port that is a string', { host_port: '200' }, 'invalid_request'],
    ['a fractional port', { host_port: 200.5 }, 'invalid_request'],
    ['the label that identifies engines', { labels: { 'ondemand.app': 'other' } }, 'reserved_label'],
    ['a label of Roundhouse', { labels: { 'roundhouse.host-http-port': '1' } }, 'reserved_label'],
    ['a label with spaces', { labels: { 'a b': 'c' } }, 'invalid_request'],
    ['a label without a name', { labels: { '': 'c' } }, 'invalid_request'],
    ['a label like a path', { labels: { '../a': 'c' } }, 'invalid_request'],
    ['a label that is too long', { labels: { ['a'.repeat(129)]: 'c' } }, 'invalid_request'],
    ['a label that is a number', { labels: { a: 1 } }, 'invalid_request'],
    ['a label with a line feed', { labels: { a: 'b\nc' } }, 'invalid_request'],
    ['a label value that is too long', { labels: { a: 'x'.repeat(1025) } }, 'invalid_request'],
    [
      'too many labels',
      { labels: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`a${i}`, 'x'])) },
      'invalid_request',
    ],
    ['labels that are an array', { labels: ['a'] }, 'invalid_request'],
    ['a variable with a NUL', { env: { A: `b${NUL}` } }, 'invalid_request'],
    ['a variable with a line feed', { env: { A: 'b\n--flag' } }, 'invalid_request'],
    ['a variable with a control character above ASCII', { env: { A: '\u0085' } }, 'invalid_request'],
    ['a variable with an invalid name', { env: { 'A=B': 'c' } }, 'invalid_request'],
    ['a variable whose name is a number', { env: { 1: 'c' } }, 'invalid_request'],
    ['a variable that is a number', { env: { A: 1 } }, 'invalid_request'],
    ['a variable that is too long', { env: { A: 'x'.repeat(4097) } }, 'invalid_request'],
    ['an array', [], 'invalid_request'],
  ])('%s', async (_, body, code) => {
    const answer = await provision(app, body);
    expect(answer).toMatchObject({ status: 400, code });
    expect(app.runtime.calls.create).toBe(0);
  });
});

test.each([
  ['the documented example', { image: 'acestream:x', labels: { a: 'b' }, env: { C: 'd' }, host_port: null }],
  ['null for everything', { image: null, labels: null, env: null, host_port: null }],
  ['fields of a newer client', { labels: {}, network: { name: 'x' }, replicas: 2 }],
])('an engine is started with %s', async (_, body) => {
  await using app = await startFakeApp();
  expect((await provision(app, body)).status).toBe(200);
  expect(app.runtime.specs).toMatchObject([
    { labels: body.labels ?? {}, env: (body as { env?: object }).env ?? {} },
  ]);
});

test('the name in CONTAINER_LABEL is reserved', async () => {
  await using app = await startFakeApp({ settings: { CONTAINER_LABEL: 'my.label=1' } });
  expect((await provision(app, { labels: { 'my.label': '1' } })).code).toBe('reserved_label');
  expect((await provision(app, { labels: { 'ondemand.app': 'x' } })).status).toBe(200);
});

test('an invalid request is refused as invalid even at capacity', async () => {
  await using app = await startFakeApp({ settings: { MAX_REPLICAS: '1' } });
  await provision(app);
  expect((await provision(app, { host_port: 1 })).code).toBe('port_out_of_range');
});

describe('a refused provisioning has a structured reason', () => {
  test('at capacity', async () => {
    await using app = await startFakeApp({ settings: { MAX_REPLICAS: '1' } });
    await provision(app);
    const answer = await provision(app);
    expect(answer).toMatchObject({
      status: 503,
      code: 'provisioning_blocked',
      detail: {
        error: 'provisioning_blocked',
        code: 'max_capacity',
        message: expect.stringContaining('MAX_REPLICAS'),
        recovery_eta_seconds: 10,
        can_retry: true,
        should_wait: true,
      },
    });
    expect(answer.headers['retry-after']).toBe('10');
    const { provisioning } = (await app.get('/orchestrator/status')).body;
    const { error: _, ...details } = answer.detail;
    expect(provisioning).toMatchObject({
      can_provision: false,
      blocked_reason: details.message,
      blocked_reason_details: details,
    });
  });

  test('at capacity where idle engines are removed: as long as that takes', async () => {
    const settings = { MAX_REPLICAS: '1', AUTO_DELETE: 'true', ENGINE_GRACE_PERIOD_S: '42' };
    await using app = await startFakeApp({ settings });
    await provision(app);
    expect(await provision(app)).toMatchObject({
      headers: { 'retry-after': '42' },
      detail: { code: 'max_capacity', recovery_eta_seconds: 42, should_wait: true },
    });
  });

  test('while the VPN is down', async () => {
    const vpnContainers = new FakeVpn();
    vpnContainers.change({ running: false });
    const settings = { GLUETUN_CONTAINER_NAME: 'gluetun' };
    await using app = await startFakeApp({ vpnContainers, settings });
    expect(await provision(app)).toMatchObject({
      status: 503,
      headers: { 'retry-after': '60' },
      detail: { code: 'vpn_disconnected', recovery_eta_seconds: 60, can_retry: true, should_wait: true },
    });
    expect((await app.get('/vpn/status')).body).toMatchObject({ connected: false, status: 'stopped' });
    expect((await app.get('/orchestrator/status')).body.status).toBe('unavailable');
    vpnContainers.change({ running: true });
    await settle();
    expect((await app.get('/vpn/status')).body).toMatchObject({ connected: true, provider: 'testvpn' });
    expect((await provision(app)).status).toBe(200);
    expect((await app.get('/orchestrator/status')).body.status).toBe('healthy');
    vpnContainers.change({ health: 'unhealthy' });
    await settle();
    expect((await app.get('/orchestrator/status')).body.status).toBe('degraded');
  });

  test('polls, status and provisioning share one inspection of the VPN', async () => {
    const vpnContainers = new FakeVpn();
    await using app = await startFakeApp({
      vpnContainers,
      settings: { GLUETUN_CONTAINER_NAME: 'gluetun' },
    });
    const before = vpnContainers.inspections;
    await Promise.all([
      app.get('/vpn/status'),
      app.get('/orchestrator/status'),
      app.get('/vpn/publicip'),
      provision(app),
      provision(app),
    ]);
    expect(vpnContainers.inspections - before).toBe(1);
  });

  test.each([
    ['provisioning_failed', 10, true],
    ['runtime_unavailable', 5, true],
    ['image_missing', null, false],
  ] as const)('when the runtime says %s', async (code, recovery_eta_seconds, wait) => {
    await using app = await startFakeApp();
    app.runtime.fail('create', new RoundhouseError(code, 'told by the runtime'));
    expect(await provision(app)).toMatchObject({
      status: 503,
      code,
      detail: {
        error: 'provisioning_failed',
        code,
        message: 'told by the runtime',
        recovery_eta_seconds,
        can_retry: wait,
        should_wait: wait,
      },
    });
    expect((await app.get('/engines')).body).toEqual([]);
  });

  test('when no port is free', async () => {
    await using app = await startFakeApp(
      {
        settings: { MAX_REPLICAS: '2', PORT_RANGE_HOST: '200-201' },
      },
      new FakeRuntime({ mapsPorts: false }),
    );
    await provision(app);
    expect(await provision(app)).toMatchObject({
      status: 503,
      detail: { error: 'provisioning_failed', code: 'no_free_port', can_retry: false, should_wait: false },
    });
  });

  test('when the inspection of the VPN times out', async () => {
    const vpnContainers = new FakeVpn();
    await using app = await startFakeApp({
      vpnContainers,
      settings: { GLUETUN_CONTAINER_NAME: 'gluetun' },
    });
    const inspect = vi.fn(() => new Promise<never>(() => {}));
    vpnContainers.inspect = inspect;
    await app.post('/cache/clear');
    const answer = provision(app);
    await waitUntil('the VPN is inspected', () => inspect.mock.calls.length === 1, 10_000);
    await app.clock.advanceAsync(10_000);
    expect(await answer).toMatchObject({
      status: 503,
      code: 'timeout',
      detail: { error: 'provisioning_failed', code: 'timeout', can_retry: true, should_wait: true },
    });
  });
});

test('the breaker opens after failures, says for how long, and lets one probe through when half open', async () => {
  await using engine = await startEmulatedEngine();
  await using app = await startFakeApp({
    settings: {
      CIRCUIT_BREAKER_FAILURE_THRESHOLD: '2',
      CIRCUIT_BREAKER_RECOVERY_TIMEOUT_S: '100',
      PORT_RANGE_HOST: `${engine.port}-${engine.port + 9}`,
    },
  });
  const { runtime, clock } = app;
  const state = async () => (await app.get('/orchestrator/status')).body.provisioning;
  runtime.fail('create', new RoundhouseError('provisioning_failed', 'no'));
  await provision(app);
  await provision(app);
  expect(await state()).toMatchObject({ circuit_breaker_state: 'open', can_provision: false });
  await clock.advanceAsync(40_500);
  expect((await provision(app)).detail).toMatchObject({
    error: 'provisioning_blocked',
    code: 'circuit_breaker',
    recovery_eta_seconds: 60,
    can_retry: false,
    should_wait: true,
  });
  expect(runtime.calls.create).toBe(2);

  await clock.advanceAsync(60_000);
  expect(await state()).toMatchObject({ circuit_breaker_state: 'half_open', can_provision: true });
  runtime.recover('create');
  runtime.hold('create');
  const probe = provision(app, { host_port: engine.port });
  await waitUntil('the probe is under way', () => runtime.waiting('create') === 1, 10_000);
  expect(await state()).toMatchObject({ circuit_breaker_state: 'half_open', can_provision: false });
  expect((await provision(app)).detail).toMatchObject({ code: 'circuit_breaker' });
  runtime.release('create');
  expect((await probe).status).toBe(200);
  const isClosed = async () => {
    await clock.advanceAsync(0);
    return (await state()).circuit_breaker_state === 'closed';
  };
  await waitUntil('the engine is healthy, which closes the breaker', isClosed, 10_000);
  expect(await state()).toMatchObject({ can_provision: true });
});

test('a body is optional', async () => {
  await using app = await startFakeApp();
  for (const body of [undefined, {}, { labels: {}, env: {} }])
    expect((await provision(app, body)).status).toBe(200);
});

describe('a deletion', () => {
  test('that fails returns 503 and keeps the engine', async () => {
    await using app = await startFakeApp();
    const { container_id } = await provision(app);
    app.runtime.fail('remove');
    const reply = await app.delete(`/engines/${container_id}`);
    expect([reply.statusCode, reply.body.code]).toEqual([503, 'runtime_unavailable']);
    assertDocumented('DELETE', '/engines/{id}', reply);
    expect((await app.get('/engines')).body).toHaveLength(1);
  });

  test('of a container that is not an engine does not reach the runtime', async () => {
    await using app = await startFakeApp();
    const stranger = app.runtime.startSilently();
    for (const id of [stranger.id, stranger.id.slice(0, 12), 'x', '%2e%2e']) {
      expect((await app.delete(`/containers/${id}`)).statusCode).toBe(404);
    }
    expect(app.runtime.calls.remove).toBe(0);
  });
});
