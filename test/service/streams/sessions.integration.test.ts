import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { EventBus } from '../../../src/service/events/events.ts';
import { PlaybackSessions } from '../../../src/service/streams/sessions.ts';
import { type NewStream, type Stream, Streams } from '../../../src/service/streams/streams.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { startStubServer } from '../../support/http/stub-server.ts';
import { type EmulatedEngine, readStat, startEmulatedEngine } from '../../support/service/emulated-engine.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { newStream } from './fixtures.ts';

vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 });
const WAIT_MS = 10_000;
const INFOHASH = 'a'.repeat(40);
const NEVER = new AbortController().signal;

let engine: EmulatedEngine;
beforeAll(async () => {
  engine = await startEmulatedEngine();
});
afterAll(() => engine[Symbol.asyncDispose]());

function stream(change: Partial<NewStream>): Stream {
  return new Streams(new EventBus()).start(newStream('a', change));
}

/** Sessions on one managed engine with two host names. */
function create(port = engine.port) {
  const clock = new FakeClock();
  const sessions = new PlaybackSessions(clock, (host, requestedPort) =>
    ['127.0.0.1', 'engine', '::1'].includes(host) && requestedPort === port
      ? { host: '127.0.0.1', port }
      : null,
  );
  return { clock, sessions };
}

describe('a session', () => {
  test('has the sample reported by its engine', async () => {
    const { stat_url: statUrl } = await engine.play(INFOHASH);
    const before = Date.now();
    const sample = await create().sessions.readSample(stream({ statUrl }), NEVER);
    expect(sample).toMatchObject({
      peers: expect.any(Number),
      speedDown: expect.any(Number),
      downloaded: expect.any(Number),
      status: expect.stringMatching(/^(prebuf|dl)$/),
      livePosition: { is_live: '1', buffer_pieces: '30' },
    });
    expect(sample!.takenAt).toBeGreaterThanOrEqual(before);
  });

  test('that its engine does not have has none', async () => {
    const statUrl = `http://127.0.0.1:${engine.port}/ace/stat/${INFOHASH}/${'0'.repeat(32)}`;
    expect(await create().sessions.readSample(stream({ statUrl }), NEVER)).toBeNull();
  });

  test('can be stopped, more than once', async () => {
    const session = await engine.play(INFOHASH);
    const played = stream({ commandUrl: session.command_url });
    const { sessions } = create();
    expect((await readStat(session)).response).not.toBeNull();
    await sessions.stop(played);
    expect(await readStat(session)).toEqual({ response: null, error: 'unknown playback session id' });
    await sessions.stop(played);
  });

  test('keeps other parameters of the command URL', async () => {
    await using server = await startStubServer('{"response":"ok","error":null}');
    const commandUrl = `http://127.0.0.1:${server.port}/ace/cmd/x?token=5&method=pause`;
    await create(server.port).sessions.stop(stream({ commandUrl }));
    expect(server.requests).toEqual(['GET /ace/cmd/x?token=5&method=stop']);
  });
});

