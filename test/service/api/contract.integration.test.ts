import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { answersJson, assertDocumented, OPENAPI } from '../../support/http/openapi.ts';
import { KEY, startApp, type TestApp, WITH_KEY } from '../../support/service/app.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { DISABLED_STATUS } from '../vpn/fixtures.ts';

// Starts processes, which takes long on a busy machine.
vi.setConfig({ testTimeout: 30_000 });

/** What an AceStream proxy reports when a player starts. */
const STARTED = {
  stream: { key_type: 'infohash', key: '0'.repeat(40) },
  session: {
    playback_session_id: 'session-1',
    stat_url: 'http://127.0.0.1:1/stat',
    command_url: 'http://127.0.0.1:1/cmd',
    is_live: 1,
  },
};
const RFC_3339 = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const COUNT = expect.toSatisfy((value) => Number.isInteger(value) && (value as number) >= 0);

let app: TestApp;
let engineId: string;
let port: number;
const exercised = new Set<string>();

/** Sends a request and checks the reply against the OpenAPI document. */
/** Reads that need the key. */
const PRIVATE_READS = new Set(['/config']);

async function call(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, url = path, payload?: object) {
  const reply = await (method === 'GET'
    ? app.get(url, PRIVATE_READS.has(url) ? WITH_KEY : {})
    : method === 'POST'
      ? app.post(url, payload)
      : method === 'PATCH'
        ? app.request('PATCH', url, { headers: WITH_KEY, body: payload! })
        : app.delete(url));
  exercised.add(`${method} ${path}`);
  assertDocumented(method, path, reply);
  return { status: reply.statusCode, body: reply.body };
}

beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app[Symbol.asyncDispose]());

