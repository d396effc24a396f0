import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { RedisLink } from '../../../src/library/redis/index.ts';
import { StreamExchange } from '../../../src/service/cluster/stream-exchange.ts';
import { connectedLink, freshNamespace, PATIENT, SOON_MS } from '../../library/redis/support.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { createStreams, newStream } from '../streams/fixtures.ts';

const SYNC_INTERVAL_MS = 10_000;

describeWithRedis('orchestrators that share a Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** The streams of one orchestrator and their exchange, without the rest of the service. */
  async function orchestrator(prefix: string) {
    const clock = new FakeClock();
    const link = await connectedLink(server.url, { prefix, clock });
    const { bus, events, streams } = createStreams();
    const errors: unknown[] = [];
    const exchange = new StreamExchange({ link, bus, streams, onError: (error) => errors.push(error) });
    const start = async () => {
      exchange.start();
      await waitUntil('it is subscribed', async () => (await subscribers(prefix)) > 0, SOON_MS);
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
  const subscribers = async (prefix: string) =>
    Number(((await server.command('PUBSUB', 'NUMSUB', `${prefix}:{streams}:changes`)) as unknown[])[1]);
  const publishedCount = (prefix: string) => server.command('HLEN', hash(prefix));

  async function two() {
    const prefix = freshNamespace();
    const [a, b] = [await orchestrator(prefix), await orchestrator(prefix)];
    await a.start();
    await b.start();
    await waitUntil('both are subscribed', async () => (await subscribers(prefix)) === 2, SOON_MS);
    return { a, b, prefix };
  }

  test("receive each other's starts and ends", async () => {
    const { a, b } = await two();
    const started = a.streams.start(newStream('s'));
    await waitUntil('the other one has it', () => b.ids().length === 1, SOON_MS);
    expect(b.streams.get('s')).toEqual(started);
    expect(b.events).toEqual([{ type: 'stream_started', streamId: 's', engineId: 'engine-1' }]);
    b.streams.end('s', 'stopped');
    await waitUntil('the first one has it', () => a.ids().length === 0, SOON_MS);
    expect(a.events.at(-1)).toMatchObject({ type: 'stream_ended', reason: 'ended_elsewhere' });
    expect(a.events).toHaveLength(2);
  });

  test('publish their streams again if a value of another type has replaced them', async () => {
    const { a, prefix } = await two();
    a.streams.start(newStream('s'));
    await waitUntil('it is published', async () => (await publishedCount(prefix)) === 1, SOON_MS);
    await server.command('SET', hash(prefix), 'text');
    await a.clock.advanceAsync(SYNC_INTERVAL_MS);
    const type = () => server.command('TYPE', hash(prefix));
    await waitUntil('it is published again', async () => (await type()) === 'hash', SOON_MS);
    expect([a.ids(), a.errors]).toEqual([['s'], []]);
  });

  test('have all streams after one synchronization interval', async () => {
    const { a } = await two();
    expect(a.exchange.isComplete).toBe(false);
    a.clock.advance(SYNC_INTERVAL_MS);
    expect(a.exchange.isComplete).toBe(true);
    await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
    await waitUntil('the lost subscription is noticed', () => !a.exchange.isComplete, SOON_MS);
  });

  test('one that starts later receives the streams that play', async () => {
    const { a, prefix } = await two();
    a.streams.start(newStream('s'));
    await waitUntil('it is published', async () => (await publishedCount(prefix)) === 1, SOON_MS);
    const late = await orchestrator(prefix);
    await late.start();
    await waitUntil('it has it', () => late.ids().length === 1, SOON_MS);
    expect(late.errors).toEqual([]);
  });

  test('streams from before the start, and restored ones, are published', async () => {
    const prefix = freshNamespace();
    const [a, b] = [await orchestrator(prefix), await orchestrator(prefix)];
    a.streams.start(newStream('before'));
    await a.start();
    await b.start();
    await waitUntil('the first one has arrived', () => b.ids().includes('before'), SOON_MS);
    a.streams.restore([{ ...newStream('former'), startedAt: 1, endedAt: null }]);
    await waitUntil('the restored one has arrived', () => b.ids().includes('former'), SOON_MS);
    expect(b.streams.get('former')?.startedAt).toBe(1);
  });

  test('data loss in Redis ends no stream: its orchestrator publishes it again', async () => {
    const { a, b, prefix } = await two();
    a.streams.start(newStream('s'));
    await waitUntil('the other one has it', () => b.ids().length === 1, SOON_MS);
    await server.command('DEL', hash(prefix));
    await b.clock.advanceAsync(SYNC_INTERVAL_MS);
    await a.clock.advanceAsync(SYNC_INTERVAL_MS);
    await waitUntil('it is published again', async () => (await publishedCount(prefix)) === 1, SOON_MS);
    await b.clock.advanceAsync(SYNC_INTERVAL_MS);
    expect([a.ids(), b.ids()]).toEqual([['s'], ['s']]);
  });

  test('a missed end is found by two synchronizations', async () => {
    const { a, b, prefix } = await two();
    a.streams.start(newStream('s'));
    await waitUntil('the other one has it', () => b.ids().length === 1, SOON_MS);
    a.close();
    await server.command('DEL', hash(prefix));
    let times = 0;
    const hasEnded = async () => {
      times += 1;
      await b.clock.advanceAsync(SYNC_INTERVAL_MS);
      return b.ids().length === 0;
    };
    await waitUntil('it has ended', hasEnded, SOON_MS);
    expect(times).toBeGreaterThanOrEqual(2);
  });

  test('synchronizations in quick succession, after reconnections, do not count as two', async () => {
    const { a, b, prefix } = await two();
    a.streams.start(newStream('s'));
    await waitUntil('the other one has it', () => b.ids().length === 1, SOON_MS);
    const synchronizations = async () =>
      Number(/cmdstat_hvals:calls=(\d+)/.exec(String(await server.command('INFO', 'commandstats')))?.[1]);
    await server.command('DEL', hash(prefix));
    // The first orchestrator does not synchronize meanwhile: its clock does not advance.
    for (const time of ['first', 'second']) {
      const before = await synchronizations();
      await server.command('CLIENT', 'KILL', 'TYPE', 'pubsub');
      await waitUntil(
        `the ${time} synchronization of the other one`,
        async () => {
          await b.clock.advanceAsync(10);
          return (await synchronizations()) > before;
        },
        SOON_MS,
      );
      // Replies arrive in order: after this one, that of the synchronization has arrived.
      await b.link.send(['PING']);
      await settle();
    }
    expect(b.ids()).toEqual(['s']);
  });

  test('an end that could not be published is published later', async () => {
    const { a, b, prefix } = await two();
    a.streams.start(newStream('s'));
    await waitUntil('the other one has it', () => b.ids().length === 1, SOON_MS);
    a.streams.end('s', null);
    await waitUntil('its end has arrived', () => b.ids().length === 0, SOON_MS);
    // As if the end had been lost.
    await server.command(
      'HSET',
      hash(prefix),
      's',
      JSON.stringify({ ...newStream('s'), startedAt: 1, endedAt: null }),
    );
    await a.clock.advanceAsync(SYNC_INTERVAL_MS);
    await waitUntil('it is published again', async () => (await publishedCount(prefix)) === 0, SOON_MS);
    expect(a.ids()).toEqual([]);
  });

  test('a stream is not started again by an orchestrator that missed its end, only by a new start', async () => {
    const { a, b, prefix } = await two();
    const { startedAt } = b.streams.start(newStream('s'));
    await waitUntil('the other one has it', () => a.ids().length === 1, SOON_MS);
    const kept = a.streams.started();
    a.close();
    b.streams.end('s', 'stopped');
    await waitUntil('its end is published', async () => (await publishedCount(prefix)) === 0, SOON_MS);
    const back = await orchestrator(prefix);
    back.streams.restore(kept);
    await back.start();
    await waitUntil('the end has arrived', () => back.ids().length === 0, SOON_MS);
    expect(b.events.map(({ type }) => type)).toEqual(['stream_started', 'stream_ended']);
    back.streams.start(newStream('s'), startedAt + 1);
    await waitUntil('the new start has arrived', () => b.ids().length === 1, SOON_MS);
    expect(back.ids()).toEqual(['s']);
  });

  test('a late end does not end a new start of the same id', async () => {
    const { a, b, prefix } = await two();
    const publish = (message: string) =>
      server.command('PUBLISH', `${prefix}:{streams}:changes`, message) as Promise<number>;
    const first = a.streams.start(newStream('s'));
    await waitUntil('the other one has it', () => b.ids().length === 1, SOON_MS);
    a.streams.end('s', 'stopped');
    await waitUntil('its end has arrived', () => b.ids().length === 0, SOON_MS);
    const second = b.streams.start(newStream('s'));
    expect(second.startedAt).toBeGreaterThan(first.startedAt);
    await waitUntil('the new start has arrived', () => a.ids().length === 1, SOON_MS);
    // As if the end of the first start had been delayed.
    await publish(`-${first.startedAt} s`);
    a.streams.start(newStream('marker'));
    await waitUntil('later messages have arrived', () => b.ids().includes('marker'), SOON_MS);
    expect(b.streams.get('s')).toMatchObject({ startedAt: second.startedAt, endedAt: null });
    expect(await server.command('HGET', hash(prefix), 's')).toContain(String(second.startedAt));
    await publish(`-${second.startedAt} s`);
    await waitUntil('the end of the second start has arrived', () => !a.ids().includes('s'), SOON_MS);
  });

  test('an end removes the record of its own start, not that of a later one', async () => {
    const { a, prefix } = await two();
    a.streams.start(newStream('s'), 1000);
    await waitUntil('it is published', async () => (await publishedCount(prefix)) === 1, SOON_MS);
    // Another orchestrator has started it again, and its message is late.
    const later = JSON.stringify({ ...newStream('s'), startedAt: 2000, endedAt: null });
    await server.command('HSET', hash(prefix), 's', later);
    a.streams.end('s', null);
    await a.link.send(['PING']);
    expect(await server.command('HGET', hash(prefix), 's')).toBe(later);
  });

  test('a stream that is reported to two orchestrators at once ends for both', async () => {
    const { a, b } = await two();
    a.streams.start(newStream('s'), 1000);
    b.streams.start(newStream('s'), 1001);
    await waitUntil('they agree', () => a.streams.get('s')?.startedAt === 1001, SOON_MS);
    a.streams.end('s', 'stopped');
    await waitUntil('it has ended for both', () => b.ids().length === 0, SOON_MS);
  });

  test('invalid records and messages are ignored', async () => {
    const prefix = freshNamespace();
    await server.command('HSET', hash(prefix), 'a', 'nonsense', 'b', '{"id":"b"}', 'c', 'null');
    const { start, ids, errors } = await orchestrator(prefix);
    await start();
    for (const message of ['', '?', '+nonsense', '+{}', '-', '-unknown', '-1 unknown'])
      await server.command('PUBLISH', `${prefix}:{streams}:changes`, message);
    await server.command(
      'PUBLISH',
      `${prefix}:{streams}:changes`,
      `+${JSON.stringify({ ...newStream('good'), startedAt: 1, endedAt: null })}`,
    );
    await waitUntil('the valid one has arrived', () => ids().length === 1, SOON_MS);
    expect([ids(), errors]).toEqual([['good'], []]);
  });

  test('without Redis only local streams are known', async () => {
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
