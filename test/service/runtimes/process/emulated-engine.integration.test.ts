import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { freePorts } from '../../../support/http/free-ports.ts';
import { waitUntil } from '../../../support/wait-until.ts';
import { askEngine } from './support.ts';

const PROGRAM = join(import.meta.dirname, '../../../../src/service/runtimes/process/emulated-engine.cts');
const ID = '94c2fd8fb9bc8f2fc71a2cbe9d4b866f227a0209';
const DEAD = { response: null, error: 'unknown playback session id' };

interface Stream {
  playback_url: string;
  stat_url: string;
  command_url: string;
  infohash: string;
  playback_session_id: string;
}
interface EngineResponse<T> {
  response: T | null;
  error: string | null;
}
interface Stat {
  status: string;
  downloaded: number;
  uploaded: number;
}

function start(...flags: string[]): ChildProcessByStdio<Writable, null, Readable> {
  return spawn(process.execPath, [PROGRAM, ...flags], { stdio: ['pipe', 'ignore', 'pipe'] });
}

async function get<T = unknown>(url: string): Promise<T> {
  return (await fetch(url)).json() as Promise<T>;
}

describe('the emulated engine', () => {
  let engine: ReturnType<typeof start>;
  let port = 0;
  let base = '';

  beforeAll(async () => {
    [port = 0] = await freePorts(1);
    base = `http://127.0.0.1:${port}`;
    engine = start(`--http-port=${port}`, '--https-port', '1', '--client-console', '--port', '8621');
    await askEngine(port, '/');
  });
  afterAll(async () => {
    engine.kill('SIGKILL');
    await once(engine, 'exit');
  });

  const open = (query: string) => get<EngineResponse<Stream>>(`${base}/ace/getstream?format=json&${query}`);
  const openStream = async (query: string) => (await open(query)).response!;

  it('reports its version', async () => {
    const version = { code: 3_017_000, platform: 'linux', version: '3.1.70-emulated' };
    const service = await fetch(`${base}/webui/api/service?method=get_version`);
    expect(service.headers.get('server')).toBe('roundhouse-emulated-engine');
    expect(service.headers.get('content-type')).toBe('application/json');
    expect(await service.json()).toEqual({ result: version, error: null });
    expect(await get(`${base}/server/api?api_version=3&method=get_status`)).toEqual({
      result: { playlist_loaded: true, version },
    });
  });

  it('reports that it is connected', async () => {
    const response = await get(`${base}/server/api?api_version=3&method=get_network_connection_status`);
    expect(response).toEqual({ result: { connected: true } });
  });

  it.each(['/server/api', '/server/api?method=get_version', '/webui/api/service?method=constructor'])(
    'knows no method of %s',
    async (path) => {
      expect(await get(base + path)).toEqual({ result: null, error: 'unknown method' });
    },
  );

  it('starts a stream and returns its URLs', async () => {
    const { response, error } = await open(`id=${ID}&pid=one`);
    expect(error).toBeNull();
    const path = `${response!.infohash}/${response!.playback_session_id}`;
    expect(response).toEqual({
      playback_url: `${base}/ace/r/${path}`,
      stat_url: `${base}/ace/stat/${path}`,
      command_url: `${base}/ace/cmd/${path}`,
      infohash: expect.stringMatching(/^[0-9a-f]{40}$/),
      playback_session_id: expect.stringMatching(/^[0-9a-f]{32}$/),
      is_live: 1,
      is_encrypted: 0,
      client_session_id: -1,
    });
  });

  it('accepts every kind of content, each with a stable infohash', async () => {
    const infohash = 'A'.repeat(40);
    const magnet = encodeURIComponent(`magnet:?dn=x&xt=urn:btih:${infohash}&tr=y`);
    expect((await openStream(`infohash=${infohash}`)).infohash).toBe(infohash.toLowerCase());
    expect((await openStream(`magnet=${magnet}`)).infohash).toBe(infohash.toLowerCase());
    const url = `url=${encodeURIComponent('http://127.0.0.1/a.acelive')}`;
    expect((await openStream(url)).infohash).toBe((await openStream(url)).infohash);
    const byContentId = (await openStream(`content_id=${ID}`)).infohash;
    expect((await openStream(`content_id=${ID}`)).infohash).toBe(byContentId);
    expect(byContentId).not.toBe((await openStream(url)).infohash);
  });

  it.each([
    ['', 'missing content'],
    ['id=', 'bad id'],
    [`id=${ID}0`, 'bad id'],
    ['infohash=xyz', 'bad infohash'],
    ['url=nowhere', 'bad url'],
    ['magnet=magnet:?dn=x', 'bad magnet'],
  ])('refuses content %j', async (query, reason) => {
    expect(await open(query)).toEqual({ response: null, error: expect.stringContaining(reason) });
  });

  it('reports statistics that change with time', async () => {
    const stream = await openStream(`id=${ID}`);
    const first = await get<EngineResponse<Stat>>(stream.stat_url);
    const text = expect.stringMatching(/^\d+$/);
    const count = expect.any(Number);
    expect(first).toEqual({
      response: {
        status: expect.stringMatching(/^(prebuf|dl)$/),
        peers: count,
        speed_down: count,
        speed_up: count,
        downloaded: count,
        uploaded: count,
        total_progress: 0,
        is_live: 1,
        infohash: stream.infohash,
        playback_session_id: stream.playback_session_id,
        livepos: {
          pos: text,
          live_first: text,
          live_last: text,
          first_ts: text,
          last_ts: text,
          is_live: '1',
          buffer_pieces: '30',
        },
      },
      error: null,
    });
    const { downloaded, uploaded } = first.response!;
    const later = await waitUntil(
      'the download of another 300 KB',
      async () => {
        const { response } = await get<EngineResponse<Stat>>(stream.stat_url);
        return response!.downloaded - downloaded > 300 * 1024 && response;
      },
      5000,
    );
    expect(later.uploaded).toBeGreaterThan(uploaded);
    await waitUntil(
      'the end of prebuffering',
      async () => (await get<EngineResponse<Stat>>(stream.stat_url)).response?.status === 'dl',
      5000,
    );
  });

  it('stops a stream on command', async () => {
    const stream = await openStream(`id=${ID}`);
    expect(await get(`${stream.command_url}?method=pause`)).toEqual({
      response: null,
      error: 'unknown method',
    });
    expect(await get(`${stream.command_url}?method=stop`)).toEqual({ response: 'ok', error: null });
    expect(await get(stream.stat_url)).toEqual(DEAD);
    expect(await get(`${stream.command_url}?method=stop`)).toEqual(DEAD);
  });

  it('keeps one session per player', async () => {
    const [first, other] = [await openStream(`id=${ID}&pid=p`), await openStream(`id=${ID}&pid=q`)];
    const second = await openStream(`infohash=${ID}&pid=p`);
    expect(await get(first.stat_url)).toEqual(DEAD);
    expect(await get(other.stat_url)).toMatchObject({ error: null });
    expect(await get(second.stat_url)).toMatchObject({ error: null });
  });

  it('keeps at most 64 sessions; the oldest ends', async () => {
    const streams = [];
    for (let count = 0; count < 65; count += 1) streams.push(await openStream(`id=${ID}`));
    expect(await get(streams[0]!.stat_url)).toEqual(DEAD);
    expect(await get(streams[1]!.stat_url)).toMatchObject({ error: null });
    expect(await get(streams[64]!.stat_url)).toMatchObject({ error: null });
  });

  it('redirects a player to a stream of null packets that ends with its session', async () => {
    const redirect = await fetch(`${base}/ace/getstream?id=${ID}`, { redirect: 'manual' });
    expect(redirect.status).toBe(302);
    const playbackUrl = redirect.headers.get('location')!;
    const playback = await fetch(playbackUrl);
    expect(playback.headers.get('content-type')).toBe('video/mp2t');
    const reader = playback.body!.getReader();
    const { value } = await reader.read();
    expect([...value!.subarray(0, 5), ...value!.subarray(188, 192)]).toEqual([
      0x47, 0x1f, 0xff, 0x10, 0xff, 0x47, 0x1f, 0xff, 0x10,
    ]);
    await get(`${playbackUrl.replace('/ace/r/', '/ace/cmd/')}?method=stop`);
    for (let done = false; !done; ) ({ done } = await reader.read());
    expect(await get(playbackUrl)).toEqual(DEAD);
  });

  it.each([
    ['no HTTP', '\x00\xff\x16\x03 rubbish\r\n\r\n'],
    ['a target that is not a path', 'GET * HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['an address as target', 'GET http://[::/ace HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['broken escapes', 'GET /ace/getstream?format=json&id=%&url=%zz%00 HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['an invalid host header', `GET /ace/getstream?id=${ID} HTTP/1.1\r\nHost: \xe9\x80\t%"<x\r\n\r\n`],
    ['no host', `GET /ace/getstream?id=${ID} HTTP/1.0\r\n\r\n`],
    ['a header that never ends', `GET / HTTP/1.1\r\nX: ${'x'.repeat(100_000)}`],
    ['another method', 'DELETE /ace/getstream HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['an incomplete body', 'POST /server/api HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{"a'],
    ['two requests at once', 'GET / HTTP/1.1\r\nHost: x\r\n\r\nGET\r\n\r\n'],
  ])('survives %s', async (_, request) => {
    const socket = connect(port, '127.0.0.1');
    // The engine may close the connection while the test still writes.
    socket.on('error', () => {});
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.end(Buffer.from(request, 'latin1'));
    socket.resume();
    await closed;
    expect(engine.exitCode).toBeNull();
    expect(await get(`${base}/server/api?method=get_network_connection_status`)).toEqual({
      result: { connected: true },
    });
  });

  it('responds with 404 to unknown paths', async () => {
    for (const path of ['/', '/ace', '/ace/stat/x', `/ace/stat/${ID}/${ID}/`]) {
      expect((await fetch(base + path)).status).toBe(404);
    }
    expect(await get(`${base}/ace/stat/${ID}/${ID}`)).toEqual(DEAD);
  });

  it('listens on 127.0.0.1 by default', () => {
    const listening = ['/proc/net/tcp', '/proc/net/tcp6']
      .flatMap((file) => readFileSync(file, 'utf8').split('\n'))
      .map((line) => line.trim().split(/\s+/))
      .filter(
        ([, local, , state]) => Number.parseInt(local?.split(':')[1] ?? '', 16) === port && state === '0A',
      );
    expect(listening.map(([, local]) => local?.split(':')[0])).toEqual(['0100007F']);
  });
});

describe('the program of the emulated engine', () => {
  async function startServing(...flags: string[]) {
    const [port = 0] = await freePorts(1);
    const engine = start('--http-port', String(port), ...flags);
    onTestFinished(() => void engine.kill('SIGKILL'));
    await askEngine(port, '/');
    return { engine, port };
  }

  it.each(['SIGTERM', 'SIGINT'] as const)('exits at once on %s, even during playback', async (signal) => {
    const { engine, port } = await startServing();
    const playback = await fetch(`http://127.0.0.1:${port}/ace/getstream?id=${ID}`);
    await playback.body!.getReader().read();
    engine.kill(signal);
    expect(await once(engine, 'exit')).toEqual([0, null]);
  });

  it('exits with its standard input only with the flag', async () => {
    const [dependent, independent] = [await startServing('--exit-with-parent'), await startServing()];
    independent.engine.stdin.end();
    dependent.engine.stdin.end();
    expect(await once(dependent.engine, 'exit')).toEqual([0, null]);
    await askEngine(independent.port, '/');
    expect(independent.engine.exitCode).toBeNull();
  });

  it.each([
    '--http-port',
    '--http-port=',
    '--http-port=0',
    '--http-port=65536',
    '--http-port=1e3',
    '--http-port=-1',
  ])('refuses %s', async (flag) => {
    expect(await once(start(flag), 'exit')).toEqual([2, null]);
  });

  it('reports why it cannot listen', async () => {
    const { port } = await startServing();
    const engine = start('--http-port', String(port));
    const [said] = await once(engine.stderr, 'data');
    expect(String(said)).toMatch(`cannot listen on port ${port}: listen EADDRINUSE`);
    await waitUntil('the end of the second engine', () => engine.exitCode === 1, 5000);
  });
});