describe('an engine', () => {
  test('is provisioned with status 200 and its addresses', async () => {
    // The documented example of older clients: the image is that of ENGINE_VARIANT, whatever they send.
    const body = {
      image: 'acestream:x',
      labels: { 'team.name': 'sport' },
      env: { MODE: 'x' },
      host_port: null,
    };
    const { status, body: answer } = await call('POST', '/provision/acestream', '/provision/acestream', body);
    expect(status).toBe(200);
    const { first } = app.config.portRange;
    expect(answer).toEqual({
      container_id: expect.stringMatching(/^[0-9a-f]{64}$/),
      container_name: expect.stringMatching(/^roundhouse-engine-\d+-[0-9a-f]{6}$/),
      host_http_port: first,
      container_http_port: first,
      container_https_port: first + 1,
    });
    engineId = answer.container_id;
    port = answer.host_http_port;
  });

  test('is listed, and serves at the listed address', async () => {
    const engine = await waitUntil(
      'a healthy engine',
      async () => {
        const [listed] = (await call('GET', '/engines')).body;
        return listed.health_status === 'healthy' && listed;
      },
      10_000,
    );
    expect(engine).toEqual({
      container_id: engineId,
      container_name: expect.any(String),
      host: '127.0.0.1',
      port,
      labels: {
        'team.name': 'sport',
        'ondemand.app': 'myservice',
        'host.http_port': `${port}`,
        'acestream.http_port': `${port}`,
        'acestream.https_port': `${port + 1}`,
        'acestream.engine_variant': 'emulated',
      },
      forwarded: false,
      first_seen: RFC_3339,
      started_at: RFC_3339,
      last_seen: RFC_3339,
      streams: [],
      health_status: 'healthy',
      paused: false,
      health_since: RFC_3339,
      last_health_check: RFC_3339,
      last_stream_usage: null,
      vpn_container: null,
      engine_variant: 'emulated',
      platform: 'linux',
      version: expect.stringContaining('emulated'),
      forwarded_port: null,
      last_cache_cleanup: null,
      cache_size_bytes: null,
      node: null,
    });
    const answer = await fetch(`http://${engine.host}:${engine.port}/webui/api/service?method=get_version`);
    expect(await answer.json()).toMatchObject({ result: { platform: 'linux' } });
  });

  test('has a container, which is also found by its labels', async () => {
    const { body } = await call('GET', '/containers/{id}', `/containers/${engineId}`);
    expect(body).toEqual({
      id: engineId,
      name: expect.any(String),
      image: null,
      created: RFC_3339,
      status: 'running',
      labels: expect.objectContaining({ 'team.name': 'sport', 'ondemand.app': 'myservice' }),
      ports: { [`${port}/tcp`]: [{ HostIp: '127.0.0.1', HostPort: `${port}` }] },
    });
    const find = async (query: string) => {
      const reply = await app.request('GET', `/by-label?${query}`, { headers: WITH_KEY });
      assertDocumented('GET', '/by-label', reply);
      return reply.body;
    };
    exercised.add('GET /by-label');
    expect(await find('key=team.name&value=sport')).toEqual([body]);
    expect(await find(`key=host.http_port&value=${port}`)).toEqual([body]);
    expect(await find('key=team.name&value=other')).toEqual([]);
    expect(await find('key=toString&value=x')).toEqual([]);
    expect(await find('key=team.name')).toMatchObject({ code: 'invalid_request' });
    expect((await app.get('/by-label?key=a&value=b')).statusCode).toBe(401);
  });

  test('has resource usage', async () => {
    const { body } = await call('GET', '/engines/{id}/stats', `/engines/${engineId}/stats`);
    expect(body).toEqual({
      container_id: engineId,
      cpu_percent: expect.any(Number),
      memory_usage: COUNT,
      memory_limit: COUNT,
      memory_percent: expect.any(Number),
      network_rx_bytes: 0,
      network_tx_bytes: 0,
      network_scope: 'host',
      block_read_bytes: COUNT,
      block_write_bytes: COUNT,
      stale: false,
    });
    expect(body.memory_usage).toBeGreaterThan(1024 * 1024);
    const all = await call('GET', '/engines/stats/all');
    expect(Object.keys(all.body)).toEqual([engineId]);
    const total = await call('GET', '/engines/stats/total');
    expect(total.body).toEqual({
      total_cpu_percent: expect.any(Number),
      total_memory_usage: COUNT,
      total_network_rx_bytes: 0,
      total_network_tx_bytes: 0,
      total_block_read_bytes: COUNT,
      total_block_write_bytes: COUNT,
      container_count: 1,
      stale_container_count: 0,
      missing_nodes: [],
    });
    expect(total.body.total_memory_usage).toBeGreaterThan(1024 * 1024);
  });
});

