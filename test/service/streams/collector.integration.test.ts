import type { ServerResponse } from 'node:http';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { StreamCollector } from '../../../src/service/streams/collector.ts';
import { PlaybackSessions } from '../../../src/service/streams/sessions.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { startStubServer } from '../../support/http/stub-server.ts';
import { readStat, type Session, startEmulatedEngine } from '../../support/service/emulated-engine.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { createStreams, newStream } from './fixtures.ts';

vi.setConfig({ testTimeout: 30_000 });
const WAIT_MS = 10_000;
const INTERVAL_MS = 5000;
const DEADLINE_MS = 3000;
const INFOHASH = 'a'.repeat(40);
const STATS = JSON.stringify({ response: { peers: 4, status: 'dl' }, error: null });

/** A collector of streams on servers of 127.0.0.1. */
function createCollector({ intervalS = INTERVAL_MS / 1000, historyMax = 720 } = {}) {
  const fixture = createStreams(historyMax);
  const clock = new FakeClock();
  const sessions = new PlaybackSessions(clock, (host, port) =>
    host === '127.0.0.1' ? { host, port } : null,
  );
  const warnings: string[] = [];
  const inTrouble: string[] = [];
  const collector = new StreamCollector({
    ...fixture,
    sessions,
    clock,
    intervalS,
    onError: (_error, streamId) => warnings.push(streamId),
    onSample: () => {},
    onTrouble: (engineId) => inTrouble.push(engineId),
  });
  collector.start();
  onTestFinished(() => collector.stop());
  return { ...fixture, clock, collector, warnings, inTrouble };
}

type Fixture = ReturnType<typeof createCollector>;

function startAt({ streams }: Fixture, id: string, session: Session) {
  return streams.start(newStream(id, { statUrl: session.stat_url, commandUrl: session.command_url }));
}

function startAtPort({ streams }: Fixture, id: string, port: number) {
  return streams.start(newStream(id, { statUrl: `http://127.0.0.1:${port}/${id}` }));
}

/** Runs one round and waits for one more sample of a stream. */
async function nextSample({ clock, samples }: Fixture, id: string) {
  const before = samples.history(id).length;
  clock.advance(INTERVAL_MS);
  await waitUntil(`a sample of ${id}`, () => samples.history(id).length === before + 1, WAIT_MS);
  return samples.current(id)!;
}

/** Runs one round whose requests end at or before the timeout. */
async function failedRound({ clock }: Fixture, timersLeft = 1) {
  clock.advance(INTERVAL_MS);
  await settle();
  clock.advance(DEADLINE_MS);
  await waitUntil('the end of the round', () => clock.pending === timersLeft, WAIT_MS);
  await settle();
}

describe('a playing stream', () => {
  test('gets a sample from its engine in every round', async () => {
    await using engine = await startEmulatedEngine();
    const fixture = createCollector();
    startAt(fixture, 'a', await engine.play(INFOHASH));
    expect(fixture.samples.current('a')).toBeNull();
    const first = await nextSample(fixture, 'a');
    expect(first).toMatchObject({ peers: expect.any(Number), livePosition: { is_live: '1' } });
    const second = await nextSample(fixture, 'a');
    expect(second.downloaded).toBeGreaterThan(first.downloaded!);
    expect(fixture.samples.history('a')).toEqual([first, second]);
    expect(fixture.events.map(({ type }) => type)).toEqual(['stream_started']);
  });

  test('keeps no more samples than the maximum', async () => {
    await using engine = await startEmulatedEngine();
    const fixture = createCollector({ historyMax: 2 });
    startAt(fixture, 'a', await engine.play(INFOHASH));
    const first = await nextSample(fixture, 'a');
    await nextSample(fixture, 'a');
    fixture.clock.advance(INTERVAL_MS);
    await waitUntil(
      'the first sample is dropped',
      () => !fixture.samples.history('a').includes(first),
      WAIT_MS,
    );
    expect(fixture.samples.history('a')).toHaveLength(2);
  });

  test('ends once its engine no longer has the session', async () => {
    await using engine = await startEmulatedEngine();
    const fixture = createCollector();
    const [gone, plays] = [await engine.play(INFOHASH), await engine.play('b'.repeat(40))];
    startAt(fixture, 'gone', gone);
    startAt(fixture, 'plays', plays);
    const last = await nextSample(fixture, 'gone');
    await fetch(`${gone.command_url}?method=stop`);
    expect((await readStat(gone)).error).toBe('unknown playback session id');
    await nextSample(fixture, 'plays');
    await waitUntil('the end of the stream', () => fixture.streams.get('gone')?.endedAt, WAIT_MS);
    expect(fixture.events.at(-1)).toEqual({
      type: 'stream_ended',
      streamId: 'gone',
      engineId: 'engine-1',
      reason: 'session_gone',
    });
    expect(fixture.samples.current('gone')).toEqual(last);
    expect(fixture.streams.get('plays')?.endedAt).toBeNull();
  });
});

