import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { RedisLink } from '../../../src/library/redis/index.ts';
import { StreamExchange } from '../../../src/service/cluster/stream-exchange.ts';
import { connectedLink, freshNamespace, PATIENT, SOON_MS } from '../../library/redis/support.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { createStreams, newStream } from '../streams/fixtures.ts';

const COMPARE_MS = 10_000;

describeWithRedis('orchestrators that share a Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** An orchestrator's streams and their exchange, as they are while nothing but these runs. */
  async function orchestrator(prefix: string) {
    const clock = new FakeClock();
    const link = await connectedLink(server.url, { prefix, clock });
    const { bus, events, streams } = createStreams();
    const errors: unknown[] = [];
    const exchange = new StreamExchange({ link, bus, streams, onError: (error) => errors.push(error) });
    const start = async () => {
      exchange.start();
      await waitUntil('it listens', async () => (await listeners(prefix)) > 0, SOON_MS);
    };
    const close = () => {
      exchange.close();
      link.close();
    };
    onTestFinished(close);
    const ids = () => streams.started().map(({ id }) => id);
    return { bus, events, streams, exchange, clock, errors, link, start, close, ids };
  }

  const hash = (prefix: string) => `${prefix}:{streams}:started`;
  const listeners = async (prefix: string) =>
    Number(((await server.command('PUBSUB', 'NUMSUB', `${prefix}:{streams}:changes`)) as unknown[])[1]);
  const told = (prefix: string) => server.command('HLEN', hash(prefix));

  async function two() {
    const prefix = freshNamespace();
    const [a, b] = [await orchestrator(prefix), await orchestrator(prefix)];
    await a.start();
    await b.start();
    await waitUntil('both listen', async () => (await listeners(prefix)) === 2, SOON_MS);
    return { a, b, prefix };
  }

  test('tell each other of starts and ends', async () => {
    const { a, b } = await two();
    const started = a.streams.start(newStream('s'));
    await waitUntil('the other knows', () => b.ids().length === 1, SOON_MS);
    expect(b.streams.get('s')).toEqual(started);
    expect(b.events).toEqual([{ type: 'stream_started', streamId: 's', engineId: 'engine-1' }]);
    b.streams.end('s', 'stopped');
    await waitUntil('the first knows', () => a.ids().length === 0, SOON_MS);
    expect(a.events.at(-1)).toMatchObject({ type: 'stream_ended', reason: 'ended_elsewhere' });
    expect(a.events).toHaveLength(2);
  });

  test('know all streams once the others have had the time to tell', async () => {
    const { a } = await two();
    expect(a.exchange.isCurrent).toBe(false);
    a.clock.advance(COMPARE_MS);
    expect(a.exchange.isCurrent).toBe(true);
    await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await waitUntil('it knows that it hears nothing', () => !a.exchange.isCurrent, SOON_MS);
  });

  test('one that comes later learns of what plays', async () => {
    const { a, prefix } = await two();
    a.streams.start(newStream('s'));
    await waitUntil('it is told', async () => (await told(prefix)) === 1, SOON_MS);
    const late = await orchestrator(prefix);
    await late.start();
    await waitUntil('it knows', () => late.ids().length === 1, SOON_MS);
    expect(late.errors).toEqual([]);
  });

  test('what plays already when one begins, or was restored, is told to the others', async () => {
    const prefix = freshNamespace();
    const [a, b] = [await orchestrator(prefix), await orchestrator(prefix)];
    a.streams.start(newStream('before'));
    await a.start();
    await b.start();
    await waitUntil('the first is known', () => b.ids().includes('before'), SOON_MS);
    a.streams.restore([{ ...newStream('former'), startedAt: 1, endedAt: null }]);
    await waitUntil('the restored one is known', () => b.ids().includes('former'), SOON_MS);
    expect(b.streams.get('former')?.startedAt).toBe(1);
  });

  test('a flushed Redis ends no stream that plays: who was told of it tells again', async () => {
    const { a, b, prefix } = await two();
    a.streams.start(newStream('s'));
    await waitUntil('the other knows', () => b.ids().length === 1, SOON_MS);
    await server.command('DEL', hash(prefix));
    await b.clock.advanceAsync(COMPARE_MS);
    await a.clock.advanceAsync(COMPARE_MS);
    await waitUntil('it is told again', async () => (await told(prefix)) === 1, SOON_MS);
    await b.clock.advanceAsync(COMPARE_MS);
    expect([a.ids(), b.ids()]).toEqual([['s'], ['s']]);
  });

  test('an end that was missed is found by comparing, twice to be sure', async () => {
    const { a, b, prefix } = await two();
    a.streams.start(newStream('s'));
    await waitUntil('the other knows', () => b.ids().length === 1, SOON_MS);
    a.close();
    await server.command('DEL', hash(prefix));
    let times = 0;
    const hasEnded = async () => {
      times += 1;
      await b.clock.advanceAsync(COMPARE_MS);
      return b.ids().length === 0;
    };
    await waitUntil('it has ended', hasEnded, SOON_MS);
    expect(times).toBeGreaterThanOrEqual(2);
  });

  test('comparing again at once, after a reconnection, is not twice', async () => {
    const { a, b, prefix } = await two();
    a.streams.start(newStream('s'));
    await waitUntil('the other knows', () => b.ids().length === 1, SOON_MS);
    const comparisons = async () =>
      Number(/cmdstat_hvals:calls=(\d+)/.exec(String(await server.command('INFO', 'commandstats')))?.[1]);
    await server.command('DEL', hash(prefix));
    // The first does not come back meanwhile: its time stands still.
    for (const time of ['first', 'second']) {
      const before = await comparisons();
      await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await waitUntil(
        `the other compares for the ${time} time`,
        async () => {
          await b.clock.advanceAsync(10);
          return (await comparisons()) > before;
        },
        SOON_MS,
      );
      // Replies come in order: after this one that of the comparison is there.
      await b.link.send(['PING']);
      await settle();
    }
    expect(b.ids()).toEqual(['s']);
  });

  test('an end that could not be told is told later', async () => {
    const { a, b, prefix } = await two();
    a.streams.start(newStream('s'));
    await waitUntil('the other knows', () => b.ids().length === 1, SOON_MS);
    a.streams.end('s', null);
    await waitUntil('its end is known', () => b.ids().length === 0, SOON_MS);
    // As if the end had been lost on its way.
    await server.command(
      'HSET',
      hash(prefix),
      's',
      JSON.stringify({ ...newStream('s'), startedAt: 1, endedAt: null }),
    );
    await a.clock.advanceAsync(COMPARE_MS);
    await waitUntil('it is told again', async () => (await told(prefix)) === 0, SOON_MS);
    expect(a.ids()).toEqual([]);
  });

  test('one that was away when a stream ended does not bring it back, only a new start does', async () => {
    const { a, b, prefix } = await two();
    const { startedAt } = b.streams.start(newStream('s'));
    await waitUntil('the other knows', () => a.ids().length === 1, SOON_MS);
    const kept = a.streams.started();
    a.close();
    b.streams.end('s', 'stopped');
    await waitUntil('its end is told', async () => (await told(prefix)) === 0, SOON_MS);
    const back = await orchestrator(prefix);
    back.streams.restore(kept);
    await back.start();
    await waitUntil('it learns of the end', () => back.ids().length === 0, SOON_MS);
    expect(b.events.map(({ type }) => type)).toEqual(['stream_started', 'stream_ended']);
    back.streams.start(newStream('s'), startedAt + 1);
    await waitUntil('the new start is known', () => b.ids().length === 1, SOON_MS);
    expect(back.ids()).toEqual(['s']);
  });

  test('what is no stream is passed over', async () => {
    const prefix = freshNamespace();
    await server.command('HSET', hash(prefix), 'a', 'nonsense', 'b', '{"id":"b"}', 'c', 'null');
    const { start, ids, errors } = await orchestrator(prefix);
    await start();
    for (const message of ['', '?', '+nonsense', '+{}', '-unknown'])
      await server.command('PUBLISH', `${prefix}:{streams}:changes`, message);
    await server.command(
      'PUBLISH',
      `${prefix}:{streams}:changes`,
      `+${JSON.stringify({ ...newStream('good'), startedAt: 1, endedAt: null })}`,
    );
    await waitUntil('the good one is taken', () => ids().length === 1, SOON_MS);
    expect([ids(), errors]).toEqual([['good'], []]);
  });

  test('without Redis each goes on with what it knows', async () => {
    const link = new RedisLink({ ...PATIENT, url: 'redis://127.0.0.1:1' });
    const { bus, streams } = createStreams();
    const errors: unknown[] = [];
    const exchange = new StreamExchange({ link, bus, streams, onError: (error) => errors.push(error) });
    exchange.start();
    streams.start(newStream('s'));
    streams.end('s', null);
    exchange.close();
    link.close();
    expect([streams.started(), errors]).toEqual([[], []]);
  });
});
