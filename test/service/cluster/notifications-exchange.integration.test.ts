import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { NotificationsExchange } from '../../../src/service/cluster/notifications-exchange.ts';
import { connectedLink, freshNamespace, SOON_MS } from '../../library/redis/support.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { waitUntil } from '../../support/wait-until.ts';

describeWithRedis('what orchestrators share about notifications', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  async function two() {
    const prefix = freshNamespace();
    const errors: unknown[] = [];
    const create = async () => {
      const link = await connectedLink(server.url, { prefix });
      onTestFinished(() => link.close());
      return new NotificationsExchange(link, (error) => errors.push(error));
    };
    return { prefix, errors, a: await create(), b: await create() };
  }

  test('the failures that one has reported are those that the other loads', async () => {
    const { a, b } = await two();
    expect(await b.load()).toBeNull();
    a.save({ 'vpn:a': 1000 });
    await waitUntil('they are stored', async () => (await b.load())?.['vpn:a'] === 1000, SOON_MS);
  });

  test('a value that another program has written is ignored', async () => {
    const { prefix, a } = await two();
    await server.command('SET', `${prefix}:{notifications}:reported`, '{"x":"y"}');
    expect(await a.load()).toEqual({});
    await server.command('SET', `${prefix}:{notifications}:reported`, 'no JSON');
    await expect(a.load()).rejects.toThrow();
    await server.command('DEL', `${prefix}:{notifications}:reported`);
    await server.command('LPUSH', `${prefix}:{notifications}:reported`, 'x');
    expect(await a.load()).toBeNull();
  });

  test('the deletion of an engine by one is known to the other for a while', async () => {
    const { prefix, a, b } = await two();
    expect(await b.wasDeleted('e')).toBe(false);
    a.announceDeletion('e');
    await waitUntil('it is announced', () => b.wasDeleted('e'), SOON_MS);
    expect(Number(await server.command('TTL', `${prefix}:{notifications}:deleted:e`))).toBeGreaterThan(60);
  });
});
