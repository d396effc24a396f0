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
const FIGURES = JSON.stringify({ response: { peers: 4, status: 'dl' }, error: null });

/** A collector over streams at whatever serves on 127.0.0.1. */
function createCollector({ intervalS = INTERVAL_MS / 1000, historyMax = 720 } = {}) {
  const room = createStreams(historyMax);
  const clock = new FakeClock();
  const sessions = new PlaybackSessions(clock, (host, port) =>
    host === '127.0.0.1' ? { host, port } : null,
  );
  const warnings: string[] = [];
  const collector = new StreamCollector({
    ...room,
    sessions,
    clock,
    intervalS,
    onError: (_error, streamId) => warnings.push(streamId),
  });
  collector.start();
  onTestFinished(() => collector.stop());
  return { ...room, clock, collector, warnings };
}

type Room = ReturnType<typeof createCollector>;

function startAt({ streams }: Room, id: string, session: Session) {
  return streams.start(newStream(id, { statUrl: session.stat_url, commandUrl: session.command_url }));
}

function startAtPort({ streams }: Room, id: string, port: number) {
  return streams.start(newStream(id, { statUrl: `http://127.0.0.1:${port}/${id}` }));
}

/** Lets one round pass, and waits until a stream has one sample more. */
async function nextSample({ clock, figures }: Room, id: string) {
  const before = figures.history(id).length;
  clock.advance(INTERVAL_MS);
  await waitUntil(`a sample of ${id}`, () => figures.history(id).length === before + 1, WAIT_MS);
  return figures.current(id)!;
}

/** Lets a round pass whose askings end at the deadline, or before. */
async function failedRound({ clock }: Room, timersLeft = 1) {
  clock.advance(INTERVAL_MS);
  await settle();
  clock.advance(DEADLINE_MS);
  await waitUntil('the round is over', () => clock.pending === timersLeft, WAIT_MS);
  await settle();
}

describe('a stream that plays', () => {
  test('has figures from its engine with every round', async () => {
    await using engine = await startEmulatedEngine();
    const room = createCollector();
    startAt(room, 'a', await engine.play(INFOHASH));
    expect(room.figures.current('a')).toBeNull();
    const first = await nextSample(room, 'a');
    expect(first).toMatchObject({ peers: expect.any(Number), livePosition: { is_live: '1' } });
    const second = await nextSample(room, 'a');
    expect(second.downloaded).toBeGreaterThan(first.downloaded!);
    expect(room.figures.history('a')).toEqual([first, second]);
    expect(room.events.map(({ type }) => type)).toEqual(['stream_started']);
  });

  test('keeps no more samples than it may', async () => {
    await using engine = await startEmulatedEngine();
    const room = createCollector({ historyMax: 2 });
    startAt(room, 'a', await engine.play(INFOHASH));
    const first = await nextSample(room, 'a');
    await nextSample(room, 'a');
    room.clock.advance(INTERVAL_MS);
    await waitUntil('the first is gone', () => !room.figures.history('a').includes(first), WAIT_MS);
    expect(room.figures.history('a')).toHaveLength(2);
  });

  test('ends as soon as its engine no longer knows its session', async () => {
    await using engine = await startEmulatedEngine();
    const room = createCollector();
    const [gone, plays] = [await engine.play(INFOHASH), await engine.play('b'.repeat(40))];
    startAt(room, 'gone', gone);
    startAt(room, 'plays', plays);
    const last = await nextSample(room, 'gone');
    await fetch(`${gone.command_url}?method=stop`);
    expect((await readStat(gone)).error).toBe('unknown playback session id');
    await nextSample(room, 'plays');
    await waitUntil('the stream has ended', () => room.streams.get('gone')?.endedAt, WAIT_MS);
    expect(room.events.at(-1)).toEqual({
      type: 'stream_ended',
      streamId: 'gone',
      engineId: 'engine-1',
      reason: 'session_gone',
    });
    expect(room.figures.current('gone')).toEqual(last);
    expect(room.streams.get('plays')?.endedAt).toBeNull();
  });
});

