import { createClient } from '@redis/client';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { RedisOptions, TieredCacheOptions } from '../../../src/library/redis/index.ts';
import { TcpProxy } from '../../support/http/tcp-proxy.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { ManualSource } from '../../support/service/manual-source.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { createNamespace, freshNamespace, Node, SOON_MS } from './support.ts';

vi.setConfig({ testTimeout: 90_000 });

const TTL = { ttlS: 60 };
/** Timeouts that faults exceed soon, and a working Redis on a busy machine does not. */
const SHORT = { commandTimeoutMs: 2000, connectTimeoutMs: 2000, heartbeatMs: 300 };

describeWithRedis('TieredCache when Redis', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis('--appendonly', 'yes', '--appendfsync', 'always');
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** Two processes, of which the first connects to Redis through a proxy. */
  async function createWorld(
    options: Partial<TieredCacheOptions<unknown>> = {},
    linkOptions: Partial<RedisOptions> = {},
  ) {
    const proxy = await new TcpProxy(server.port).listen();
    const namespace = await createNamespace(server.url);
    const a = new Node(
      `redis://127.0.0.1:${proxy.port}`,
      { namespace, ...options },
      { ...SHORT, ...linkOptions },
    );
    const b = new Node(server.url, { namespace, ...options }, SHORT);
    await a.up();
    await b.up();
    return {
      proxy,
      a,
      b,
      [Symbol.asyncDispose]: async () => {
        a[Symbol.dispose]();
        b[Symbol.dispose]();
        await proxy[Symbol.asyncDispose]();
      },
    };
  }

  async function storedBy(node: Node<unknown>, key: string, value: unknown) {
    const { stored } = node.cache.redisTotals();
    await node.cache.getOrLoad(key, () => value, TTL);
    await waitUntil(`${key} is stored`, () => node.cache.redisTotals().stored > stored, SOON_MS);
  }

  test('is unavailable at the start: loads directly and uses Redis once it is available', async () => {
    await using proxy = await new TcpProxy(server.port).listen();
    proxy.passage = 'refuse';
    using node = new Node(`redis://127.0.0.1:${proxy.port}`, { namespace: freshNamespace() }, SHORT);
    expect(await node.cache.getOrLoad('k', () => 1, TTL)).toBe(1);
    expect(node.cache.read('k', () => 2, TTL)).toMatchObject({ value: 1, outcome: 'hit' });
    proxy.passage = 'pass';
    await node.up();
    await storedBy(node, 'later', 1);
  });

  test('accepts connections and never replies: loads directly without waiting', async () => {
    await using proxy = await new TcpProxy(server.port).listen();
    proxy.passage = 'hold';
    using node = new Node(`redis://127.0.0.1:${proxy.port}`, { namespace: freshNamespace() }, SHORT);
    await waitUntil('the connection is accepted', () => proxy.connections > 0, SOON_MS);
    expect(node.link.state).toBe('connecting');
    expect(await node.cache.getOrLoad('k', () => 1, TTL)).toBe(1);
    expect(node.cache.redisTotals().bypasses).toBe(1);
  });

  test('is killed and restarted: keeps reading, and does not lose invalidations made meanwhile', async () => {
    await using world = await createWorld();
    const { a, b } = world;
    await storedBy(a, 'k', 'old');
    await storedBy(a, 'other', 'kept');
    await b.cache.getOrLoad('k', () => 'own', TTL);
    await server.kill('SIGKILL');
    await waitUntil(
      'the loss is detected',
      () => a.link.state !== 'connected' && !b.cache.connected,
      SOON_MS,
    );
    // From memory, and loaded directly.
    expect(a.cache.get('k')).toBe('old');
    expect(await a.cache.getOrLoad('new', () => 'direct', TTL)).toBe('direct');
    a.cache.invalidate('k');
    expect(a.cache.get('k')).toBeUndefined();
    await server.start();
    await Promise.all([a.up(), b.up()]);
    await waitUntil('the other process has invalidated it', () => b.cache.get('k') === undefined, SOON_MS);
    expect(await b.cache.getOrLoad('k', () => 'new', TTL)).toBe('new');
    await waitUntil(
      'both processes read the same value',
      async () => {
        a.cache.delete('k');
        return (await a.cache.getOrLoad('k', () => 'newest', TTL)) === 'newest';
      },
      SOON_MS,
    );
  });

  test('is restarted with its data: reads its values again', async () => {
    await using world = await createWorld();
    const { a, b } = world;
    await storedBy(a, 'k', 'kept');
    await server.kill('SIGKILL');
    await waitUntil(
      'the loss is detected',
      () => b.link.state !== 'connected' && !b.cache.connected,
      SOON_MS,
    );
    await server.start();
    await Promise.all([a.up(), b.up()]);
    expect(await b.cache.getOrLoad('k', () => 'loaded', TTL)).toBe('kept');
  });

  test('is flushed: drops the values in every memory', async () => {
    await using world = await createWorld();
    const { a, b } = world;
    await storedBy(a, 'k', 'old');
    await b.cache.getOrLoad('k', () => 'own', TTL);
    await server.command('FLUSHALL');
    expect(await a.cache.getOrLoad('trigger', () => 1, TTL)).toBe(1);
    await waitUntil(
      'both processes have dropped it',
      () => [a, b].every(({ cache }) => cache.get('k') === undefined),
      SOON_MS,
    );
    expect(await b.cache.getOrLoad('k', () => 'new', TTL)).toBe('new');
  });

  test('returns to an earlier state: ignores its values', async () => {
    await using world = await createWorld();
    const { a, b } = world;
    await storedBy(a, 'k', 'old');
    const keys = (await server.command('KEYS', '*')) as string[];
    const [entry] = keys.filter((key) => key.endsWith(':entry:k')) as [string];
    const [state] = keys.filter((key) => key.endsWith(':state') && key.startsWith(entry.split(':entry')[0]!));
    const before = (await server.command('MGET', state!, entry)) as string[];
    a.cache.invalidate('*');
    await waitUntil('the other process has invalidated it', () => b.cache.get('k') === undefined, SOON_MS);
    expect(await a.cache.getOrLoad('k', () => 'new', TTL)).toBe('new');
    // The state of a replica that lagged behind.
    await server.command('SET', state!, before[0]!);
    await server.command('SET', entry, before[1]!, 'PX', '60000');
    a.cache.sweep();
    expect(await a.cache.getOrLoad('unrelated', () => 1, TTL)).toBe(1);
    expect(await b.cache.getOrLoad('k', () => 'own', TTL)).toBe('own');
  });

  test('hangs: loads directly after one timeout, then without waiting, and recovers', async () => {
    await using world = await createWorld({}, { commandTimeoutMs: 500, heartbeatMs: 60_000 });
    const { a } = world;
    await storedBy(a, 'k', 'kept');
    await server.kill('SIGSTOP');
    try {
      expect(a.cache.get('k')).toBe('kept');
      const reads = Array.from({ length: 50 }, (_, i) => a.cache.getOrLoad(`cold${i}`, () => i, TTL));
      expect(await Promise.all(reads)).toEqual(Array.from({ length: 50 }, (_, i) => i));
      expect(a.link.state).not.toBe('connected');
      const { bypasses } = a.cache.redisTotals();
      expect(await a.cache.getOrLoad('immediate', () => 1, TTL)).toBe(1);
      expect(a.cache.redisTotals().bypasses).toBe(bypasses + 1);
      // The attempt to reconnect hangs too. Reads still do not wait.
      await waitUntil('the link is connecting', () => a.link.state === 'connecting', SOON_MS);
      expect(await a.cache.getOrLoad('connecting', () => 1, TTL)).toBe(1);
    } finally {
      await server.kill('SIGCONT');
    }
    await a.up();
    await storedBy(a, 'after', 1);
  });

  test('is disconnected during a command: loads directly and reconnects', async () => {
    await using world = await createWorld();
    const { proxy, a } = world;
    proxy.passage = 'hold';
    const read = a.cache.getOrLoad('k', () => 'direct', TTL);
    proxy.cut();
    expect(await read).toBe('direct');
    proxy.passage = 'pass';
    await a.up();
    await storedBy(a, 'after', 1);
  });

  test('replies byte by byte or late: returns the right values', async () => {
    await using world = await createWorld({}, { commandTimeoutMs: 20_000 });
    const { proxy, a, b } = world;
    await storedBy(b, 'k', { text: 'ü'.repeat(500) });
    proxy.passage = 'drip';
    expect(await a.cache.getOrLoad('k', () => 'own', TTL)).toEqual({ text: 'ü'.repeat(500) });
    proxy.passage = 'pass';
    proxy.delayMs = 100;
    await storedBy(b, 'late', 1);
    expect(await a.cache.getOrLoad('late', () => 'own', TTL)).toBe(1);
  });

  test('sends an invalid reply: loads directly and reconnects', async () => {
    await using world = await createWorld();
    const { proxy, a } = world;
    proxy.passage = 'garble';
    expect(await a.cache.getOrLoad('k', () => 'direct', TTL)).toBe('direct');
    await waitUntil('the connection is closed', () => a.link.state !== 'connected', SOON_MS);
    proxy.passage = 'pass';
    await a.up();
    await storedBy(a, 'after', 1);
  });

  test('rejects the password: loads directly; with the right one it uses Redis', async () => {
    await server.command('CONFIG', 'SET', 'requirepass', 'secret');
    try {
      using node = new Node(server.url, { namespace: freshNamespace() }, SHORT);
      expect(await node.cache.getOrLoad('k', () => 1, TTL)).toBe(1);
      expect(node.link.state).not.toBe('connected');
      const url = server.url.replace('//', '//:secret@');
      using other = await new Node(url, { namespace: freshNamespace() }, SHORT).up();
      await storedBy(other, 'k', 1);
    } finally {
      const client = createClient({ url: server.url, password: 'secret' });
      await client.connect();
      await client.sendCommand(['CONFIG', 'SET', 'requirepass', '']);
      client.destroy();
    }
  });

  test('has become a replica: loads directly and reconnects', async () => {
    await using world = await createWorld();
    const { a } = world;
    await server.command('REPLICAOF', '127.0.0.1', '1');
    try {
      for (const key of ['a', 'b', 'c', 'd']) expect(await a.cache.getOrLoad(key, () => key, TTL)).toBe(key);
      expect(a.cache.redisTotals().bypasses).toBeGreaterThanOrEqual(4);
    } finally {
      await server.command('REPLICAOF', 'NO', 'ONE');
    }
    await a.up();
    await storedBy(a, 'after', 1);
  });

  test('fails over to a replica without the last invalidation: does not read the old value', async () => {
    await using replica = await startRedis('--replicaof', '127.0.0.1', `${server.port}`);
    await using world = await createWorld();
    const { proxy, a } = world;
    await storedBy(a, 'k', 'old');
    const inReplica = async () => String(await replica.command('KEYS', '*')).includes(':entry:k');
    await waitUntil('the value is replicated', inReplica, SOON_MS);
    await replica.command('REPLICAOF', 'NO', 'ONE');
    a.cache.invalidate('k');
    expect(await a.cache.getOrLoad('k', () => 'new', { ttlS: 0 })).toBe('new');
    proxy.target = replica.port;
    proxy.cut();
    await waitUntil('the loss is detected', () => !a.cache.connected, SOON_MS);
    await a.up();
    expect(await inReplica()).toBe(true);
    expect(await a.cache.getOrLoad('k', () => 'newest', TTL)).toBe('newest');
  });

  describe('is full:', () => {
    test('reads what is stored, loads the rest directly, and invalidates', async () => {
      await using full = await startRedis('--maxmemory-policy', 'noeviction');
      const namespace = await createNamespace(server.url);
      using a = await new Node(full.url, { namespace }, SHORT).up();
      using b = await new Node(full.url, { namespace }, SHORT).up();
      await storedBy(a, 'one', 'stored');
      await storedBy(a, 'two', 'stored');
      await full.command('CONFIG', 'SET', 'maxmemory', '1');
      expect(await b.cache.getOrLoad('one', () => 'own', TTL)).toBe('stored');
      expect(await b.cache.getOrLoad('cold', () => 'direct', TTL)).toBe('direct');
      expect(b.link.state).toBe('connected');
      b.cache.invalidate('one');
      await waitUntil(
        'the other process has invalidated it',
        () => a.cache.get('one') === undefined,
        SOON_MS,
      );
      expect(await a.cache.getOrLoad('one', () => 'new', TTL)).toBe('new');
      b.cache.invalidate('t*');
      await waitUntil(
        'the other process has invalidated it',
        () => a.cache.get('two') === undefined,
        SOON_MS,
      );
      expect(await a.cache.getOrLoad('two', () => 'new', TTL)).toBe('new');
      await full.command('CONFIG', 'SET', 'maxmemory', '0');
      await storedBy(a, 'again', 1);
      expect(await b.cache.getOrLoad('two', () => 'last', TTL)).toBe('last');
    });
  });

  describe('drops the subscription:', () => {
    test('subscribes again and drops what may have been invalidated meanwhile', async () => {
      await using world = await createWorld();
      const { proxy, a, b } = world;
      await storedBy(a, 'k', 'old');
      proxy.passage = 'refuse';
      proxy.cut();
      await waitUntil('the subscription is lost', () => !a.cache.connected, SOON_MS);
      b.cache.invalidate('k');
      await waitUntil('the invalidation is sent', () => b.cache.redisTotals().faults === 0, SOON_MS);
      expect(a.cache.get('k')).toBe('old');
      proxy.passage = 'pass';
      await a.up();
      expect(a.cache.get('k')).toBeUndefined();
    });

    test('keeps the values in memory if no invalidation was missed', async () => {
      await using world = await createWorld();
      const { proxy, a } = world;
      await storedBy(a, 'k', 'kept');
      proxy.cut();
      await waitUntil('the subscription is lost', () => !a.cache.connected, SOON_MS);
      await a.up();
      expect(a.cache.get('k')).toBe('kept');
    });

    test('detects a dead connection by the heartbeat', async () => {
      await using world = await createWorld();
      const { proxy, a } = world;
      proxy.passage = 'hold';
      await waitUntil(
        'the loss is detected',
        () => !a.cache.connected && a.link.state !== 'connected',
        SOON_MS,
      );
      proxy.passage = 'pass';
      await a.up();
    });

    test('keeps values in memory for isolatedTtlS at most', async () => {
      await using world = await createWorld({ isolatedTtlS: 1 });
      const { proxy, a } = world;
      await storedBy(a, 'k', 'old');
      proxy.passage = 'refuse';
      proxy.cut();
      await waitUntil('the subscription is lost', () => !a.cache.connected, SOON_MS);
      const read = await a.cache.read('isolated', () => 1, TTL);
      expect(read.ttlS).toBe(1);
      await waitUntil('the old value is dropped', () => a.cache.get('k') === undefined, SOON_MS);
    });
  });

  test('is lost during a load: returns the loaded value; the lease expires', async () => {
    await using world = await createWorld({ leaseS: 1 });
    const { proxy, a, b } = world;
    const source = new ManualSource<string>();
    const early = a.cache.getOrLoad('k', source.load, TTL);
    await waitUntil('the load has started', () => source.loads.length === 1, SOON_MS);
    proxy.passage = 'refuse';
    proxy.cut();
    await source.latest.finish('value');
    expect(await early).toBe('value');
    expect(await b.cache.getOrLoad('k', () => 'own', TTL)).toBe('own');
  });

  test('is lost: calls onLost once per outage', async () => {
    const onLost = vi.fn();
    await using world = await createWorld({}, { onLost });
    const { proxy, a } = world;
    for (let outage = 1; outage <= 2; outage += 1) {
      proxy.passage = 'refuse';
      proxy.cut();
      await waitUntil('the loss is detected', () => a.link.state !== 'connected', SOON_MS);
      const before = proxy.attempts;
      // Two links try to reconnect.
      await waitUntil('several attempts have failed', () => proxy.attempts >= before + 4, SOON_MS);
      proxy.passage = 'pass';
      await a.up();
      expect(onLost).toHaveBeenCalledTimes(outage);
    }
  });
});
