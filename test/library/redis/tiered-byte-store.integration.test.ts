import { afterAll, beforeAll, expect, test } from 'vitest';
import { RedisLink, TieredByteStore } from '../../../src/library/redis/index.ts';
import { freePorts } from '../../support/http/free-ports.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { connectedLink, freshNamespace, SOON_MS } from './support.ts';

const TTL_MS = 60_000;

describeWithRedis('bytes in memory in front of Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** The stores of two processes. */
  async function two() {
    const namespace = freshNamespace();
    const links = await Promise.all([connectedLink(server.url), connectedLink(server.url)]);
    const stores = links.map((link) => new TieredByteStore(link, { namespace }));
    await waitUntil('both hear each other', () => stores.every(({ connected }) => connected), SOON_MS);
    const [a, b] = stores;
    const there = async (store: TieredByteStore, key: string) => text(await store.get(key));
    return {
      a: a!,
      b: b!,
      /** Waits until a process finds what another one has written, or that it is gone. */
      finds: (store: TieredByteStore, key: string, expected: string | undefined) =>
        waitUntil(`${key} is ${expected}`, async () => (await there(store, key)) === expected, SOON_MS),
      keys: async (kind: string) => (await server.command('KEYS', `*{${namespace}}:${kind}:*`)) as string[],
      [Symbol.dispose]: () => {
        for (const one of [...stores, ...links]) one.close();
      },
    };
  }

  test('are there at once for who wrote them, and then for the others, with what is left of their life', async () => {
    using world = await two();
    await world.a.set('k', Buffer.from('bytes'), TTL_MS);
    expect(text(await world.a.get('k'))).toBe('bytes');
    await world.finds(world.b, 'k', 'bytes');
    const held = (await world.b.get('k'))!;
    expect(held.ttlMs).toBeGreaterThan(0);
    expect(held.ttlMs).toBeLessThanOrEqual(TTL_MS);
    // No piece of a larger buffer, which memory would hold as well.
    expect(held.bytes.buffer.byteLength).toBe(5);
    // Not from the first time on: that they were written may be heard of after they were read.
    const same = async () => {
      const [first, second] = [await world.b.get('k'), await world.b.get('k')];
      return first!.bytes === second!.bytes;
    };
    await waitUntil('they are in memory', same, SOON_MS);
  });

  test('leave the memory of the others as they are written anew, deleted and cleared', async () => {
    using world = await two();
    await world.a.set('k', Buffer.from('old'), TTL_MS);
    await world.finds(world.b, 'k', 'old');
    await world.a.set('k', Buffer.from('new'), TTL_MS);
    await world.finds(world.b, 'k', 'new');
    await world.b.delete('k');
    expect(await world.b.get('k')).toBeUndefined();
    await world.finds(world.a, 'k', undefined);
    await world.b.set('k', Buffer.from('again'), TTL_MS);
    await world.finds(world.a, 'k', 'again');
    world.a.clear();
    expect(await world.a.get('k')).toBeUndefined();
    await world.finds(world.b, 'k', undefined);
  });

  test('that are nowhere are looked up each time, and leave nothing that others would wait for', async () => {
    using world = await two();
    expect(await world.a.get('none')).toBeUndefined();
    expect(await world.a.get('none')).toBeUndefined();
    expect(world.a.redisTotals()).toMatchObject({ misses: 2, leads: 0, waits: 0 });
    await waitUntil('no lease is left', async () => (await world.keys('lease')).length === 0, SOON_MS);
    expect(await world.keys('entry')).toEqual([]);
    expect(world.a.totals().held).toBe(0);
  });
});

test('without Redis the store is this process’s own, and no call rejects', async () => {
  const [port] = await freePorts(1);
  using link = new RedisLink({ url: `redis://127.0.0.1:${port}` });
  using store = new TieredByteStore(link, { namespace: 'alone' });
  expect(await store.get('k')).toBeUndefined();
  await store.set('k', Buffer.from('bytes'), TTL_MS);
  expect(text(await store.get('k'))).toBe('bytes');
  await store.delete('k');
  expect(await store.get('k')).toBeUndefined();
});

function text(held: { bytes: Uint8Array } | undefined): string | undefined {
  return held && Buffer.from(held.bytes).toString();
}
