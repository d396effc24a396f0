import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { settle } from '../../../../support/fake-clock.ts';
import { LiveClient } from '../../../../support/http/live-client.ts';
import { KEY, startApp, startFakeApp, type TestApp } from '../../../../support/service/app.ts';
import { waitUntil } from '../../../../support/wait-until.ts';

const RFC_3339 = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const WAIT_MS = 5000;

/** How many clients /metrics says there are. */
async function clientsOf(app: TestApp): Promise<number> {
  const { text } = await app.get('/metrics');
  return Number(/^roundhouse_live_clients (\d+)$/m.exec(text)?.[1]);
}

function waitForClients(app: TestApp, count: number) {
  return waitUntil(`${count} clients`, async () => (await clientsOf(app)) === count, WAIT_MS);
}

/** Something happens that is told of: each call makes one notice. */
async function publish(app: Awaited<ReturnType<typeof startFakeApp>>, count = 1) {
  for (let index = 0; index < count; index += 1) app.runtime.start();
  await settle();
}

describe('who connects', () => {
  test('gets a stream that no cache and no proxy holds back, and a snapshot first', async () => {
    await using app = await startFakeApp({ settings: { CORS_ORIGIN: 'http://panel.example' } });
    await using client = await LiveClient.connect(app.url);
    expect(Object.fromEntries(client.response.headers)).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
      'access-control-allow-origin': 'http://panel.example',
    });
    expect(await client.received(1)).toEqual([
      {
        id: expect.stringMatching(/^[0-9a-f]{12}-\d+$/),
        event: 'snapshot',
        data: { reason: 'connected', keys: ['*'], at: RFC_3339 },
      },
    ]);
    expect(client.retryMs).toBe(2000);
  });

  test('needs the key with AUTH_READS, and counts no client without it', async () => {
    await using app = await startFakeApp({ settings: { AUTH_READS: 'true', LIVE_MAX_CLIENTS: '1' } });
    const url = app.url;
    await expect(LiveClient.connect(url)).rejects.toThrow('status 401');
    await using client = await LiveClient.connect(url, { authorization: `Bearer ${KEY}` });
    expect(await client.received(1)).toHaveLength(1);
  });

  test('does not support HEAD, which would open a stream that is never read', async () => {
    await using app = await startFakeApp();
    const reply = await app.request('HEAD', '/events/live');
    expect(reply.statusCode).toBe(405);
    expect(await clientsOf(app)).toBe(0);
  });
});

test('the start and stop of an engine are announced within a second, and the next reads are up to date', async () => {
  await using app = await startApp();
  const url = app.url;
  await using client = await LiveClient.connect(url);
  await client.received(1);
  const listed = async () => (await app.get('/engines')).body.length;
  expect(await listed()).toBe(0);

  const { container_id: id } = (await app.post('/provision/acestream')).body;
  let since = performance.now();
  const started = await client.find('the start', ({ data }) => data.type === 'engine_started');
  expect(performance.now() - since).toBeLessThan(1000);
  expect(started).toEqual({
    id: expect.any(String),
    event: 'notice',
    data: {
      type: 'engine_started',
      keys: ['engines:*', 'nodes:*', 'stats:*', 'orchestrator:status'],
      engine_id: id,
      stream_id: null,
      at: RFC_3339,
    },
  });
  expect(await listed()).toBe(1);

  expect((await app.delete(`/engines/${id}`)).statusCode).toBe(200);
  since = performance.now();
  const stopped = await client.find('the stop', ({ data }) => data.type === 'engine_stopped');
  expect(performance.now() - since).toBeLessThan(1000);
  expect(stopped.data).toMatchObject({
    engine_id: id,
    keys: ['engines:*', 'nodes:*', 'stats:*', 'orchestrator:status'],
  });
  expect(await listed()).toBe(0);
}, 20_000);

test('notices of streams contain their id, and reach every client', async () => {
  await using app = await startFakeApp();
  const url = app.url;
  await using one = await LiveClient.connect(url);
  await using other = await LiveClient.connect(url);
  await Promise.all([one.received(1), other.received(1)]);
  await app.post('/events/stream_started', {
    engine: { host: 'x', port: 1 },
    stream: { key_type: 'url', key: 'a\nb' },
    session: { playback_session_id: 's', stat_url: 'u', command_url: 'u', is_live: 0 },
  });
  const isStart = ({ data }: { data: Record<string, unknown> }) => data.type === 'stream_started';
  const told = await Promise.all([one, other].map((client) => client.find('the stream', isStart)));
  expect(told[0]).toEqual(told[1]);
  expect(told[0]?.data).toMatchObject({ stream_id: 'a\nb|s', engine_id: null });
});

