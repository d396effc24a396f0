import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { eventRoutes } from '../../../../src/service/api/routes/events.ts';
import { createServer } from '../../../../src/service/api/server.ts';
import { EventLog } from '../../../../src/service/event-log/event-log.ts';
import { assertDocumented } from '../../../support/http/openapi.ts';
import { sendRequest, startFakeApp, type TestApp } from '../../../support/service/app.ts';
import { FakeRuntime } from '../../../support/service/fake-runtime.ts';

// A busy machine makes these tests slow.
vi.setConfig({ testTimeout: 30_000 });

interface WireEvent {
  id: number;
  timestamp: string;
  event_type: string;
  category: string;
  message: string;
  container_id: string | null;
  stream_id: string | null;
  details: Record<string, unknown>;
}

async function events(app: TestApp, query = ''): Promise<WireEvent[]> {
  const reply = await app.get(`/events${query}`);
  expect(reply.statusCode).toBe(200);
  assertDocumented('GET', '/events', reply);
  expect(reply.headers['cache-control']).toBe('private, no-cache');
  return reply.body;
}

function startStream(app: TestApp, id: string, containerId: string) {
  return app.post('/events/stream_started', {
    container_id: containerId,
    engine: { host: '127.0.0.1', port: 40_000 },
    stream: { key_type: 'infohash', key: 'b04372b9543d763bd2dbd2a1842d9723fd080076' },
    session: {
      playback_session_id: `session of ${id}`,
      stat_url: 'http://127.0.0.1:9/stat',
      command_url: 'http://127.0.0.1:9/command',
      is_live: 1,
    },
    labels: { stream_id: id },
  });
}

async function allStreams(app: TestApp) {
  return [...(await app.get('/streams')).body, ...(await app.get('/streams?status=ended')).body];
}

/** An application with one engine, on which two streams have started and one has ended. */
async function startBusyApp() {
  const runtime = new FakeRuntime();
  const engine = runtime.startSilently({ host: '127.0.0.1' });
  const app = await startFakeApp({}, runtime);
  await startStream(app, 'first', engine.id);
  await startStream(app, 'second', engine.id);
  await app.post('/events/stream_ended', { stream_id: 'first' });
  return { app, runtime, engine };
}

describe('GET /events', () => {
  it('lists the event log, newest first', async () => {
    const { app: started, engine } = await startBusyApp();
    await using app = started;
    const log = await events(app);
    const kinds = log.map(({ event_type, category }) => `${event_type} ${category}`);
    expect(kinds.filter((kind) => !kind.startsWith('health'))).toEqual([
      'stream ended',
      'stream started',
      'stream started',
      'system connected',
      'engine created',
    ]);
    const started1 = log.at(-1)!;
    expect(started1).toMatchObject({ event_type: 'engine', container_id: engine.id, stream_id: null });
    expect(Math.abs(Date.parse(started1.timestamp) - Date.now())).toBeLessThan(60_000);
    expect(log.map(({ id }) => id)).toEqual(log.map(({ id }) => id).toSorted((a, b) => b - a));
  });

  it('filters and paginates', async () => {
    const { app: started, engine } = await startBusyApp();
    await using app = started;
    const streamsOf = (log: WireEvent[]) => log.map(({ stream_id }) => stream_id);
    expect(streamsOf(await events(app, '?event_type=stream'))).toEqual(['first', 'second', 'first']);
    expect(streamsOf(await events(app, '?event_type=stream&limit=1&offset=1'))).toEqual(['second']);
    expect(streamsOf(await events(app, '?event_type=stream&category=ended'))).toEqual(['first']);
    expect(streamsOf(await events(app, '?stream_id=second'))).toEqual(['second']);
    expect(await events(app, `?container_id=${engine.id}&category=created`)).toHaveLength(1);
    expect(await events(app, "?container_id=' OR '1'='1")).toEqual([]);
    expect(await events(app, '?stream_id=first%27%3B%20DROP%20TABLE%20events%3B%20--')).toEqual([]);
    const [newest] = await events(app, '?limit=1');
    const since = Date.parse(newest!.timestamp);
    for (const text of [
      newest!.timestamp,
      String(since / 1000),
      new Date(since + 7_200_000).toISOString().replace('Z', '+02:00'),
      encodeURIComponent(new Date(since - 19_800_000).toISOString().replace('Z', '-05:30')),
    ]) {
      const later = await events(app, `?event_type=stream&since=${text}`);
      expect(later[0]?.id).toBe(newest!.id);
      expect(later.every(({ timestamp }) => Date.parse(timestamp) >= since)).toBe(true);
    }
    expect(await events(app, `?since=${Math.ceil(Date.now() / 1000) + 60}`)).toEqual([]);
  });

  it.each([
    'limit=0',
    'limit=1001',
    'limit=-1',
    'limit=1e2',
    'limit=ten',
    'limit=',
    'limit=1&limit=2',
    'offset=-1',
    'offset=1.5',
    'offset=99999999999999999999',
    'event_type=no_such_event',
    'event_type=engine_started',
    "category=stream' OR 1=1 --",
    'container_id=',
    'since=yesterday',
    'since=2026-02-30T25:00:00Z',
    'since=2026-01-01',
    'since=-5',
    'since=99999999999999',
  ])('refuses %s', async (query) => {
    await using app = await startFakeApp();
    const reply = await app.get(`/events?${query}`);
    expect(reply.statusCode).toBe(400);
    expect(reply.body).toMatchObject({ code: 'invalid_request' });
    assertDocumented('GET', '/events', reply);
  });
});