describe('a stream whose engine', () => {
  test('hangs is kept; its sample is out of date after three failures, reported once, until it responds again', async () => {
    await using engine = await startEmulatedEngine();
    const fixture = createCollector();
    startAt(fixture, 'a', await engine.play(INFOHASH));
    const last = await nextSample(fixture, 'a');
    engine.kill('SIGSTOP');
    for (const expected of [last, last, null, null]) {
      await failedRound(fixture);
      expect(fixture.samples.current('a')).toEqual(expected);
    }
    expect(fixture.warnings).toEqual(['a']);
    expect(fixture.streams.started()).toHaveLength(1);
    expect(fixture.samples.history('a')).toEqual([last]);
    engine.kill('SIGCONT');
    await nextSample(fixture, 'a');
    engine.kill('SIGSTOP');
    for (let round = 1; round <= 3; round += 1) await failedRound(fixture);
    expect(fixture.warnings).toEqual(['a', 'a']);
    // Its engine is checked on the first failure, not on the third.
    expect(fixture.inTrouble).toEqual(['engine-1', 'engine-1']);
  });

  test('has been killed is kept, because the runtime reports its stop', async () => {
    const engine = await startEmulatedEngine();
    const fixture = createCollector();
    startAt(fixture, 'a', await engine.play(INFOHASH));
    await nextSample(fixture, 'a');
    await engine[Symbol.asyncDispose]();
    for (let round = 1; round <= 3; round += 1) await failedRound(fixture);
    expect(fixture.samples.current('a')).toBeNull();
    expect(fixture.streams.started()).toHaveLength(1);
    fixture.bus.publish({ type: 'engine_stopped', engineId: 'engine-1', reason: 'gone' });
    expect(fixture.streams.started()).toEqual([]);
  });

  test('is not managed is kept without samples', async () => {
    const fixture = createCollector();
    fixture.streams.start(newStream('a', { statUrl: 'http://10.0.0.1:80/' }));
    for (let round = 1; round <= 4; round += 1) await failedRound(fixture);
    expect(fixture.warnings).toEqual(['a']);
    expect(fixture.samples.current('a')).toBeNull();
    expect(fixture.streams.started()).toHaveLength(1);
  });

  test('fails intermittently keeps its sample', async () => {
    let fails = false;
    await using server = await startStubServer((_, response) => response.end(fails ? 'rubbish' : STATS));
    const fixture = createCollector();
    startAtPort(fixture, 'a', server.port);
    await nextSample(fixture, 'a');
    for (let time = 1; time <= 3; time += 1) {
      fails = true;
      for (let round = 1; round <= 2; round += 1) {
        const count = server.requests.length;
        fixture.clock.advance(INTERVAL_MS);
        await waitUntil('the request', () => server.requests.length === count + 1, WAIT_MS);
        await waitUntil('the response', () => fixture.clock.pending === 1, WAIT_MS);
      }
      expect(fixture.samples.current('a')).not.toBeNull();
      fails = false;
      await nextSample(fixture, 'a');
    }
    expect(fixture.warnings).toEqual([]);
  });
});