describe('a stream', () => {
  test('starts at the engine with the reported address', async () => {
    const report = { ...STARTED, engine: { host: '127.0.0.1', port } };
    const { body } = await call('POST', '/events/stream_started', '/events/stream_started', report);
    expect(body).toEqual({
      id: `${STARTED.stream.key}|session-1`,
      key_type: 'infohash',
      key: STARTED.stream.key,
      name: null,
      container_id: engineId,
      playback_session_id: 'session-1',
      stat_url: STARTED.session.stat_url,
      command_url: STARTED.session.command_url,
      is_live: true,
      started_at: RFC_3339,
      ended_at: null,
      status: 'started',
      peers: null,
      speed_down: null,
      speed_up: null,
      downloaded: null,
      uploaded: null,
    });
    const streams = await call('GET', '/streams');
    expect(streams.body).toEqual([body]);
    const engine = await call('GET', '/engines/{id}', `/engines/${engineId}`);
    expect(engine.body).toMatchObject({ engine: { container_id: engineId }, streams: [body] });
    expect(engine.body.engine).toMatchObject({ streams: [body.id], last_stream_usage: RFC_3339 });
  });

  test('is counted in the status of the orchestrator', async () => {
    const { body } = await call('GET', '/orchestrator/status');
    expect(body).toEqual({
      status: 'healthy',
      engines: { total: 1, running: 1, healthy: 1, unhealthy: 0 },
      streams: { active: 1, total: 1 },
      capacity: { total: 1, used: 1, available: 0, max_replicas: 3, min_replicas: 0 },
      vpn: { enabled: false, connected: false, health: 'unknown', container: null, forwarded_port: null },
      provisioning: {
        can_provision: true,
        circuit_breaker_state: 'closed',
        breaker_opened_at: null,
        last_failure: null,
        last_failure_reason: null,
        blocked_reason: null,
        blocked_reason_details: null,
      },
      config: { auto_delete: false, grace_period_s: 30, engine_variant: 'emulated', debug_mode: false },
      timestamp: RFC_3339,
    });
  });

  test('ends once', async () => {
    const body = { stream_id: `${STARTED.stream.key}|session-1`, reason: 'closed' };
    const ended = await call('POST', '/events/stream_ended', '/events/stream_ended', body);
    expect(ended.body).toMatchObject({
      updated: true,
      stream: { status: 'ended', ended_at: RFC_3339, container_id: engineId },
    });
    const again = await call('POST', '/events/stream_ended', '/events/stream_ended', body);
    expect(again.body).toEqual({ updated: false, stream: null });
  });

  test('has samples, and stops even if its engine does not confirm it', async () => {
    const id = encodeURIComponent(`${STARTED.stream.key}|session-1`);
    expect((await call('GET', '/streams/{id}/stats', `/streams/${id}/stats`)).body).toEqual([]);
    for (const what of ['livepos', 'extended-stats'])
      await call('GET', `/streams/{id}/${what}`, `/streams/${id}/${what}`);
    const batch = await call('POST', '/streams/batch-stop', '/streams/batch-stop', []);
    expect(batch.body).toEqual({ total: 0, success_count: 0, failure_count: 0, results: [] });
    const { body } = await call('DELETE', '/streams/{id}', `/streams/${id}`);
    expect(body).toMatchObject({
      stream_id: `${STARTED.stream.key}|session-1`,
      stopped: false,
      stream: { status: 'ended' },
    });
  });
});

test('without a VPN, its status is disabled and its address is unknown', async () => {
  const { body } = await call('GET', '/vpn/status');
  expect(body).toEqual(DISABLED_STATUS);
  const address = await call('GET', '/vpn/publicip');
  expect(address).toMatchObject({ status: 503, body: { code: 'public_ip_unknown' } });
});

test('the event log lists events, and its statistics count them', async () => {
  const log = await call('GET', '/events', '/events?limit=1000');
  const lines = log.body as unknown as { event_type: string; category: string }[];
  expect(lines.map(({ event_type, category }) => `${event_type} ${category}`)).toEqual(
    expect.arrayContaining(['engine created', 'stream started', 'stream ended']),
  );
  const { body } = await call('GET', '/events/stats');
  expect(body).toMatchObject({ dropped: 0, store: 'file' });
  expect(body.total).toBeGreaterThanOrEqual(lines.length);
  expect((await call('POST', '/events/cleanup')).body.deleted).toBe(0);
});

test('the cache lists its entries and can be cleared', async () => {
  const { body } = await call('GET', '/cache/stats');
  expect(Object.keys(body).slice(0, 5)).toEqual(['size', 'hits', 'misses', 'hit_rate', 'entries']);
  const cleared = await call('POST', '/cache/clear');
  expect(cleared.body.message).toBe('Cache cleared successfully');
});

test('there are no nodes without a Swarm', async () => {
  expect(await call('GET', '/nodes')).toEqual({ status: 200, body: [] });
});

test('the probes and the version respond', async () => {
  expect((await call('GET', '/livez')).body).toEqual({ status: 'alive' });
  expect((await call('GET', '/readyz')).body).toEqual({ status: 'ready' });
  expect((await call('GET', '/health')).body).toEqual({
    status: 'healthy',
    runtime: {
      name: 'process',
      available: true,
      unavailable_since: null,
      unavailable_reason: null,
      managers: null,
      fallback: null,
    },
    engines: 1,
    history: { store: 'file' },
    cluster: null,
    uptime_seconds: expect.any(Number),
  });
  expect((await call('GET', '/version')).body).toEqual({
    name: 'roundhouse',
    version: '0.0.0-test',
    node: process.version,
  });
});

