import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { createNamespace, freshNamespace, Node, SOON_MS } from './support.ts';

vi.setConfig({ testTimeout: 120_000 });

describeWithRedis('TieredCache under sustained use', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  test('stays within its limits in memory, and leaves nothing in Redis except the state', async () => {
    const namespace = await createNamespace(server.url);
    const options = { namespace, maxEntries: 100, sweepIntervalS: 0 };
    using a = await new Node<number>(server.url, options).up();
    using b = await new Node<number>(server.url, options).up();
    for (let round = 0; round < 100; round += 1) {
      const reads = Array.from({ length: 100 }, (_, i) => {
        const { cache } = i % 2 ? a : b;
        const load = () => (i % 7 === 0 ? Promise.reject(new Error('no')) : round);
        return cache.getOrLoad(`k${(round * 100 + i) % 5000}`, load, { ttlS: 0.2 });
      });
      await Promise.allSettled(reads);
      if (round % 10 === 0) a.cache.invalidate('k1*');
    }
    for (const { cache } of [a, b]) {
      expect(cache.totals().entryCount).toBeLessThanOrEqual(100);
      expect(cache.totals().inFlight).toBe(0);
    }
    // Entries and leases expire. Only the state of the namespace remains.
    const keys = async () => (await server.command('KEYS', '*')) as string[];
    await waitUntil('all other keys have expired', async () => (await keys()).length === 1, SOON_MS);
    expect(await keys()).toEqual([`roundhouse:{${namespace}}:state`]);
    expect(await server.command('PUBSUB', 'CHANNELS')).toHaveLength(1);
  });

  test('a hundred caches leave no connection open after they are closed', async () => {
    for (let round = 0; round < 20; round += 1) {
      const nodes = Array.from({ length: 5 }, () => new Node(server.url, { namespace: freshNamespace() }));
      // In every other round they are closed while connecting.
      if (round % 2 === 0) await Promise.all(nodes.map((node) => node.up()));
      for (const node of nodes) node[Symbol.dispose]();
    }
    const clients = async () => String(await server.command('INFO', 'clients'));
    // One connection is that of this command.
    await waitUntil(
      'all connections are closed',
      async () => /connected_clients:1\r/.test(await clients()),
      SOON_MS,
    );
  });
});
