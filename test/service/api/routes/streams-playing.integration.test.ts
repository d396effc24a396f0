import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { assertDocumented } from '../../../support/http/openapi.ts';
import { startApp, type TestApp } from '../../../support/service/app.ts';
import { openSession, readStat, type Session } from '../../../support/service/emulated-engine.ts';
import { waitUntil } from '../../../support/wait-until.ts';
import { findPids } from '../../runtimes/process/support.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });
const WAIT_MS = 10_000;
const INFOHASH = 'c'.repeat(40);
const SESSION_GONE = { response: null, error: 'unknown playback session id' };
const FIGURES = {
  peers: expect.any(Number),
  speed_down: expect.any(Number),
  speed_up: expect.any(Number),
  downloaded: expect.any(Number),
  uploaded: expect.any(Number),
};
const NO_FIGURES = { peers: null, speed_down: null, speed_up: null, downloaded: null, uploaded: null };

let app: TestApp;
let engineId: string;
let port: number;

beforeAll(async () => {
  app = await startApp({ settings: { COLLECT_INTERVAL_S: '0.1' } });
  const { container_id, host_http_port } = (await app.post('/provision/acestream')).body;
  [engineId, port] = [container_id, host_http_port];
  await waitUntil('the engine serves', () => fetch(`http://127.0.0.1:${port}/`), WAIT_MS);
});
afterAll(() => app[Symbol.asyncDispose]());

/** Plays a stream and reports it, with its own id if one is given. */
async function play(streamId?: string, host = '127.0.0.1') {
  const session = await openSession(host, port, INFOHASH);
  const stream = await report(session, { host, ...(streamId && { streamId }) });
  return { session, stream, path: `/streams/${encodeURIComponent(stream.id)}` };
}

async function report(session: Session, { host = '127.0.0.1', streamId = '' } = {}) {
  const reply = await app.post('/events/stream_started', {
    engine: { host, port },
    stream: { key_type: 'infohash', key: session.infohash },
    session: {
      playback_session_id: session.playback_session_id,
      stat_url: session.stat_url,
      command_url: session.command_url,
      is_live: 1,
    },
    ...(streamId && { labels: { stream_id: streamId } }),
  });
  expect(reply.statusCode).toBe(200);
  return reply.body;
}

/** A stream as /streams lists it, playing or ended. */
async function find(id: string) {
  const [started, ended] = [await app.get('/streams'), await app.get('/streams?status=ended')];
  const streams = [...started.body, ...ended.body];
  return streams.find((stream: { id: string }) => stream.id === id);
}

function withFigures(id: string) {
  return waitUntil('figures', async () => ((await find(id)).peers === null ? null : find(id)), WAIT_MS);
}

async function samples(path: string, query = '') {
  const reply = await app.get(`${path}/stats${query}`);
  assertDocumented('GET', '/streams/{id}/stats', reply);
  return reply.body;
}

describe('a stream that is playing', () => {
  test('has statistics in every reply: null at first, and the last ones after its end', async () => {
    const { stream, path } = await play();
    expect(stream).toMatchObject(NO_FIGURES);
    expect(await withFigures(stream.id)).toMatchObject({ ...FIGURES, status: 'started' });
    const engine = (await app.get(`/engines/${engineId}`)).body;
    expect(engine.streams).toContainEqual(expect.objectContaining({ id: stream.id, ...FIGURES }));
    const ended = (await app.delete(path)).body.stream;
    expect(ended).toMatchObject({ ...FIGURES, status: 'ended' });
    expect((await find(stream.id)).downloaded).toBe(ended.downloaded);
  });

  test('has samples, oldest first, all or since a time', async () => {
    const { stream, path } = await play();
    const all = await waitUntil(
      'three samples',
      async () => {
        const taken = await samples(path);
        return taken.length >= 3 && taken;
      },
      WAIT_MS,
    );
    expect(all[0]).toEqual({
      ts: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      ...FIGURES,
      status: expect.stringMatching(/^(prebuf|dl)$/),
      livepos: expect.objectContaining({ is_live: '1', buffer_pieces: '30' }),
    });
    const times = all.map(({ ts }: { ts: string }) => ts);
    expect(times).toEqual([...times].sort());
    await app.delete(path);
    const later = await samples(path, `?since=${times[1]}`);
    expect(later.map(({ ts }: { ts: string }) => ts).slice(0, 2)).toEqual(times.slice(1, 3));
    const inOtherZone = times[1].replace('Z', '%2B00:00');
    expect(await samples(path, `?since=${inOtherZone}`)).toEqual(later);
    expect(await samples(path, `?since=${new Date(Date.now() + 60_000).toISOString()}`)).toEqual([]);
    expect((await find(stream.id)).status).toBe('ended');
  });

  test('has a position and a content', async () => {
    const { stream, path } = await play();
    const livepos = await app.get(`${path}/livepos`);
    assertDocumented('GET', '/streams/{id}/livepos', livepos);
    const digits = expect.stringMatching(/^\d+$/);
    expect(livepos.body).toEqual({
      has_livepos: true,
      is_live: true,
      livepos: {
        pos: digits,
        live_first: digits,
        live_last: digits,
        first_ts: digits,
        last_ts: digits,
        buffer_pieces: '30',
      },
    });
    const content = await app.get(`${path}/extended-stats`);
    assertDocumented('GET', '/streams/{id}/extended-stats', content);
    expect(content.body).toEqual({
      title: 'Channel cccccccc',
      categories: ['entertaining'],
      content_type: 'transport_file',
      transport_type: 'bt',
      infohash: stream.key,
      is_live: 1,
    });
    await app.delete(path);
  });

  test('ends when its engine no longer has the session', async () => {
    const { session, stream } = await play();
    await withFigures(stream.id);
    await fetch(`${session.command_url}?method=stop`);
    await waitUntil('the end', async () => (await find(stream.id)).status === 'ended', WAIT_MS);
    const listed = (await app.get('/engines')).body;
    expect(listed[0].streams).not.toContain(stream.id);
  });

  test('is assigned to its engine if the client reports localhost', async () => {
    const { stream } = await play('on-localhost', 'localhost');
    expect(stream.container_id).toBe(engineId);
    expect(stream.stat_url).toContain('localhost');
    expect(await withFigures(stream.id)).toMatchObject(FIGURES);
    await app.delete('/streams/on-localhost');
  });

  test('uses its engine, which is counted once for several streams', async () => {
    const capacity = async () => (await app.get('/orchestrator/status')).body.capacity;
    expect(await capacity()).toMatchObject({ total: 1, used: 0, available: 1 });
    const both = [await play(), await play()];
    expect(await capacity()).toMatchObject({ total: 1, used: 1, available: 0 });
    await app.delete(both[0]!.path);
    expect(await capacity()).toMatchObject({ used: 1 });
    await app.delete(both[1]!.path);
    expect(await capacity()).toMatchObject({ used: 0, available: 1 });
  });
});