test('the statistics over time have one value per interval', async () => {
  const { status, body } = await call('GET', '/stats/history');
  expect(status).toBe(200);
  const { interval_s, from, to, t, ...columns } = body;
  expect(to - from).toBe(300);
  expect(t).toHaveLength(300 / interval_s);
  for (const figures of Object.values(columns)) expect(figures).toHaveLength(t.length);
});

test('the settings of engines and their templates can be read and changed', async () => {
  const path = '/custom-variant/config';
  const config = (await app.request('GET', path, { headers: WITH_KEY })).body;
  exercised.add(`GET ${path}`);
  expect((await call('POST', path, path, config)).body).toEqual(config);
  expect((await call('GET', '/custom-variant/platform')).body.supported_platforms).toHaveLength(3);
  const status = await call('GET', '/custom-variant/reprovision/status');
  expect(status.body).toEqual({
    in_progress: false,
    status: 'idle',
    message: null,
    timestamp: null,
    total_engines: 0,
    engines_stopped: 0,
    engines_provisioned: 0,
    current_engine_id: null,
    current_phase: null,
  });
  const templates = '/custom-variant/templates';
  expect((await call('GET', templates)).body.templates).toHaveLength(10);
  const slot = `${templates}/{slot}`;
  await call('POST', slot, `${templates}/1`, { name: 'first', config });
  for (const what of ['', '/export']) {
    const reply = await app.request('GET', `${templates}/1${what}`, { headers: WITH_KEY });
    assertDocumented('GET', `${slot}${what}`, reply);
    exercised.add(`GET ${slot}${what}`);
  }
  await call('POST', `${slot}/import`, `${templates}/2/import`, {
    json_data: JSON.stringify({ name: 'x', config }),
  });
  await call('POST', `${slot}/activate`, `${templates}/1/activate`);
  const renamed = await app.request('PATCH', `${templates}/1/rename`, {
    headers: WITH_KEY,
    body: { name: 'y' },
  });
  assertDocumented('PATCH', `${slot}/rename`, renamed);
  exercised.add(`PATCH ${slot}/rename`);
  expect((await call('DELETE', slot, `${templates}/2`)).status).toBe(200);
  expect((await call('DELETE', slot, `${templates}/1`)).status).toBe(400);
});

test('all engines can be replaced', async () => {
  expect((await call('POST', '/custom-variant/reprovision')).body.deleted_count).toBe(1);
  const state = async () => (await app.get('/custom-variant/reprovision/status')).body;
  const done = await waitUntil(
    'it has ended',
    async () => {
      const current = await state();
      return current.in_progress ? null : current;
    },
    15_000,
  );
  expect(done).toMatchObject({ status: 'success', engines_stopped: 1, engines_provisioned: 1 });
  const [engine] = (await app.get('/engines')).body;
  expect(engine.container_id).not.toBe(engineId);
  engineId = engine.container_id;
  port = engine.port;
});

test('an engine can be restarted, and has statistics over time', async () => {
  const series = await call('GET', '/stats/history/{id}', `/stats/history/${engineId}`);
  expect(series.status).toBe(200);
  const { status, body } = await call('POST', '/engines/{id}/restart', `/engines/${engineId}/restart`);
  expect([status, body.restarted]).toEqual([200, engineId]);
  engineId = body.container_id;
  const { body: engines } = await call('GET', '/engines');
  expect(engines).toMatchObject([{ container_id: engineId, port }]);
});

test('a browser can log in and out', async () => {
  const state = { logged_in: false, reads_need_key: false };
  expect(await call('GET', '/session')).toEqual({ status: 200, body: state });
  const login = await call('POST', '/session', '/session', { key: KEY });
  expect(login).toEqual({ status: 200, body: { ...state, logged_in: true } });
  expect(await call('DELETE', '/session')).toEqual({ status: 200, body: state });
});

