import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { byteStoreContract } from '../../../src/library/cache/byte-store-contract.ts';
import { RedisLink, TieredByteStore } from '../../../src/library/redis/index.ts';
import { RedisNamespace } from '../../../src/library/redis/namespace.ts';
import { freePorts } from '../../support/http/free-ports.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { connectedLink, createNamespace, SOON_MS } from './support.ts';

const TTL_MS = 60_000;

describeWithRedis('TieredByteStore', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** The stores of two processes. */
  async function two() {
    const namespace = await createNamespace(server.url);
    const links = await Promise.all([connectedLink(server.url), connectedLink(server.url)]);
    const stores = links.map((link) => new TieredByteStore(link, { namespace }));
    await waitUntil('both are connected', () => stores.every(({ connected }) => connected), SOON_MS);
    const [a, b] = stores;
    return {
      a: a!,
      b: b!,
      /** Waits until a process reads what another one has written, or that it has been deleted. */
      waitForRead: (store: TieredByteStore, key: string, expected: string | undefined) =>
        waitUntil(`${key} is ${expected}`, async () => text(await store.get(key)) === expected, SOON_MS),
      keys: async (kind: string) => (await server.command('KEYS', `*{${namespace}}:${kind}:*`)) as string[],
      [Symbol.dispose]: () => {
        for (const one of [...stores, ...links]) one.close();
      },
    };
  }

  test.each(byteStoreContract)('conforms to the contract: $name', async ({ check }) => {
    using world = await two();
    await check(() => world.a);
  });

  test('a write applies at once here and then in other processes, with the remaining TTL', async () => {
    using world = await two();
    await world.a.set('k', Buffer.from('bytes'), TTL_MS);
    expect(text(await world.a.get('k'))).toBe('bytes');
    await world.waitForRead(world.b, 'k', 'bytes');
    const stored = (await world.b.get('k'))!;
    expect(stored.ttlMs).toBeGreaterThan(0);
    expect(stored.ttlMs).toBeLessThanOrEqual(TTL_MS);
    // Not a view of a larger buffer, which memory would retain.
    expect(stored.bytes.buffer.byteLength).toBe(5);
    // Not necessarily from the first read: the invalidation by the write may arrive after it.
    const same = async () => {
      const [first, second] = [await world.b.get('k'), await world.b.get('k')];
      return first!.bytes === second!.bytes;
    };
    await waitUntil('the bytes are in memory', same, SOON_MS);
  });

  test('writes, deletes and clears remove entries from the memory of other processes', async () => {
    using world = await two();
    await world.a.set('k', Buffer.from('old'), TTL_MS);
    await world.waitForRead(world.b, 'k', 'old');
    await world.a.set('k', Buffer.from('new'), TTL_MS);
    await world.waitForRead(world.b, 'k', 'new');
    await world.b.delete('k');
    expect(await world.b.get('k')).toBeUndefined();
    await world.waitForRead(world.a, 'k', undefined);
    await world.b.set('k', Buffer.from('again'), TTL_MS);
    await world.waitForRead(world.a, 'k', 'again');
    world.a.clear();
    expect(await world.a.get('k')).toBeUndefined();
    await world.waitForRead(world.b, 'k', undefined);
  });

  test.each(['this process', 'another process'])(
    'an entry invalidated by %s while it is read from Redis is returned and not stored in memory',
    async (by) => {
      using world = await two();
      await world.b.set('k', Buffer.from('old'), TTL_MS);
      await world.b.set('marker', Buffer.from('x'), TTL_MS);
      await world.b.flush();
      const markerInMemory = async () => (await world.a.get('marker')) && world.a.totals().entryCount === 1;
      await waitUntil('the marker is in memory', markerInMemory, SOON_MS);
      using reply = holdNextRead();
      const read = world.a.get('k');
      await reply.received;
      const invalidating = by === 'this process' ? world.a : world.b;
      await invalidating.delete('k');
      // Invalidations arrive in order: when this one has, the other has too.
      await invalidating.delete('marker');
      await waitUntil('the invalidation is received', () => world.a.totals().entryCount === 0, SOON_MS);
      reply.release();
      expect(text(await read)).toBe('old');
      expect(world.a.totals().entryCount).toBe(0);
      expect(await world.a.get('k')).toBeUndefined();
    },
  );

  test('concurrent reads of an entry share one command', async () => {
    using world = await two();
    await world.b.set('k', Buffer.from('bytes'), TTL_MS);
    await world.b.flush();
    const reads = await Promise.all([world.a.get('k'), world.a.get('k'), world.a.get('k')]);
    expect(reads.map(text)).toEqual(['bytes', 'bytes', 'bytes']);
    expect(world.a.redisTotals()).toMatchObject({ hits: 1, misses: 0 });
  });

  test('getSync returns what memory has, and leaves the rest to get', async () => {
    using world = await two();
    await world.b.set('k', Buffer.from('bytes'), TTL_MS);
    await world.b.flush();
    expect(world.a.getSync('k')).toBeUndefined();
    await waitUntil(
      'the entry is in memory',
      async () => (await world.a.get('k')) && world.a.getSync('k'),
      SOON_MS,
    );
    const { hits, misses } = world.a.totals();
    const stored = world.a.getSync('k')!;
    expect(String(Buffer.from(stored.bytes))).toBe('bytes');
    expect(stored.ttlMs).toBeLessThanOrEqual(TTL_MS);
    expect(world.a.totals()).toMatchObject({ hits: hits + 1, misses });
    await world.a.delete('k');
    expect(world.a.getSync('k')).toBeUndefined();
  });

  test('getLatest reads Redis although memory has a copy; without an entry in Redis, memory', async () => {
    using world = await two();
    await world.a.set('k', Buffer.from('old'), TTL_MS);
    await world.a.flush();
    const [entry] = await world.keys('entry');
    const stored = (await server.command('GET', entry!)) as string;
    // As another process does whose message has not arrived.
    await server.command('SET', entry!, stored.replace('old', 'new'), 'KEEPTTL');
    expect(text(await world.a.get('k'))).toBe('old');
    expect(text(await world.a.getLatest('k'))).toBe('new');
    await server.command('DEL', entry!);
    expect(text(await world.a.getLatest('k'))).toBe('old');
  });

  test('add writes for all processes, and one of them', async () => {
    using world = await two();
    const added = await Promise.all([
      world.a.add('k', Buffer.from('a'), TTL_MS),
      world.b.add('k', Buffer.from('b'), TTL_MS),
    ]);
    expect(added.filter(Boolean)).toHaveLength(1);
    const expected = added[0] ? 'a' : 'b';
    expect([text(await world.a.get('k')), text(await world.b.get('k'))]).toEqual([expected, expected]);
  });

  test('addCost counts what a caller keeps with an entry, as long as it has these bytes', async () => {
    using world = await two();
    await world.a.set('k', Buffer.from('bytes'), TTL_MS);
    const { bytes } = (await world.a.get('k'))!;
    const before = world.a.totals().bytes;
    world.a.addCost('k', bytes, 5000);
    world.a.addCost('k', Buffer.from('bytes'), 5000);
    expect(world.a.totals().bytes).toBe(before + 5000);
    expect((await world.a.get('k'))!.bytes).toBe(bytes);
    await world.a.set('k', Buffer.from('other'), TTL_MS);
    expect(world.a.totals().bytes).toBe(before);
  });

  test('a missing entry is read from Redis each time, without a lease', async () => {
    using world = await two();
    expect(await world.a.get('none')).toBeUndefined();
    expect(await world.a.get('none')).toBeUndefined();
    expect(world.a.redisTotals()).toMatchObject({ misses: 2, leads: 0, waits: 0 });
    expect(await world.keys('lease')).toEqual([]);
    expect(await world.keys('entry')).toEqual([]);
    expect(world.a.totals().entryCount).toBe(0);
  });
});