describe('GET /events/stats', () => {
  it('counts the entries of the log', async () => {
    const { app: started } = await startBusyApp();
    await using app = started;
    const reply = await app.get('/events/stats');
    expect(reply.statusCode).toBe(200);
    assertDocumented('GET', '/events/stats', reply);
    const stats = reply.body;
    expect(stats).toMatchObject({ dropped: 0, queued: 0, store: 'file' });
    expect(stats.by_type).toMatchObject({ engine: 1, stream: 3, vpn: 0, system: 1 });
    expect(Object.keys(stats.by_type)).toEqual(['engine', 'stream', 'vpn', 'health', 'system', 'app']);
    expect(stats.by_category).toMatchObject({ started: 2, ended: 1, created: 1, connected: 1 });
    const counts = Object.values<number>(stats.by_type);
    expect(stats.total).toBe(counts.reduce((sum, count) => sum + count));
    const log = await events(app);
    expect([stats.newest, stats.oldest]).toEqual([log[0]!.timestamp, log.at(-1)!.timestamp]);
  });
});

describe('POST /events/cleanup', () => {
  it('deletes old events', async () => {
    const { app: started } = await startBusyApp();
    await using app = started;
    expect((await app.post('/events/cleanup')).body).toEqual({
      deleted: 0,
      message: 'Deleted 0 events older than 30 days',
    });
    const before = (await events(app)).length;
    const reply = await app.post('/events/cleanup?max_age_days=0');
    assertDocumented('POST', '/events/cleanup', reply);
    expect(reply.body.deleted).toBe(before);
    expect(await events(app)).toEqual([]);
    for (const query of ['max_age_days=-1', 'max_age_days=x', 'max_days=1'])
      expect((await app.post(`/events/cleanup?${query}`)).statusCode).toBe(400);
    expect((await app.request('POST', '/events/cleanup')).statusCode).toBe(401);
  });
});

describe('a restart', () => {
  it('keeps the log and the streams, and adds one entry for all restored streams', async () => {
    const { app: first, runtime, engine } = await startBusyApp();
    const before = await events(first);
    const streamsBefore = await allStreams(first);
    // Its folder stays for the second run.
    await first.app.close();

    const settings = { DATA_DIR: first.config.dataDir };
    await using second = await startFakeApp({ settings }, runtime);
    expect(await allStreams(second)).toEqual(streamsBefore);
    expect((await second.get(`/engines/${engine.id}`)).body.engine.streams).toEqual(['second']);
    const after = await events(second);
    expect(after.slice(-before.length)).toEqual(before);
    const streamLines = after.slice(0, -before.length).filter(({ event_type }) => event_type === 'stream');
    expect(streamLines.map(({ category }) => category)).toEqual(['restored']);
    // Repeating what was reported to the first run changes nothing.
    await startStream(second, 'second', engine.id);
    expect(await events(second, '?event_type=stream&category=started')).toHaveLength(2);
  });

  it('ends the streams of engines that have stopped meanwhile', async () => {
    const { app: first, runtime, engine } = await startBusyApp();
    await first.app.close();
    runtime.stop(engine.id);
    await using second = await startFakeApp({ settings: { DATA_DIR: first.config.dataDir } }, runtime);
    const reply = await second.get('/streams?status=started');
    expect(reply.body).toEqual([]);
    expect((await second.get('/orchestrator/status')).body.streams).toEqual({ active: 0, total: 2 });
  });
});

describe('while the event log cannot be written', () => {
  it('the service stays ready, and shows where the log is stored', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'roundhouse-test-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'data'), '');
    await using app = await startFakeApp({ settings: { DATA_DIR: join(folder, 'data') } });
    expect((await app.get('/readyz')).statusCode).toBe(200);
    const health = await app.get('/health');
    expect(health.statusCode).toBe(200);
    expect(health.body).toMatchObject({ status: 'healthy', history: { store: 'memory' } });
    assertDocumented('GET', '/health', health);
    expect((await app.get('/events/stats')).body.store).toBe('memory');
    expect((await events(app)).map(({ category }) => category)).toEqual(['connected']);
  });

  it('responds with 503 if the worker of the log is not running', async () => {
    const api = createServer(pino({ level: 'silent' }), {});
    const eventLog = new EventLog({ dataDir: 'unused', maxEvents: 1, maxAgeS: 60, onLog: () => {} });
    await api.register(async (scope) => eventRoutes(scope, { eventLog, checkKey: async () => {} }), {
      prefix: '/events',
    });
    await api.ready();
    for (const path of ['/events', '/events/stats']) {
      const reply = await sendRequest(api.server, 'GET', path);
      expect(reply.statusCode).toBe(503);
      expect(reply.body).toMatchObject({ code: 'history_unavailable' });
      assertDocumented('GET', path, reply);
    }
    await api.close();
  });
});
