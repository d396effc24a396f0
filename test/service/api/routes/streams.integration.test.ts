import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settle } from '../../../support/fake-clock.ts';
import { assertDocumented } from '../../../support/http/openapi.ts';
import { startFakeApp, type TestApp } from '../../../support/service/app.ts';
import type { FakeRuntime } from '../../../support/service/fake-runtime.ts';

let app: TestApp<FakeRuntime>;
let names = 0;
beforeAll(async () => {
  app = await startFakeApp({ settings: { MAX_REPLICAS: '50' } });
});
afterAll(() => app[Symbol.asyncDispose]());

async function newEngine() {
  const engine = app.runtime.start();
  await settle();
  return engine;
}

/** A report of a started stream, different on each call. */
function report(change: Record<string, unknown> = {}) {
  names += 1;
  return {
    engine: { host: 'unknown-host', port: 1 },
    stream: { key_type: 'content_id', key: `key-${names}` },
    session: {
      playback_session_id: `session-${names}`,
      stat_url: 'http://e/stat',
      command_url: 'http://e/cmd',
      is_live: 0,
    },
    ...change,
  };
}

async function start(body: object) {
  const reply = await app.post('/events/stream_started', body);
  expect(reply.statusCode).toBe(200);
  return reply.body;
}

async function end(body: object) {
  const reply = await app.post('/events/stream_ended', body);
  expect(reply.statusCode).toBe(200);
  assertDocumented('POST', '/events/stream_ended', reply);
  return reply.body;
}

async function counts() {
  return (await app.get('/orchestrator/status')).body.streams;
}

describe('a report of a start', () => {
  test('may have fields that are not known', async () => {
    const { engine, stream, session } = report();
    const body = { engine, stream, session };
    const extended = Object.fromEntries(
      Object.entries(body).map(([name, part]) => [name, { ...part, x: 1 }]),
    );
    const { id } = await start({ ...extended, extra: { a: 1 } });
    expect(await end({ stream_id: id, extra: 1 })).toMatchObject({ updated: true });
  });

  test('is idempotent', async () => {
    const body = report();
    const before = await counts();
    const first = await start(body);
    expect(await start(body)).toEqual(first);
    expect(await counts()).toEqual({ active: before.active + 1, total: before.total + 1 });
  });

  test('uses the id of the client, or makes one of key and session', async () => {
    expect((await start(report({ labels: { stream_id: 'my-id', other: 'x' } }))).id).toBe('my-id');
    for (const labels of [undefined, null, {}, { stream_id: '' }]) {
      const { id } = await start(report({ labels }));
      expect(id).toBe(`key-${names}|session-${names}`);
    }
  });

  test('finds the engine by its id, or by its address', async () => {
    const [a, b] = [await newEngine(), await newEngine()];
    const address = { host: b.host, port: b.ports.hostHttp };
    expect((await start(report({ container_id: a.id, engine: address }))).container_id).toBe(a.id);
    expect((await start(report({ engine: address }))).container_id).toBe(b.id);
    expect((await start(report({ container_id: 'x', engine: address }))).container_id).toBe(b.id);
    expect((await start(report({ container_id: null }))).container_id).toBeNull();
    expect((await start(report({ container_id: 'unknown' }))).container_id).toBe('unknown');
  });

  test('starts an ended stream again', async () => {
    const body = report();
    const first = await start(body);
    await end({ stream_id: first.id });
    const second = await start(body);
    expect(second).toMatchObject({ id: first.id, status: 'started', ended_at: null });
    const listed = (await app.get('/streams')).body;
    expect(listed.filter(({ id }: { id: string }) => id === first.id)).toEqual([second]);
  });

  test('updates the last usage of the engine', async () => {
    const engine = await newEngine();
    const usage = async () => (await app.get(`/engines/${engine.id}`)).body.engine.last_stream_usage;
    expect(await usage()).toBeNull();
    const before = Date.now();
    const { id } = await start(report({ container_id: engine.id }));
    const started = Date.parse(await usage());
    expect(started).toBeGreaterThanOrEqual(before);
    await end({ stream_id: id });
    expect(Date.parse(await usage())).toBeGreaterThanOrEqual(started);
  });

  test.each([
    ['no engine', { engine: undefined }],
    ['a host that is not a string', { engine: { host: 5, port: 1 } }],
    ['a port that is a string', { engine: { host: 'h', port: '1' } }],
    ['port 0', { engine: { host: 'h', port: 0 } }],
    ['port 65536', { engine: { host: 'h', port: 65_536 } }],
    ['a fractional port', { engine: { host: 'h', port: 1.5 } }],
    ['no stream', { stream: undefined }],
    ['an unknown type of key', { stream: { key_type: 'torrent', key: 'k' } }],
    ['an empty key', { stream: { key_type: 'url', key: '' } }],
    ['a key that is too long', { stream: { key_type: 'url', key: 'k'.repeat(4097) } }],
    ['a host that is too long', { engine: { host: 'h'.repeat(256), port: 1 } }],
    [
      'a session id that is too long',
      { session: { playback_session_id: 's'.repeat(257), stat_url: 'u', command_url: 'u', is_live: 1 } },
    ],
    [
      'a URL that is too long',
      { session: { playback_session_id: 's', stat_url: 'u'.repeat(2049), command_url: 'u', is_live: 1 } },
    ],
    ['no session', { session: undefined }],
    ['a null session', { session: null }],
    [
      'is_live true',
      { session: { playback_session_id: 's', stat_url: 'u', command_url: 'u', is_live: true } },
    ],
    ['is_live 2', { session: { playback_session_id: 's', stat_url: 'u', command_url: 'u', is_live: 2 } }],
    ['labels that are an array', { labels: [] }],
    ['a label that is not a string', { labels: { stream_id: 5 } }],
    ['an id that is too long', { labels: { stream_id: 'i'.repeat(4097) } }],
    ['an engine id that is not a string', { container_id: 5 }],
    ['an empty engine id', { container_id: '' }],
    ['an engine id that is too long', { container_id: 'i'.repeat(129) }],
  ])('with %s is refused and changes nothing', async (_, change) => {
    const before = (await app.get('/streams')).text;
    const reply = await app.post('/events/stream_started', report(change));
    expect(reply.statusCode).toBe(400);
    expect(reply.body.code).toBe('invalid_request');
    assertDocumented('POST', '/events/stream_started', reply);
    expect((await app.get('/streams')).text).toBe(before);
  });
});

