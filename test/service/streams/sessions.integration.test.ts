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

/** Sessions at one managed engine, under two names. */
function create(port = engine.port) {
  const clock = new FakeClock();
  const sessions = new PlaybackSessions(clock, (host, asked) =>
    ['127.0.0.1', 'engine', '::1'].includes(host) && asked === port ? { host: '127.0.0.1', port } : null,
  );
  return { clock, sessions };
}

describe('a session', () => {
  test('has the figures that its engine tells', async () => {
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

  test('that its engine does not know has none', async () => {
    const statUrl = `http://127.0.0.1:${engine.port}/ace/stat/${INFOHASH}/${'0'.repeat(32)}`;
    expect(await create().sessions.readSample(stream({ statUrl }), NEVER)).toBeNull();
  });

  test('is stopped, and stopped again without complaint', async () => {
    const session = await engine.play(INFOHASH);
    const played = stream({ commandUrl: session.command_url });
    const { sessions } = create();
    expect((await readStat(session)).response).not.toBeNull();
    await sessions.stop(played);
    expect(await readStat(session)).toEqual({ response: null, error: 'unknown playback session id' });
    await sessions.stop(played);
  });

  test('keeps what else the command says', async () => {
    await using server = await startStubServer('{"response":"ok","error":null}');
    const commandUrl = `http://127.0.0.1:${server.port}/ace/cmd/x?token=5&method=pause`;
    await create(server.port).sessions.stop(stream({ commandUrl }));
    expect(server.requests).toEqual(['GET /ace/cmd/x?token=5&method=stop']);
  });
});

describe('what is called', () => {
  test.each(['127.0.0.1', 'engine', '[::1]'])('is the managed engine, which a URL calls %s', async (host) => {
    await using server = await startStubServer('{"response":{"peers":3}}');
    const statUrl = `http://${host}:${server.port}/ace/stat/x/y?a=b#c`;
    const sample = await create(server.port).sessions.readSample(stream({ statUrl }), NEVER);
    expect(sample).toMatchObject({ peers: 3 });
    expect(server.requests).toEqual(['GET /ace/stat/x/y?a=b']);
  });

  test.each([
    ['another port of its host', (other: number) => `http://127.0.0.1:${other}/`],
    ['another scheme', (_: number, port: number) => `https://127.0.0.1:${port}/`],
    ['a file', () => 'file:///etc/passwd'],
    ['no URL', () => 'not a url'],
    [
      'an engine as the user of another host',
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
    await expect(sessions.readSample(reported, NEVER)).rejects.toThrow('does not lead to a managed engine');
    await expect(sessions.stop(reported)).rejects.toThrow('does not lead to a managed engine');
    expect([managed.connections, other.connections]).toEqual([0, 0]);
  });

  test('is not where an engine redirects to', async () => {
    await using other = await startStubServer('{"response":{"peers":3}}');
    await using managed = await startStubServer((_, response) =>
      response.writeHead(302, { location: `http://127.0.0.1:${other.port}/` }).end(),
    );
    const reported = stream({ statUrl: `http://127.0.0.1:${managed.port}/` });
    await expect(create(managed.port).sessions.readSample(reported, NEVER)).rejects.toThrow('302');
    expect(other.connections).toBe(0);
  });
});

describe('an engine that does not answer as it should', () => {
  test.each([
    ['no JSON', 'hello'],
    ['null', 'null'],
    ['a text', '"unknown playback session id"'],
    ['another error', '{"response":null,"error":"busy"}'],
    ['neither figures nor an error', '{"response":null,"error":null}'],
    ['nothing but figures of another kind', '{"response":5}'],
    ['too much', `{"response":{"x":"${'x'.repeat(70_000)}"}}`],
  ])('but says %s: that is a failure, not an end', async (_, body) => {
    await using server = await startStubServer(body);
    const url = `http://127.0.0.1:${server.port}/`;
    const { sessions } = create(server.port);
    await expect(sessions.readSample(stream({ statUrl: url }), NEVER)).rejects.toThrow();
    await expect(sessions.stop(stream({ commandUrl: url }))).rejects.toThrow();
  });

  test.each([
    ['figures', 3000, (sessions: PlaybackSessions, hung: Stream) => sessions.readSample(hung, NEVER)],
    ['a stop', 2000, (sessions: PlaybackSessions, hung: Stream) => sessions.stop(hung)],
  ] as const)('is given up when it hangs: %s after %i ms', async (_, deadlineMs, ask) => {
    await using hanging = await startEmulatedEngine();
    const session = await hanging.play(INFOHASH);
    hanging.kill('SIGSTOP');
    const { clock, sessions } = create(hanging.port);
    let settled = false;
    const asked = ask(sessions, stream({ statUrl: session.stat_url, commandUrl: session.command_url }));
    asked.catch(() => {
      settled = true;
    });
    clock.advance(deadlineMs - 1);
    await settle();
    expect(settled).toBe(false);
    clock.advance(1);
    await expect(asked).rejects.toThrow(`did not answer within ${deadlineMs / 1000} s`);
    expect(clock.pending).toBe(0);
  });

  test('is hung up on once nobody wants its answer', async () => {
    await using server = await startStubServer(() => {});
    const asking = new AbortController();
    const { sessions } = create(server.port);
    const url = `http://127.0.0.1:${server.port}/`;
    const asked = sessions.readSample(stream({ statUrl: url }), asking.signal);
    asked.catch(() => {});
    await waitUntil('it is asked', () => server.requests.length === 1, WAIT_MS);
    asking.abort(new Error('no longer wanted'));
    await expect(asked).rejects.toThrow('no longer wanted');
    await waitUntil('the connection is closed', async () => (await server.open()) === 0, WAIT_MS);
  });
});
