import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type StoredResult, cachedResult } from '../../../src/library/result-cache/index.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { freshNamespace, Node, SOON_MS } from '../redis/support.ts';

describeWithRedis('results that processes share over Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  async function twoNodes() {
    const namespace = freshNamespace();
    const nodes = [
      new Node<StoredResult>(server.url, { namespace }),
      new Node<StoredResult>(server.url, { namespace }),
    ] as const;
    await Promise.all(nodes.map((node) => node.up()));
    return { nodes, [Symbol.dispose]: () => nodes.map((node) => node[Symbol.dispose]()) };
  }

  test('what one has worked out the other one knows, until one of them forgets it', async () => {
    using world = await twoNodes();
    const run = vi.fn(async (id: number) => ({ id }));
    const [here, there] = world.nodes.map(({ cache }) =>
      cachedResult(run, { name: 'run', async: true, cache }),
    );
    expect(await here!(1)).toEqual({ id: 1 });
    await waitUntil('it is stored', () => world.nodes[0].cache.redisTotals().stored === 1, SOON_MS);
    expect(await there!(1)).toEqual({ id: 1 });
    expect(run).toHaveBeenCalledTimes(1);
    here!.invalidate(1);
    const key = there!.keyOf(1)!;
    await waitUntil('it is forgotten', () => world.nodes[1].cache.get(key) === undefined, SOON_MS);
    expect(await there!(1)).toEqual({ id: 1 });
    expect(run).toHaveBeenCalledTimes(2);
  });

  test('an undefined that is to be kept is shared too; a null that is not is not', async () => {
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

  test('a result that JSON cannot hold is given, and kept in memory alone', async () => {
    using world = await twoNodes();
    const run = vi.fn(async () => 12n);
    const [here, there] = world.nodes.map(({ cache }) =>
      cachedResult(run, { name: 'big', async: true, cache }),
    );
    expect([await here!(), await here!()]).toEqual([12n, 12n]);
    expect(await there!()).toBe(12n);
    expect(run).toHaveBeenCalledTimes(2);
  });

  test('a synchronous function uses memory, and hears of invalidations', async () => {
    using world = await twoNodes();
    const run = vi.fn((id: number) => id + 1);
    const [here, there] = world.nodes.map(({ cache }) => cachedResult(run, { name: 'sync', cache }));
    expect([here!(1), here!(1), there!(1)]).toEqual([2, 2, 2]);
    expect(run).toHaveBeenCalledTimes(2);
    there!.invalidate(1);
    const key = here!.keyOf(1)!;
    await waitUntil('it is forgotten', () => world.nodes[0].cache.get(key) === undefined, SOON_MS);
  });

  test('without Redis the function runs, and its results are kept in memory', async () => {
    using node = new Node<StoredResult>('redis://127.0.0.1:1', { namespace: freshNamespace() });
    const run = vi.fn(async () => 1);
    const cached = cachedResult(run, { async: true, cache: node.cache });
    expect([await cached(), await cached()]).toEqual([1, 1]);
    expect(run).toHaveBeenCalledTimes(1);
  });
});