describe('a report of an end', () => {
  test('is idempotent', async () => {
    const { id } = await start(report());
    const before = await counts();
    expect(await end({ stream_id: id, reason: 'x' })).toMatchObject({ updated: true, stream: { id } });
    expect(await end({ stream_id: id })).toEqual({ updated: false, stream: null });
    expect(await counts()).toEqual({ active: before.active - 1, total: before.total });
  });

  test('of an unknown stream changes nothing', async () => {
    expect(await end({ stream_id: 'never-was' })).toEqual({ updated: false, stream: null });
  });

  test('of an engine ends all of its streams and no other', async () => {
    const [a, b] = [await newEngine(), await newEngine()];
    for (const { id } of [a, a, b]) await start(report({ container_id: id }));
    expect(await end({ container_id: a.id })).toMatchObject({ updated: true });
    const started = async (id: string) =>
      (await app.get(`/streams?container_id=${id}&status=started`)).body.length;
    expect([await started(a.id), await started(b.id)]).toEqual([0, 1]);
    expect(await end({ container_id: a.id })).toEqual({ updated: false, stream: null });
  });

  test('without a stream and an engine is refused', async () => {
    const { id } = await start(report());
    for (const body of [{}, { reason: 'x' }, { stream_id: null }, { stream_id: null, container_id: null }]) {
      const reply = await app.post('/events/stream_ended', body);
      expect([reply.statusCode, reply.body.code]).toEqual([400, 'invalid_request']);
    }
    expect((await end({ stream_id: id })).updated).toBe(true);
  });

  test('accepts every id that a start accepts', async () => {
    const longest = 'k'.repeat(4096);
    const { id } = await start({
      ...report(),
      stream: { key_type: 'magnet', key: longest },
      session: { playback_session_id: 's'.repeat(256), stat_url: 'u', command_url: 'u', is_live: 1 },
    });
    expect((await end({ stream_id: id })).updated).toBe(true);
  });

  test.each([
    ['a number', { stream_id: 5 }],
    ['an empty id', { stream_id: '' }],
    ['an id that is too long', { stream_id: 'i'.repeat(4354) }],
    ['a reason that is not a string', { stream_id: 'x', reason: {} }],
  ])('with %s is refused', async (_, body) => {
    const reply = await app.post('/events/stream_ended', body);
    expect([reply.statusCode, reply.body.code]).toEqual([400, 'invalid_request']);
  });

  test('is not needed when the engine stops', async () => {
    const engine = await newEngine();
    const { id } = await start(report({ container_id: engine.id }));
    app.runtime.stop(engine.id);
    const [stream] = (await app.get(`/streams?container_id=${engine.id}&status=ended`)).body;
    expect(stream).toMatchObject({ id, status: 'ended', ended_at: expect.any(String) });
    expect(await end({ stream_id: id })).toEqual({ updated: false, stream: null });
  });
});