describe('the requested host', () => {
  test.each(['127.0.0.1', 'engine', '[::1]'])(
    'is the managed engine for a URL with host %s',
    async (host) => {
      await using server = await startStubServer('{"response":{"peers":3}}');
      const statUrl = `http://${host}:${server.port}/ace/stat/x/y?a=b#c`;
      const sample = await create(server.port).sessions.readSample(stream({ statUrl }), NEVER);
      expect(sample).toMatchObject({ peers: 3 });
      expect(server.requests).toEqual(['GET /ace/stat/x/y?a=b']);
    },
  );

  test.each([
    ['another port of its host', (other: number) => `http://127.0.0.1:${other}/`],
    ['another scheme', (_: number, port: number) => `https://127.0.0.1:${port}/`],
    ['a file', () => 'file:///etc/passwd'],
    ['no URL', () => 'not a url'],
    [
      'another host with an engine as its user',
      (other: number, port: number) => `http://engine:${port}@127.0.0.1:${other}/`,
    ],
    ['another host', (_: number, port: number) => `http://localhost.example:${port}/`],
    ['no port', () => 'http://127.0.0.1/'],
  ])('is never %s', async (_, urlOf) => {
    await using managed = await startStubServer('{"response":"ok"}');
    await using other = await startStubServer('{"response":"ok"}');
    const url = urlOf(other.port, managed.port);
    const { sessions } = create(managed.port);
    const reported = stream({ statUrl: url, commandUrl: url });
    await expect(sessions.readSample(reported, NEVER)).rejects.toThrow('is not the URL of a managed engine');
    await expect(sessions.stop(reported)).rejects.toThrow('is not the URL of a managed engine');
    expect([managed.connections, other.connections]).toEqual([0, 0]);
  });

  test.each([
    ['two slashes', (port: number) => `//127.0.0.1:${port}/admin?x=1`],
    ['a backslash', (port: number) => `/\\127.0.0.1:${port}/admin?x=1`],
    ['two backslashes', (port: number) => `\\\\127.0.0.1:${port}/admin?x=1`],
    ['dot segments before two slashes', (port: number) => `/a/..//127.0.0.1:${port}/admin?x=1`],
    ['a tab between two slashes', (port: number) => `/\t/127.0.0.1:${port}/admin?x=1`],
    ['user information', (port: number) => `//engine@127.0.0.1:${port}/admin?x=1`],
    ['another scheme', (port: number) => `/http://127.0.0.1:${port}/admin?x=1`],
  ])('is the managed engine for a path that begins with %s', async (_, pathOf) => {
    await using managed = await startStubServer('{"response":{}}');
    await using other = await startStubServer('{"response":{}}');
    const url = `http://127.0.0.1:${managed.port}${pathOf(other.port)}`;
    const { sessions } = create(managed.port);
    const reported = stream({ statUrl: url, commandUrl: url });
    await sessions.readSample(reported, NEVER);
    await expect(sessions.stop(reported)).rejects.toThrow('the engine did not stop the session');
    expect(managed.requests).toHaveLength(2);
    expect(managed.requests[1]).toMatch(/admin\?x=1&method=stop$/);
    expect(other.connections).toBe(0);
  });

  test('is not the target of a redirect', async () => {
    await using other = await startStubServer('{"response":{"peers":3}}');
    await using managed = await startStubServer((_, response) =>
      response.writeHead(302, { location: `http://127.0.0.1:${other.port}/` }).end(),
    );
    const reported = stream({ statUrl: `http://127.0.0.1:${managed.port}/` });
    await expect(create(managed.port).sessions.readSample(reported, NEVER)).rejects.toThrow('302');
    expect(other.connections).toBe(0);
  });
});

describe('an engine with an unexpected response', () => {
  test.each([
    ['no JSON', 'hello'],
    ['null', 'null'],
    ['a text', '"unknown playback session id"'],
    ['another error', '{"response":null,"error":"busy"}'],
    ['neither a response nor an error', '{"response":null,"error":null}'],
    ['a response of another type', '{"response":5}'],
    ['too much', `{"response":{"x":"${'x'.repeat(70_000)}"}}`],
  ])('but says %s: that is a failure, not an end', async (_, body) => {
    await using server = await startStubServer(body);
    const url = `http://127.0.0.1:${server.port}/`;
    const { sessions } = create(server.port);
    await expect(sessions.readSample(stream({ statUrl: url }), NEVER)).rejects.toThrow();
    await expect(sessions.stop(stream({ commandUrl: url }))).rejects.toThrow();
  });

  test.each([
    ['a sample', 3000, (sessions: PlaybackSessions, hung: Stream) => sessions.readSample(hung, NEVER)],
    ['a stop', 2000, (sessions: PlaybackSessions, hung: Stream) => sessions.stop(hung)],
  ] as const)('times out: %s after %i ms', async (_, deadlineMs, send) => {
    await using hanging = await startEmulatedEngine();
    const session = await hanging.play(INFOHASH);
    hanging.kill('SIGSTOP');
    const { clock, sessions } = create(hanging.port);
    let settled = false;
    const request = send(sessions, stream({ statUrl: session.stat_url, commandUrl: session.command_url }));
    request.catch(() => {
      settled = true;
    });
    clock.advance(deadlineMs - 1);
    await settle();
    expect(settled).toBe(false);
    clock.advance(1);
    await expect(request).rejects.toThrow(`did not answer within ${deadlineMs / 1000} s`);
    expect(clock.pending).toBe(0);
  });

  test('is disconnected when the request is aborted', async () => {
    await using server = await startStubServer(() => {});
    const controller = new AbortController();
    const { sessions } = create(server.port);
    const url = `http://127.0.0.1:${server.port}/`;
    const request = sessions.readSample(stream({ statUrl: url }), controller.signal);
    request.catch(() => {});
    await waitUntil('the request', () => server.requests.length === 1, WAIT_MS);
    controller.abort(new Error('aborted by the test'));
    await expect(request).rejects.toThrow('aborted by the test');
    await waitUntil('the end of the connection', async () => (await server.open()) === 0, WAIT_MS);
  });
});