describe('stopping a stream', () => {
  test('stops it at its engine and ends it, and is idempotent', async () => {
    const { session, stream, path } = await play();
    expect((await readStat(session)).error).toBeNull();
    const reply = await app.delete(path);
    assertDocumented('DELETE', '/streams/{id}', reply);
    expect(reply.body).toEqual({
      message: 'Stream stopped successfully',
      stream_id: stream.id,
      stopped: true,
      stream: expect.objectContaining({ id: stream.id, status: 'ended' }),
    });
    expect(await readStat(session)).toEqual(SESSION_GONE);
    const again = (await app.delete(path)).body;
    expect(again).toMatchObject({ stopped: true, stream: { ended_at: reply.body.stream.ended_at } });
  });

  test('needs the key', async () => {
    const { session, stream, path } = await play();
    const reply = await app.request('DELETE', path);
    expect(reply.statusCode).toBe(401);
    expect((await readStat(session)).error).toBeNull();
    expect((await find(stream.id)).status).toBe('started');
    await app.delete(path);
  });

  test('ends it within 3 s if its engine hangs, and returns that the engine did not confirm it', async () => {
    const { container_id, host_http_port } = (await app.post('/provision/acestream')).body;
    await waitUntil('the engine serves', () => fetch(`http://127.0.0.1:${host_http_port}/`), WAIT_MS);
    const session = await openSession('127.0.0.1', host_http_port, INFOHASH);
    const { id } = await report(session);
    const [pid] = findPids(host_http_port);
    process.kill(pid!, 'SIGSTOP');
    const begun = performance.now();
    const reply = await app.delete(`/streams/${encodeURIComponent(id)}`);
    expect(performance.now() - begun).toBeLessThan(3000);
    assertDocumented('DELETE', '/streams/{id}', reply);
    expect(reply.body).toMatchObject({ stopped: false, stream: { status: 'ended' } });
    process.kill(pid!, 'SIGCONT');
    await app.delete(`/engines/${container_id}`);
  });

  test('calls only managed engines', async () => {
    const session = await openSession('127.0.0.1', port, INFOHASH);
    const other = `http://127.0.0.1:${app.config.portRange.last}`;
    const { id } = await report({ ...session, stat_url: other, command_url: other });
    expect((await app.delete(`/streams/${encodeURIComponent(id)}`)).body).toMatchObject({ stopped: false });
    expect((await readStat(session)).error).toBeNull();
  });
});

describe('an id', () => {
  test.each([
    ['with a bar', 'key|session'],
    ['with a slash', 'http://host/path?query=1|session'],
    ['with reserved characters', 'a b#c%20d&e=é+'],
    [
      'with a magnet link and its trackers',
      `magnet:?xt=urn:btih:${'0'.repeat(40)}${'&tr=udp://t:1'.repeat(200)}`,
    ],
  ])('%s can be used in a path', async (_, id) => {
    const { path } = await play(id);
    await withFigures(id);
    expect((await samples(path)).length).toBeGreaterThan(0);
    expect((await app.delete(path)).body).toMatchObject({ stream_id: id, stopped: true });
  });

  test('may contain an unescaped bar', async () => {
    const origin = app.url;
    const { stream } = await play();
    expect(stream.id).toContain('|');
    const reply = await fetch(`${origin}/streams/${stream.id}/stats`);
    expect(reply.status).toBe(200);
    await app.delete(`/streams/${encodeURIComponent(stream.id)}`);
  });

  test('that is unknown returns 404', async () => {
    for (const [method, url, path] of [
      ['GET', '/streams/no|body/stats', '/streams/{id}/stats'],
      ['DELETE', '/streams/no%7Cbody', '/streams/{id}'],
    ] as const) {
      const reply = await (method === 'GET' ? app.get(url) : app.delete(url));
      assertDocumented(method, path, reply);
      expect([reply.statusCode, reply.body.code]).toEqual([404, 'stream_not_found']);
    }
  });

  test.each(['yesterday', '2026-13-01T00:00:00Z', '1700000000', ''])(
    'with samples since "%s" is refused',
    async (since) => {
      const { path } = await play();
      const reply = await app.get(`${path}/stats?since=${since}`);
      assertDocumented('GET', '/streams/{id}/stats', reply);
      expect(reply.statusCode).toBe(400);
      await app.delete(path);
    },
  );
});
