import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { jsonCodec } from '../../../src/library/redis/index.ts';
import { cachedResult, isStoredResult, type StoredResult } from '../../../src/library/result-cache/index.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { freshNamespace, Node, SOON_MS } from '../redis/support.ts';

describeWithRedis('cachedResult over a TieredCache', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  async function twoNodes() {
    const namespace = freshNamespace();
    const nodes = [
      new Node<StoredResult>(server.url, { namespace, codec: jsonCodec(isStoredResult) }),
      new Node<StoredResult>(server.url, { namespace, codec: jsonCodec(isStoredResult) }),
    ] as const;
    await Promise.all(nodes.map((node) => node.up()));
    return { nodes, [Symbol.dispose]: () => nodes.map((node) => node[Symbol.dispose]()) };
  }

  test('processes share a result until one of them invalidates it', async () => {
    using world = await twoNodes();
    const fn = vi.fn(async (id: number) => ({ id }));
    const [here, there] = world.nodes.map(({ cache }) =>
      cachedResult(fn, { name: 'fn', async: true, cache }),
    );
    expect(await here!(1)).toEqual({ id: 1 });
    await waitUntil('it is stored', () => world.nodes[0].cache.redisTotals().stored === 1, SOON_MS);
    expect(await there!(1)).toEqual({ id: 1 });
    expect(fn).toHaveBeenCalledTimes(1);
    here!.invalidate(1);
    const key = there!.keyOf(1)!;
    await waitUntil(
      'the other process has invalidated it',
      () => world.nodes[1].cache.get(key) === undefined,
      SOON_MS,
    );
    expect(await there!(1)).toEqual({ id: 1 });
    expect(fn).toHaveBeenCalledTimes(2);
  });

  test('shares undefined with storeEmpty, and does not share null without it', async () => {
    using world = await twoNodes();
    const nothing = vi.fn(async (_: number) => undefined);
    const [here, there] = world.nodes.map(({ cache }) =>
      cachedResult(nothing, { name: 'nothing', async: true, storeEmpty: true, cache }),
    );
    await here!(1);
    await waitUntil('it is stored', () => world.nodes[0].cache.redisTotals().stored === 1, SOON_MS);
    expect(await there!(1)).toBeUndefined();
    expect(nothing).toHaveBeenCalledTimes(1);
    const none = vi.fn(async () => null);
    const calls = world.nodes.map(({ cache }) => cachedResult(none, { name: 'none', async: true, cache }));
    for (const call of calls) expect(await call()).toBeNull();
    expect(none).toHaveBeenCalledTimes(2);
  });

  test('returns a result that JSON cannot represent, and caches it in memory only', async () => {
    using world = await twoNodes();
    const fn = vi.fn(async () => 12n);
    const [here, there] = world.nodes.map(({ cache }) =>
      cachedResult(fn, { name: 'big', async: true, cache }),
    );
    expect([await here!(), await here!()]).toEqual([12n, 12n]);
    expect(await there!()).toBe(12n);
    expect(fn).toHaveBeenCalledTimes(2);
  });

  test('caches results of a synchronous function in memory, and invalidates them in other processes', async () => {
    using world = await twoNodes();
    const fn = vi.fn((id: number) => id + 1);
    const [here, there] = world.nodes.map(({ cache }) => cachedResult(fn, { name: 'sync', cache }));
    expect([here!(1), here!(1), there!(1)]).toEqual([2, 2, 2]);
    expect(fn).toHaveBeenCalledTimes(2);
    there!.invalidate(1);
    const key = here!.keyOf(1)!;
    await waitUntil(
      'the other process has invalidated it',
      () => world.nodes[0].cache.get(key) === undefined,
      SOON_MS,
    );
  });

  test.each(['null', '7', '"text"', '[1]', '{"other":1}', '{"value":1,"other":1}', ''])(
    'a value of another shape in Redis is a miss, and is replaced: %s',
    async (garbage) => {
      using world = await twoNodes();
      const [here, there] = world.nodes.map(({ cache }) =>
        cachedResult(async () => 'result', { name: 'shape', async: true, cache }),
      );
      await here!();
      const { cache } = world.nodes[1];
      await waitUntil('it is stored', () => world.nodes[0].cache.redisTotals().stored === 1, SOON_MS);
      const [key] = (await server.command('KEYS', '*:entry:*shape*')) as string[];
      const entry = String(await server.command('GET', key!));
      await server.command('SET', key!, `${entry.slice(0, entry.indexOf('\n') + 1)}${garbage}`);
      expect(await there!()).toBe('result');
      expect(cache.redisTotals()).toMatchObject({ corrupt: 1, leads: 1 });
      await waitUntil('it is replaced', () => cache.redisTotals().stored === 1, SOON_MS);
      expect(String(await server.command('GET', key!))).toMatch(/\n{"value":"result"}$/);
      await server.command('DEL', key!);
    },
  );

  test('caches results in memory while Redis is unavailable', async () => {
    using node = new Node<StoredResult>('redis://127.0.0.1:1', { namespace: freshNamespace() });
    const fn = vi.fn(async () => 1);
    const cached = cachedResult(fn, { async: true, cache: node.cache });
    expect([await cached(), await cached()]).toEqual([1, 1]);
    expect(fn).toHaveBeenCalledTimes(1);
  });
});