describe('a stream whose engine', () => {
  test('hangs is kept; its figures are unknown after three failures, which is told once, until they are back', async () => {
    await using engine = await startEmulatedEngine();
    const room = createCollector();
    startAt(room, 'a', await engine.play(INFOHASH));
    const last = await nextSample(room, 'a');
    engine.kill('SIGSTOP');
    for (const known of [last, last, null, null]) {
      await failedRound(room);
      expect(room.figures.current('a')).toEqual(known);
    }
    expect(room.warnings).toEqual(['a']);
    expect(room.streams.started()).toHaveLength(1);
    expect(room.figures.history('a')).toEqual([last]);
    engine.kill('SIGCONT');
    await nextSample(room, 'a');
    engine.kill('SIGSTOP');
    for (let round = 1; round <= 3; round += 1) await failedRound(room);
    expect(room.warnings).toEqual(['a', 'a']);
  });

  test('has been killed is kept: that it stopped is for its runtime to say', async () => {
    const engine = await startEmulatedEngine();
    const room = createCollector();
    startAt(room, 'a', await engine.play(INFOHASH));
    await nextSample(room, 'a');
    await engine[Symbol.asyncDispose]();
    for (let round = 1; round <= 3; round += 1) await failedRound(room);
    expect(room.figures.current('a')).toBeNull();
    expect(room.streams.started()).toHaveLength(1);
    room.bus.publish({ type: 'engine_stopped', engineId: 'engine-1', reason: 'gone' });
    expect(room.streams.started()).toEqual([]);
  });

  test('is none of ours is kept without figures', async () => {
    const room = createCollector();
    room.streams.start(newStream('a', { statUrl: 'http://10.0.0.1:80/' }));
    for (let round = 1; round <= 4; round += 1) await failedRound(room);
    expect(room.warnings).toEqual(['a']);
    expect(room.figures.current('a')).toBeNull();
    expect(room.streams.started()).toHaveLength(1);
  });

  test('fails in between only is not unknown', async () => {
    let fails = false;
    await using server = await startStubServer((_, response) => response.end(fails ? 'rubbish' : FIGURES));
    const room = createCollector();
    startAtPort(room, 'a', server.port);
    await nextSample(room, 'a');
    for (let time = 1; time <= 3; time += 1) {
      fails = true;
      for (let round = 1; round <= 2; round += 1) {
        const asked = server.requests.length;
        room.clock.advance(INTERVAL_MS);
        await waitUntil('it is asked', () => server.requests.length === asked + 1, WAIT_MS);
        await waitUntil('it has been answered', () => room.clock.pending === 1, WAIT_MS);
      }
      expect(room.figures.current('a')).not.toBeNull();
      fails = false;
      await nextSample(room, 'a');
    }
    expect(room.warnings).toEqual([]);
  });
});

describe('asking', () => {
  /** A server that holds every request until it is told to answer. */
  async function startHolding() {
    const held: ServerResponse[] = [];
    const server = await startStubServer((_, response) => held.push(response));
    onTestFinished(() => server[Symbol.asyncDispose]());
    return { server, held };
  }

  test('goes on side by side: an engine that hangs holds up no other', async () => {
    const { server } = await startHolding();
    await using good = await startStubServer(FIGURES);
    const room = createCollector();
    for (let index = 0; index < 20; index += 1) startAtPort(room, `hangs-${index}`, server.port);
    startAtPort(room, 'good', good.port);
    expect(await nextSample(room, 'good')).toMatchObject({ peers: 4 });
    expect(server.requests).toHaveLength(20);
  });

  test('has 32 calls under way at once, no more; the others follow', async () => {
    const { server, held } = await startHolding();
    const room = createCollector();
    for (let index = 0; index < 40; index += 1) startAtPort(room, `s${index}`, server.port);
    room.clock.advance(INTERVAL_MS);
    await waitUntil('32 are asked', () => held.length === 32, WAIT_MS);
    await settle();
    expect(server.requests).toHaveLength(32);
    for (const response of held.splice(0)) response.end(FIGURES);
    await waitUntil('the others are asked', () => held.length === 8, WAIT_MS);
    for (const response of held) response.end(FIGURES);
    const known = () => room.streams.started().every(({ id }) => room.figures.current(id));
    await waitUntil('all have figures', known, WAIT_MS);
    expect(new Set(server.requests).size).toBe(40);
  });

  test('never concerns a stream twice at once, however long the answer takes', async () => {
    const { server, held } = await startHolding();
    const room = createCollector({ intervalS: 1 });
    startAtPort(room, 'a', server.port);
    room.clock.advance(1000);
    await waitUntil('it is asked', () => held.length === 1, WAIT_MS);
    room.clock.advance(1000);
    room.clock.advance(999);
    await settle();
    // The deadline of the one call, and the next round.
    expect(room.clock.pending).toBe(2);
    expect(server.requests).toHaveLength(1);
    held[0]!.end(FIGURES);
    await waitUntil('it has figures', () => room.figures.current('a'), WAIT_MS);
    room.clock.advance(1);
    await waitUntil('it is asked again', () => held.length === 2, WAIT_MS);
  });

  test('of a stream that ends meanwhile counts for nothing, also where it has started again', async () => {
    const { server, held } = await startHolding();
    const room = createCollector();
    startAtPort(room, 'ends', server.port);
    startAtPort(room, 'restarts', server.port);
    room.clock.advance(INTERVAL_MS);
    await waitUntil('both are asked', () => held.length === 2, WAIT_MS);
    room.streams.end('ends', null);
    room.streams.end('restarts', null);
    startAtPort(room, 'restarts', server.port);
    room.events.length = 0;
    for (const response of held) response.end('{"response":null,"error":"unknown playback session id"}');
    await waitUntil('both are answered', () => room.clock.pending === 1, WAIT_MS);
    await settle();
    expect(room.events).toEqual([]);
    expect(room.streams.get('restarts')?.endedAt).toBeNull();
  });

  test('ends with stop, without a word about what was under way', async () => {
    const { server } = await startHolding();
    const room = createCollector();
    for (let index = 0; index < 40; index += 1) startAtPort(room, `s${index}`, server.port);
    room.clock.advance(INTERVAL_MS);
    await waitUntil('32 are asked', () => server.requests.length === 32, WAIT_MS);
    room.collector.stop();
    await waitUntil('no connection is left', async () => (await server.open()) === 0, WAIT_MS);
    expect(room.clock.pending).toBe(0);
    expect(server.requests).toHaveLength(32);
    expect(room.warnings).toEqual([]);
    expect(room.streams.started()).toHaveLength(40);
  });
});