describe('a client that reconnects', () => {
  test('receives what it missed and nothing else', async () => {
    await using app = await startFakeApp();
    const url = app.url;
    const first = await LiveClient.connect(url);
    await publish(app);
    const [, notice] = await first.received(2);
    await first[Symbol.asyncDispose]();
    await publish(app, 3);

    await using again = await LiveClient.connect(url, { 'last-event-id': notice!.id });
    await publish(app);
    const told = await again.received(4);
    expect(told.map(({ event }) => event)).toEqual(['notice', 'notice', 'notice', 'notice']);
    const number = (id: string) => Number(id.split('-')[1]);
    expect(told.map(({ id }) => number(id) - number(notice!.id))).toEqual([1, 2, 3, 4]);
    expect(new Set(told.map(({ data }) => data.engine_id)).size).toBe(4);
  });

  test('receives nothing if it missed nothing', async () => {
    await using app = await startFakeApp();
    const url = app.url;
    const first = await LiveClient.connect(url);
    await first.received(1);
    await first[Symbol.asyncDispose]();
    await using again = await LiveClient.connect(url, { 'last-event-id': first.lastId });
    await publish(app);
    expect(await again.received(1)).toMatchObject([{ event: 'notice', data: { type: 'engine_started' } }]);
  });

  test('receives a snapshot message after too many changes', async () => {
    await using app = await startFakeApp();
    const url = app.url;
    const first = await LiveClient.connect(url);
    await first.received(1);
    await first[Symbol.asyncDispose]();
    for (let count = 0; count < 501; count += 1) {
      app.runtime.stop(app.runtime.start().id);
      await settle();
      app.runtime.disconnect();
      app.runtime.connect();
      await settle();
    }
    await using again = await LiveClient.connect(url, { 'last-event-id': first.lastId });
    expect(await again.received(1)).toMatchObject([
      { event: 'snapshot', data: { reason: 'gap', keys: ['*'] } },
    ]);
    await publish(app);
    expect((await again.received(2))[1]).toMatchObject({ event: 'notice' });
  });

  test.each(['rubbish', '000000000000-1', '-1'])(
    'receives a snapshot message for an id of another run: %s',
    async (id) => {
      await using app = await startFakeApp();
      await using client = await LiveClient.connect(app.url, { 'last-event-id': id });
      expect(await client.received(1)).toMatchObject([{ event: 'snapshot', data: { reason: 'gap' } }]);
    },
  );
});

test('a quiet stream has a comment every 15 s, and no timer runs without clients', async () => {
  await using app = await startFakeApp();
  const url = app.url;
  const timers = app.clock.pending;
  const client = await LiveClient.connect(url);
  await client.received(1);
  expect(app.clock.pending).toBe(timers + 1);
  app.clock.advance(14_999);
  app.clock.advance(1);
  await waitUntil('a heartbeat', () => client.comments.length === 1, WAIT_MS);
  app.clock.advance(15_000);
  await waitUntil('another', () => client.comments.length === 2, WAIT_MS);
  expect(client.comments).toEqual(['heartbeat', 'heartbeat']);
  await client[Symbol.asyncDispose]();
  await waitForClients(app, 0);
  expect(app.clock.pending).toBe(timers);
});

test('the number of clients is limited, and a client that disconnects makes room', async () => {
  await using app = await startFakeApp({ settings: { LIVE_MAX_CLIENTS: '2' } });
  const url = app.url;
  const leaving = await LiveClient.connect(url);
  await using staying = await LiveClient.connect(url);
  await Promise.all([leaving.received(1), staying.received(1)]);
  const refused = await fetch(`${url}/events/live`);
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toMatch(/^\d+$/);
  expect(refused.headers.get('content-type')).toMatch('application/problem+json');
  expect(await refused.json()).toMatchObject({ code: 'too_many_clients', status: 503 });
  await leaving[Symbol.asyncDispose]();
  await waitForClients(app, 1);
  await using next = await LiveClient.connect(url);
  expect(await next.received(1)).toMatchObject([{ event: 'snapshot' }]);
});

describe('the service stops without delay', () => {
  test('with clients that read, whose streams are ended', async () => {
    const app = await startFakeApp();
    const url = app.url;
    const clients = await Promise.all([LiveClient.connect(url), LiveClient.connect(url)]);
    await Promise.all(clients.map((client) => client.received(1)));
    const begun = performance.now();
    await app[Symbol.asyncDispose]();
    expect(performance.now() - begun).toBeLessThan(2000);
    await waitUntil('the end of the streams', () => clients.every(({ ended }) => ended), WAIT_MS);
  });

  test('with a client that does not read the head', async () => {
    const app = await startFakeApp();
    const { port } = new URL(app.url);
    const socket = connect(Number(port), '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    socket.pause();
    socket.write('GET /events/live HTTP/1.1\r\nHost: x\r\n\r\n');
    await waitForClients(app, 1);
    await publish(app, 100);
    const begun = performance.now();
    await app[Symbol.asyncDispose]();
    expect(performance.now() - begun).toBeLessThan(2000);
  });
});