test('TieredByteStore without Redis stores entries in memory, and no call rejects', async () => {
  const [port] = await freePorts(1);
  using link = new RedisLink({ url: `redis://127.0.0.1:${port}` });
  using store = new TieredByteStore(link, { namespace: 'isolated' });
  expect(await store.get('k')).toBeUndefined();
  await store.set('k', Buffer.from('bytes'), TTL_MS);
  expect(text(await store.get('k'))).toBe('bytes');
  expect(text(await store.getLatest('k'))).toBe('bytes');
  expect(await store.add('k', Buffer.from('other'), TTL_MS)).toBe(false);
  await store.delete('k');
  expect(await store.get('k')).toBeUndefined();
  expect(await store.add('k', Buffer.from('other'), TTL_MS)).toBe(true);
  expect(text(await store.get('k'))).toBe('other');
});

/** Holds the result of the next read from Redis until `release` is called. */
function holdNextRead() {
  const received = Promise.withResolvers<void>();
  const released = Promise.withResolvers<void>();
  const { read } = RedisNamespace.prototype;
  const spy = vi.spyOn(RedisNamespace.prototype, 'read');
  spy.mockImplementationOnce(async function (this: RedisNamespace, key) {
    const stored = await read.call(this, key);
    received.resolve();
    await released.promise;
    return stored;
  });
  return {
    received: received.promise,
    release: released.resolve,
    [Symbol.dispose]: () => spy.mockRestore(),
  };
}

function text(stored: { bytes: Uint8Array } | undefined): string | undefined {
  return stored && Buffer.from(stored.bytes).toString();
}