describe('requests', () => {
  /** A server that holds all requests until the test responds. */
  async function startHolding() {
    const pending: ServerResponse[] = [];
    const server = await startStubServer((_, response) => pending.push(response));
    onTestFinished(() => server[Symbol.asyncDispose]());
    return { server, pending };
  }

  test('run in parallel: an engine that hangs delays no other', async () => {
    const { server } = await startHolding();
    await using good = await startStubServer(STATS);
    const fixture = createCollector();
    for (let index = 0; index < 20; index += 1) startAtPort(fixture, `hangs-${index}`, server.port);
    startAtPort(fixture, 'good', good.port);
    expect(await nextSample(fixture, 'good')).toMatchObject({ peers: 4 });
    await waitUntil('20 requests', () => server.requests.length === 20, WAIT_MS);
  });

  test('are limited to 32 at a time', async () => {
    const { server, pending } = await startHolding();
    const fixture = createCollector();
    for (let index = 0; index < 40; index += 1) startAtPort(fixture, `s${index}`, server.port);
    fixture.clock.advance(INTERVAL_MS);
    await waitUntil('32 requests', () => pending.length === 32, WAIT_MS);
    await settle();
    expect(server.requests).toHaveLength(32);
    for (const response of pending.splice(0)) response.end(STATS);
    await waitUntil('the other requests', () => pending.length === 8, WAIT_MS);
    for (const response of pending) response.end(STATS);
    const allSampled = () => fixture.streams.started().every(({ id }) => fixture.samples.current(id));
    await waitUntil('a sample of every stream', allSampled, WAIT_MS);
    expect(new Set(server.requests).size).toBe(40);
  });

  test('are limited to one per stream, however long the response takes', async () => {
    const { server, pending } = await startHolding();
    const fixture = createCollector({ intervalS: 1 });
    startAtPort(fixture, 'a', server.port);
    fixture.clock.advance(1000);
    await waitUntil('the request', () => pending.length === 1, WAIT_MS);
    fixture.clock.advance(1000);
    fixture.clock.advance(999);
    await settle();
    // The timeout of the request, and the next round.
    expect(fixture.clock.pending).toBe(2);
    expect(server.requests).toHaveLength(1);
    pending[0]!.end(STATS);
    await waitUntil('a sample', () => fixture.samples.current('a'), WAIT_MS);
    fixture.clock.advance(1);
    await waitUntil('the next request', () => pending.length === 2, WAIT_MS);
  });

  test('of a stream that has ended meanwhile are ignored, even if it has started again', async () => {
    const { server, pending } = await startHolding();
    const fixture = createCollector();
    startAtPort(fixture, 'ends', server.port);
    startAtPort(fixture, 'restarts', server.port);
    fixture.clock.advance(INTERVAL_MS);
    await waitUntil('both requests', () => pending.length === 2, WAIT_MS);
    fixture.streams.end('ends', null);
    fixture.streams.end('restarts', null);
    startAtPort(fixture, 'restarts', server.port);
    fixture.events.length = 0;
    for (const response of pending) response.end('{"response":null,"error":"unknown playback session id"}');
    await waitUntil('both responses', () => fixture.clock.pending === 1, WAIT_MS);
    await settle();
    expect(fixture.events).toEqual([]);
    expect(fixture.streams.get('restarts')?.endedAt).toBeNull();
  });

  test('are aborted by stop() without errors', async () => {
    const { server } = await startHolding();
    const fixture = createCollector();
    for (let index = 0; index < 40; index += 1) startAtPort(fixture, `s${index}`, server.port);
    fixture.clock.advance(INTERVAL_MS);
    await waitUntil('32 requests', () => server.requests.length === 32, WAIT_MS);
    fixture.collector.stop();
    await waitUntil('the end of all connections', async () => (await server.open()) === 0, WAIT_MS);
    expect(fixture.clock.pending).toBe(0);
    expect(server.requests).toHaveLength(32);
    expect(fixture.warnings).toEqual([]);
    expect(fixture.streams.started()).toHaveLength(40);
  });
});