test('settings are listed and changed', async () => {
  const { body } = await call('GET', '/config');
  expect(body.settings.length).toBeGreaterThan(60);
  const settings = { NOTIFY_QUIET_S: 200 };
  expect((await call('PATCH', '/config', '/config', { settings })).status).toBe(200);
  expect((await call('PATCH', '/config', '/config', { settings: { NOTIFY_QUIET_S: null } })).status).toBe(
    200,
  );
});

test('notifications have targets, and can be tested', async () => {
  expect(await call('GET', '/notifications')).toEqual({ status: 200, body: { targets: [], quiet_s: 300 } });
  expect(await call('POST', '/notifications/test')).toEqual({ status: 200, body: { results: [] } });
});

test('the number of engines can be evaluated again', async () => {
  expect(await call('POST', '/gc')).toEqual({ status: 200, body: { status: 'ok' } });
});

test('engines are deleted under both paths, and deleting them again returns 404', async () => {
  const { body } = await call('POST', '/provision/acestream');
  const other = body.container_id;
  expect((await call('DELETE', '/engines/{id}', `/engines/${engineId}`)).body).toEqual({
    deleted: engineId,
  });
  expect((await call('DELETE', '/containers/{id}', `/containers/${other}`)).body).toEqual({
    deleted: other,
  });
  for (const path of ['engines', 'containers']) {
    const gone = await call('DELETE', `/${path}/{id}`, `/${path}/${engineId}`);
    expect(gone).toMatchObject({ status: 404, body: { code: 'engine_not_found' } });
  }
  expect((await call('GET', '/engines')).body).toEqual([]);
  await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow();
});

describe('the engines', () => {
  const breaker = {
    state: 'closed',
    failure_count: 0,
    failure_threshold: 5,
    last_failure_time: null,
    last_failure_reason: null,
    opened_at: null,
    recovery_timeout: 300,
  };

  test('have a health status with the circuit breakers', async () => {
    const { status, body } = await call('GET', '/health/status');
    expect(status).toBe(200);
    expect(body).toEqual({
      total_engines: 0,
      healthy_engines: 0,
      unhealthy_engines: 0,
      marked_for_replacement: 0,
      minimum_required: 0,
      health_check_interval: app.config.healthCheckIntervalS,
      circuit_breakers: {
        general: { ...breaker, last_success_time: RFC_3339 },
        replacement: { ...breaker, last_success_time: null },
      },
    });
  });

  test('are scaled up and down within the limits', async () => {
    const scale = (demand: string) => call('POST', '/scale/{demand}', `/scale/${demand}`);
    const engines = async () => (await app.get('/engines')).body.length;
    expect(await scale('2')).toEqual({ status: 200, body: { scaled_to: 2 } });
    await waitUntil('two engines', async () => (await engines()) === 2, 5000);
    expect((await scale('999999')).body).toEqual({ scaled_to: app.config.maxReplicas });
    expect(await scale('-3')).toEqual({ status: 200, body: { scaled_to: 0 } });
    await waitUntil('no engine', async () => (await engines()) === 0, 15_000);
    expect((await scale('many')).status).toBe(400);
  });

  test('have circuit breakers that can be reset', async () => {
    const path = '/health/circuit-breaker/reset';
    expect(await call('POST', path)).toEqual({
      status: 200,
      body: { message: 'Circuit breaker reset: general, replacement' },
    });
    const one = await call('POST', path, `${path}?operation_type=replacement`);
    expect(one.body).toEqual({ message: 'Circuit breaker reset: replacement' });
    expect((await call('POST', path, `${path}?operation_type=other`)).status).toBe(400);
  });
});

test('every documented operation with a JSON reply has been checked', () => {
  const documented = Object.entries(OPENAPI.paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      // Those of browser apps are checked in apps.browser.test.ts.
      .filter(([, operation]) => answersJson(operation) && !operation.tags.includes('apps'))
      .map(([method]) => `${method.toUpperCase()} ${path}`),
  );
  expect([...exercised].sort()).toEqual(documented.sort());
});
