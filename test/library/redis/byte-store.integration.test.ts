import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { byteStoreContract } from '../../../src/library/cache/byte-store-contract.ts';
import { RedisByteStore } from '../../../src/library/redis/index.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { connectedLink, freshNamespace, SOON_MS } from './support.ts';

describeWithRedis('RedisByteStore', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  async function createStore() {
    const link = await connectedLink(server.url);
    return { link, store: new RedisByteStore(link, freshNamespace()), [Symbol.dispose]: () => link.close() };
  }

  test.each(byteStoreContract)('conforms to the contract: $name', async ({ check }) => {
    using world = await createStore();
    await check(() => world.store);
  });

  test('returns the stored bytes and the remaining TTL', async () => {
    using world = await createStore();
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    await world.store.set('a key: with *, ? and ü', bytes, 60_000);
    const stored = await world.store.get('a key: with *, ? and ü');
    expect(Buffer.from(stored!.bytes)).toEqual(Buffer.from(bytes));
    expect(stored!.ttlMs).toBeGreaterThan(0);
    expect(stored!.ttlMs).toBeLessThanOrEqual(60_000);
  });

  test('stores a view without the rest of its buffer, and stores empty bytes', async () => {
    using world = await createStore();
    await world.store.set('part', Buffer.from('before-part-after').subarray(7, 11), 60_000);
    await world.store.set('empty', new Uint8Array(), 60_000);
    expect(String((await world.store.get('part'))?.bytes)).toBe('part');
    expect((await world.store.get('empty'))?.bytes.length).toBe(0);
  });

  test('reads of one turn share one MGET, without a script', async () => {
    using world = await createStore();
    for (const key of ['a', 'b']) await world.store.set(key, Buffer.from(key), 60_000);
    const send = vi.spyOn(world.link, 'send');
    const stored = await Promise.all(['a', 'b', 'none'].map((key) => world.store.get(key)));
    expect(stored.map((one) => one && String(one.bytes))).toEqual(['a', 'b', undefined]);
    expect(send.mock.calls.map(([args]) => String(args[0]))).toEqual(['MGET']);
  });

  test.each([
    ['a list', ['RPUSH', 'x']],
    ['a hash', ['HSET', 'field', 'x']],
  ])('%s where the generation should be is replaced', async (_, [command, ...values]) => {
    using world = await createStore();
    const namespace = freshNamespace();
    await server.command(command!, `roundhouse:{${namespace}}:generation`, ...values);
    const store = new RedisByteStore(world.link, namespace);
    expect(await store.get('k')).toBeUndefined();
    await store.set('k', Buffer.from('x'), 60_000);
    expect(String((await store.get('k'))?.bytes)).toBe('x');
  });

  test('a store that has written nothing reads the time of the server once', async () => {
    using world = await createStore();
    const namespace = freshNamespace();
    await new RedisByteStore(world.link, namespace).set('k', Buffer.from('x'), 60_000);
    const reader = new RedisByteStore(world.link, namespace);
    const send = vi.spyOn(world.link, 'send');
    expect(String((await reader.get('k'))?.bytes)).toBe('x');
    const scripts = send.mock.calls.splice(0).filter(([args]) => args[0] !== 'MGET');
    expect(scripts.length).toBeGreaterThan(0);
    expect(String((await reader.get('k'))?.bytes)).toBe('x');
    expect(send.mock.calls.map(([args]) => args[0])).toEqual(['MGET']);
  });

  test('an entry of another format is missing, and can be replaced', async () => {
    using world = await createStore();
    await world.store.set('odd-format', Buffer.from('x'), 60_000);
    for (const key of (await server.command('KEYS', '*:bytes:odd-format')) as string[]) {
      await server.command('DEL', key);
      await server.command('HSET', key, 'g', '1', 'v', 'x');
    }
    expect(await world.store.get('odd-format')).toBeUndefined();
    await world.store.set('odd-format', Buffer.from('y'), 60_000);
    expect(String((await world.store.get('odd-format'))?.bytes)).toBe('y');
  });

  test('Redis expires entries', async () => {
    using world = await createStore();
    await world.store.set('short', Buffer.from('x'), 30);
    await waitUntil('the entry expires', async () => !(await world.store.get('short')), SOON_MS);
  });

  test('accepts fractional and very long TTLs, and rejects 0', async () => {
    using world = await createStore();
    await world.store.set('long', Buffer.from('x'), Number.MAX_VALUE);
    await world.store.set('odd', Buffer.from('x'), 60_000.5);
    expect((await world.store.get('long'))?.ttlMs).toBeGreaterThan(1e12);
    expect((await world.store.get('odd'))?.ttlMs).toBeGreaterThan(0);
    await expect(world.store.set('none', Buffer.from('x'), 0)).rejects.toThrow(RangeError);
  });

  test('deletes one key only', async () => {
    using world = await createStore();
    await world.store.set('a', Buffer.from('1'), 60_000);
    await world.store.set('b', Buffer.from('2'), 60_000);
    await world.store.delete('a');
    expect(await world.store.get('a')).toBeUndefined();
    expect(String((await world.store.get('b'))?.bytes)).toBe('2');
  });

  test('clear writes a single key and leaves other namespaces alone', async () => {
    using world = await createStore();
    using other = await createStore();
    await other.store.set('k', Buffer.from('other'), 60_000);
    for (let i = 0; i < 200; i += 1) await world.store.set(`k${i}`, Buffer.from('x'), 60_000);
    const before = await server.command('DBSIZE');
    await world.store.clear();
    expect(await server.command('DBSIZE')).toBe(before);
    expect(await world.store.get('k7')).toBeUndefined();
    expect(String((await other.store.get('k'))?.bytes)).toBe('other');
    await world.store.set('k7', Buffer.from('new'), 60_000);
    expect(String((await world.store.get('k7'))?.bytes)).toBe('new');
  });

  test('entries of a lost generation never become valid again', async () => {
    using world = await createStore();
    await world.store.set('k', Buffer.from('old'), 60_000);
    const [generation] = (await server.command('KEYS', '*generation')) as string[];
    for (const key of (await server.command('KEYS', '*:generation')) as string[])
      await server.command('DEL', key);
    expect(generation).toBeDefined();
    expect(await world.store.get('k')).toBeUndefined();
    await world.store.set('other', Buffer.from('x'), 60_000);
    expect(await world.store.get('k')).toBeUndefined();
  });

  test('never sends KEYS, SCAN or FLUSHDB', async () => {
    using world = await createStore();
    await server.command('CONFIG', 'RESETSTAT');
    await world.store.set('k', Buffer.from('x'), 60_000);
    await world.store.get('k');
    await world.store.delete('k');
    await world.store.clear();
    const used = String(await server.command('INFO', 'commandstats'));
    expect(used).toContain('cmdstat_set');
    expect(used).not.toMatch(/cmdstat_(keys|scan|flush\w+|hscan):/);
  });
});