describe('GET /streams', () => {
  test('filters by status and engine, newest first', async () => {
    const engine = await newEngine();
    const first = await start(report({ container_id: engine.id }));
    const second = await start(report({ container_id: engine.id }));
    await end({ stream_id: first.id });
    const ids = async (query: string) =>
      (await app.get(`/streams?${query}`)).body.map(({ id }: { id: string }) => id);
    expect(await ids(`container_id=${engine.id}&status=started`)).toEqual([second.id]);
    expect(await ids(`container_id=${engine.id}&status=ended`)).toEqual([first.id]);
    // Clients that send no status expect the streams that play.
    expect(await ids(`container_id=${engine.id}`)).toEqual([second.id]);
    expect(await ids('container_id=another')).toEqual([]);
    const times = (await app.get('/streams')).body.map(
      ({ started_at }: { started_at: string }) => started_at,
    );
    expect(times).toEqual([...times].sort().reverse());
  });
});

describe('POST /streams/batch-stop', () => {
  test('ends the streams with these command URLs, and says which there were none for', async () => {
    const sessions = [1, 2, 3].map((number) => ({
      playback_session_id: `batch-${number}`,
      stat_url: `http://e/stat/${number}`,
      command_url: `http://e/batch/${number}`,
      is_live: 0,
    }));
    const [first, second, third] = await Promise.all(sessions.map((session) => start(report({ session }))));
    const urls = [first.command_url, 'http://e/unknown', second.command_url, first.command_url];
    const reply = await app.post('/streams/batch-stop', urls);
    assertDocumented('POST', '/streams/batch-stop', reply);
    expect(reply.body).toMatchObject({ total: 4, success_count: 2, failure_count: 2 });
    expect(
      reply.body.results.map(({ stream_id, success }: Record<string, unknown>) => [stream_id, success]),
    ).toEqual([
      [first.id, true],
      [null, false],
      [second.id, true],
      [null, false],
    ]);
    const playing = (await app.get('/streams')).body.map(({ id }: { id: string }) => id);
    expect(playing).toContain(third.id);
    expect(playing).not.toContain(first.id);
  });

  test.each([[[5]], [[['a']]], [{ urls: [] }], [Array.from({ length: 1001 }, () => 'u')]])(
    'refuses %j',
    async (body) => {
      const reply = await app.post('/streams/batch-stop', body);
      expect([reply.statusCode, reply.body.code]).toEqual([400, 'invalid_request']);
    },
  );

  test('needs the key', async () => {
    expect((await app.request('POST', '/streams/batch-stop', { body: [] })).statusCode).toBe(401);
  });
});

test('the position and the content of a stream whose engine does not answer are unavailable', async () => {
  const engine = await newEngine();
  const { id } = await start(report({ container_id: engine.id }));
  for (const what of ['livepos', 'extended-stats']) {
    const reply = await app.get(`/streams/${encodeURIComponent(id)}/${what}`);
    expect([reply.statusCode, reply.body.code]).toEqual([503, 'stream_unavailable']);
    assertDocumented('GET', `/streams/{id}/${what}`, reply);
    expect((await app.get(`/streams/unknown/${what}`)).statusCode).toBe(404);
  }
});

describe('a long list of streams', () => {
  test('is read page by page, following the Link header', async () => {
    await using fresh = await startFakeApp();
    for (let count = 0; count < 120; count += 1) await fresh.post('/events/stream_started', report());
    const pages: string[][] = [];
    let query: string | undefined = '?status=started&limit=50';
    while (query !== undefined) {
      const reply = await fresh.get(`/streams${query}`);
      assertDocumented('GET', '/streams', reply);
      pages.push(reply.body.map(({ id }: { id: string }) => id));
      query = /^<(\?.*)>; rel="next"$/.exec(reply.headers.link ?? '')?.[1];
      if (query !== undefined) expect(query).toMatch(/^\?status=started&limit=50&cursor=/);
    }
    expect(pages.map(({ length }) => length)).toEqual([50, 50, 20]);
    const all = (await fresh.get('/streams')).body.map(({ id }: { id: string }) => id);
    expect(pages.flat()).toEqual(all);
    expect(new Set(all).size).toBe(120);
  });

  test.each(['limit=0', 'limit=1001', 'limit=x', 'cursor=', 'cursor=x', 'cursor=5', 'offset=5'])(
    'is not read with %s',
    async (query) => {
      const reply = await app.get(`/streams?${query}`);
      expect([reply.status, reply.body.code]).toEqual([400, 'invalid_request']);
    },
  );
});

test('streams of engines that do not exist use no capacity', async () => {
  await using fresh = await startFakeApp();
  fresh.runtime.start();
  await settle();
  await fresh.post('/events/stream_started', report({ container_id: 'gone' }));
  const { capacity, streams } = (await fresh.get('/orchestrator/status')).body;
  expect(streams.active).toBe(1);
  expect(capacity).toMatchObject({ total: 1, used: 0, available: 1 });
});
