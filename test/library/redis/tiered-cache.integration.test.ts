import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CorruptValueError, type TieredCacheOptions } from '../../../src/library/redis/index.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { ManualSource } from '../../support/service/manual-source.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { createNamespace, Node, SOON_MS } from './support.ts';

const TTL = { ttlS: 60 };
/** Interval of the check for missed invalidations. */
const CHECK_MS = 5000;

describeWithRedis('TieredCache', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  /** Several processes, each with its own connections and memory. */
  async function nodes(count: number, options: Partial<TieredCacheOptions<unknown>> = {}) {
    const namespace = await createNamespace(server.url);
    const all = Array.from({ length: count }, () => new Node(server.url, { namespace, ...options }));
    await Promise.all(all.map((node) => node.up()));
    return Object.assign(all, { [Symbol.dispose]: () => all.map((node) => node[Symbol.dispose]()) });
  }

  describe('reading', () => {
    test('returns a hit in memory without a promise', async () => {
      using world = await nodes(1);
      const { cache } = world[0]!;
      await cache.getOrLoad('k', () => 1, TTL);
      expect(cache.read('k', () => 2, TTL)).toMatchObject({ value: 1, outcome: 'hit' });
    });

    test('reads a value that another process loaded from Redis, with its age and remaining TTL', async () => {
      using world = await nodes(2);
      const [a, b] = world;
      await a!.cache.getOrLoad('k', () => ({ n: 1 }), TTL);
      await waitUntil('the value is stored', () => a!.cache.redisTotals().stored === 1, SOON_MS);
      await delay(50);
      const read = await b!.cache.read('k', () => ({ n: 2 }), TTL);
      expect(read.value).toEqual({ n: 1 });
      expect(read.ageS).toBeGreaterThanOrEqual(0.045);
      expect(read.ageS + read.ttlS).toBeCloseTo(60, 1);
      const again = await b!.cache.read('k', () => ({ n: 3 }), TTL);
      expect(again).toMatchObject({ value: { n: 1 }, outcome: 'hit' });
      expect(again.ageS).toBeGreaterThanOrEqual(read.ageS);
      expect(again.ageS + again.ttlS).toBeCloseTo(60, 1);
    });

    test('limits the TTL to that of the read and to the remaining one', async () => {
      using world = await nodes(3);
      const [a, b, c] = world;
      await a!.cache.getOrLoad('k', () => 1, { ttlS: 10 });
      await waitUntil('the value is stored', () => a!.cache.redisTotals().stored === 1, SOON_MS);
      expect((await b!.cache.read('k', () => 2, { ttlS: 2 })).ttlS).toBe(2);
      expect((await c!.cache.read('k', () => 2, { ttlS: 1000 })).ttlS).toBeLessThanOrEqual(10);
    });

    test('uses the freshness that a load reports in both tiers', async () => {
      using world = await nodes(2);
      const [a, b] = world;
      const load = (_: AbortSignal, setFreshness: (freshness: { ageS: number; ttlS: number }) => void) => {
        setFreshness({ ageS: 5, ttlS: 7 });
        return 'aged';
      };
      expect(await a!.cache.read('k', load, TTL)).toMatchObject({ ageS: 5, ttlS: 7 });
      await waitUntil('the value is stored', () => a!.cache.redisTotals().stored === 1, SOON_MS);
      const read = await b!.cache.read('k', () => 'new', TTL);
      expect(read.value).toBe('aged');
      expect(read.ageS).toBeGreaterThanOrEqual(5);
      expect(read.ttlS).toBeLessThanOrEqual(7);
    });

    test('stores null, 0, empty strings and false, but not undefined', async () => {
      using world = await nodes(2);
      const [a, b] = world;
      const values = { null: null, zero: 0, empty: '', no: false };
      for (const [key, value] of Object.entries(values)) await a!.cache.getOrLoad(key, () => value, TTL);
      await a!.cache.getOrLoad('nothing', () => undefined, TTL);
      await waitUntil('the values are stored', () => a!.cache.redisTotals().stored === 4, SOON_MS);
      for (const [key, value] of Object.entries(values)) {
        expect(await b!.cache.getOrLoad(key, () => 'loaded', TTL), key).toBe(value);
      }
      expect(await b!.cache.getOrLoad('nothing', () => 'loaded', TTL)).toBe('loaded');
    });

    test('shares adaptive TTLs: a value that does not change lives longer in all processes', async () => {
      using world = await nodes(2, { adaptiveTtl: { maxTtlS: 300, maxLoadShare: 0.999 } });
      const [a, b] = world;
      const lifetime = async (node: typeof a) => {
        const { ageS, ttlS } = await node!.cache.read('k', () => ({ n: 1 }), { ttlS: 0.2 });
        return ageS + ttlS;
      };
      expect(await lifetime(a)).toBeCloseTo(0.2, 1);
      await waitUntil('it lives longer', async () => (await lifetime(a)) > 0.7, SOON_MS);
      await waitUntil('the other one has it', async () => (await lifetime(b)) > 0.7, SOON_MS);
    });

    test('stores a value that cannot be encoded in memory only', async () => {
      using world = await nodes(2);
      const [a, b] = world;
      const value = { big: 1n };
      expect(await a!.cache.getOrLoad('k', () => value, TTL)).toBe(value);
      expect(a!.cache.get('k')).toBe(value);
      expect(a!.errors).toHaveLength(1);
      expect(await b!.cache.getOrLoad('k', () => 'own', TTL)).toBe('own');
    });

    test('reloads a value that cannot be decoded, and replaces it in Redis', async () => {
      using world = await nodes(2);
      const [a, b] = world;
      await a!.cache.getOrLoad('broken', () => 1, TTL);
      await waitUntil('the value is stored', () => a!.cache.redisTotals().stored === 1, SOON_MS);
      const keys = (await server.command('KEYS', '*:entry:broken')) as string[];
      for (const key of keys) {
        const entry = String(await server.command('GET', key));
        await server.command('SET', key, entry.replace(/\n.*$/, '\n{"half":'));
      }
      expect(await b!.cache.getOrLoad('broken', () => 2, TTL)).toBe(2);
      expect(b!.cache.redisTotals()).toMatchObject({ hits: 0, corrupt: 1, leads: 1 });
      expect(b!.errors).toContainEqual(expect.any(CorruptValueError));
      await waitUntil(
        'the entry is replaced',
        async () => String(await server.command('GET', keys[0]!)).endsWith('\n2'),
        SOON_MS,
      );
    });

    test('loads directly and does not use Redis when disabled or closed', async () => {
      using world = await nodes(1, { enabled: false });
      using other = await nodes(1);
      const [disabled, closed] = [world[0]!.cache, other[0]!.cache];
      closed.close();
      for (const cache of [disabled, closed]) {
        // Not all 0: a subscription that connects before its link counts a fault.
        const before = cache.redisTotals();
        cache.set('k', 1, TTL);
        cache.invalidate('*');
        expect(await cache.getOrLoad('k', () => 2, TTL)).toBe(2);
        expect(cache.redisTotals()).toEqual(before);
      }
    });

    test('leaves no timer if it is closed during the check for missed invalidations', async () => {
      const clock = new FakeClock();
      const node = await new Node(
        server.url,
        { namespace: await createNamespace(server.url) },
        { clock },
      ).up();
      // Sends the command. Its reply cannot be read before the next turn of the event loop.
      clock.advance(CHECK_MS);
      node[Symbol.dispose]();
      await settle();
      expect(clock.pending).toBe(0);
    });

    test('rejects all waiting reads of this process with the error of the load, and does not cache it', async () => {
      using world = await nodes(2);
      const [a, b] = world;
      const failing = () => Promise.reject(new Error('source is down'));
      const reads = [a!.cache.getOrLoad('k', failing, TTL), a!.cache.getOrLoad('k', failing, TTL)];
      for (const read of reads) await expect(read).rejects.toThrow('source is down');
      expect(await b!.cache.getOrLoad('k', () => 'loaded', TTL)).toBe('loaded');
    });
  });

  describe('loading', () => {
    test('one process loads; the others wait and read the value it stored', async () => {
      using world = await nodes(4);
      const source = new ManualSource<number>();
      const reads = world.map(({ cache }) => cache.getOrLoad('k', source.load, TTL));
      await waitUntil('the other processes wait', () => total(world, 'waits') >= 3, SOON_MS);
      expect(source.loads).toHaveLength(1);
      await source.latest.finish(7);
      expect(await Promise.all(reads)).toEqual([7, 7, 7, 7]);
      expect(source.loads).toHaveLength(1);
    });

    test('if the load fails, another process loads', async () => {
      using world = await nodes(2);
      const [a, b] = world;
      const source = new ManualSource<number>();
      const first = a!.cache.getOrLoad('k', source.load, TTL);
      await waitUntil('the first process loads', () => source.loads.length === 1, SOON_MS);
      const second = b!.cache.getOrLoad('k', source.load, TTL);
      await waitUntil('the second process waits', () => b!.cache.redisTotals().waits > 0, SOON_MS);
      const failed = expect(first).rejects.toThrow('no');
      await source.latest.fail(new Error('no'));
      await failed;
      await waitUntil('the second process loads', () => source.loads.length === 2, SOON_MS);
      await source.latest.finish(2);
      expect(await second).toBe(2);
    });

    test('renews the lease while the load is in progress', async () => {
      const clock = new FakeClock();
      using node = await new Node(
        server.url,
        { namespace: await createNamespace(server.url), leaseS: 30, loadTimeoutS: 1000 },
        { clock },
      ).up();
      const source = new ManualSource<number>();
      const read = node.cache.getOrLoad('renewed', source.load, TTL);
      await waitUntil('the load has started', () => source.loads.length === 1, SOON_MS);
      const [lease] = (await server.command('KEYS', '*:lease:renewed')) as [string];
      for (let times = 1; times <= 3; times += 1) {
        await server.command('PEXPIRE', lease, '20000');
        clock.advance(10_000);
        const renewed = async () => Number(await server.command('PTTL', lease)) > 20_000;
        await waitUntil('the lease is renewed', renewed, SOON_MS);
      }
      await source.latest.finish(1);
      await read;
      clock.advance(10_000);
      expect(await server.command('EXISTS', lease)).toBe(0);
    });

    test('loads directly after waiting for waitS', async () => {
      using world = await nodes(2, { waitS: 0.2 });
      const [a, b] = world;
      const source = new ManualSource<number>();
      const first = a!.cache.getOrLoad('k', source.load, TTL);
      await waitUntil('the first process loads', () => source.loads.length === 1, SOON_MS);
      const second = b!.cache.getOrLoad('k', source.load, TTL);
      await waitUntil('the second process loads', () => source.loads.length === 2, SOON_MS);
      await source.loads[1]!.finish(2);
      expect(await second).toBe(2);
      await source.loads[0]!.finish(1);
      expect(await first).toBe(1);
    });

    test('stops waiting for another process at loadTimeoutS', async () => {
      const clock = new FakeClock();
      const namespace = await createNamespace(server.url);
      using holder = await new Node(server.url, { namespace, leaseS: 600, loadTimeoutS: 1000 }).up();
      const options = { namespace, leaseS: 600, waitS: 600, loadTimeoutS: 1 };
      using node = await new Node(server.url, options, { clock }).up();
      const source = new ManualSource<number>();
      const first = holder.cache.getOrLoad('k', source.load, TTL);
      await waitUntil('the first process loads', () => source.loads.length === 1, SOON_MS);
      const late = expect(node.cache.getOrLoad('k', source.load, TTL)).rejects.toThrow('longer than 1 s');
      await waitUntil('the second process waits', () => node.cache.redisTotals().waits === 1, SOON_MS);
      await settle();
      // In one step, so that the next poll is due at the same time as the timeout.
      clock.advance(1000);
      await late;
      await node.link.send(['PING']);
      await settle();
      expect(node.cache.redisTotals().waits).toBe(1);
      await source.latest.finish(1);
      await first;
    });

    test.each([
      ['without a TTL', ['PERSIST']],
      ['with a TTL of hours, as after the clock of Redis was set back', ['PEXPIRE', '7200000']],
    ])('a lease %s, of a process that is gone, expires', async (_, [command, ...ttl]) => {
      const namespace = await createNamespace(server.url);
      using holder = await new Node(server.url, { namespace, leaseS: 60, loadTimeoutS: 1000 }).up();
      const load = Promise.withResolvers<string>();
      const late = holder.cache.getOrLoad('held', () => load.promise, { ttlS: 60 });
      const lease = async () => ((await server.command('KEYS', '*:lease:held')) as string[])[0];
      const name = await waitUntil('it has the lease', lease, SOON_MS);
      holder.link.close();
      await server.command(command!, name, ...ttl);
      using node = await new Node(server.url, {
        namespace,
        leaseS: 0.3,
        waitS: 600,
        loadTimeoutS: 1000,
      }).up();
      expect(await node.cache.getOrLoad('held', async () => 'value', { ttlS: 60 })).toBe('value');
      load.resolve('late');
      expect(await late).toBe('late');
    });

    test('releases the lease at loadTimeoutS', async () => {
      using world = await nodes(2, { loadTimeoutS: 1, leaseS: 60, waitS: 60 });
      const [a, b] = world;
      const source = new ManualSource<number>();
      const first = a!.cache.getOrLoad('k', source.load, TTL);
      await expect(first).rejects.toThrow('longer than 1 s');
      const second = b!.cache.getOrLoad('k', source.load, TTL);
      await waitUntil('the second process loads', () => source.loads.length === 2, SOON_MS);
      await source.loads[1]!.finish(2);
      expect(await second).toBe(2);
      await source.loads[0]!.finish(1);
      await settle();
      expect(a!.cache.get('k')).toBeUndefined();
    });
  });

  describe('invalidating', () => {
    test('applies to the memory of other processes', async () => {
      using world = await nodes(2);
      const [a, b] = world;
      await a!.cache.getOrLoad('stats:total', () => 1, TTL);
      await a!.cache.getOrLoad('vpn:status', () => 1, TTL);
      await b!.cache.getOrLoad('stats:total', () => 0, TTL);
      await b!.cache.getOrLoad('vpn:status', () => 0, TTL);
      b!.cache.invalidate('stats:*');
      await waitUntil(
        'the other process has invalidated it',
        () => a!.cache.get('stats:total') === undefined,
        SOON_MS,
      );
      expect(a!.cache.get('vpn:status')).toBe(1);
    });

    test.each(['k', 'k*'])(
      'of %s applies to the next read of this process, and soon of others',
      async (pattern) => {
        using world = await nodes(2);
        const [a, b] = world;
        for (let version = 1; version <= 20; version += 1) {
          a!.cache.invalidate(pattern);
          expect(await a!.cache.getOrLoad('k', () => version, TTL)).toBe(version);
          await waitUntil(
            'the other process reads the new value',
            async () => {
              return (await b!.cache.getOrLoad('k', () => -1, TTL)) === version;
            },
            SOON_MS,
          );
        }
      },
    );

    test.each([
      ['one key', 'k'],
      ['a glob', '?'],
    ])('%s: discards a load in progress in any process', async (_, pattern) => {
      using world = await nodes(3);
      const [a, b, c] = world;
      const source = new ManualSource<string>();
      const early = a!.cache.getOrLoad('k', source.load, TTL);
      await waitUntil('the load has started', () => source.loads.length === 1, SOON_MS);
      b!.cache.invalidate(pattern);
      const late = b!.cache.getOrLoad('k', source.load, TTL);
      await waitUntil('the second load has started', () => source.loads.length === 2, SOON_MS);
      await source.loads[0]!.finish('old');
      expect(await early).toBe('old');
      await waitUntil('the old value is refused', () => a!.cache.redisTotals().refused === 1, SOON_MS);
      await source.loads[1]!.finish('new');
      expect(await late).toBe('new');
      await waitUntil('the new value is stored', () => b!.cache.redisTotals().stored === 1, SOON_MS);
      expect(await c!.cache.getOrLoad('k', () => 'own', TTL)).toBe('new');
      await waitUntil('the first process has invalidated it', () => a!.cache.get('k') !== 'old', SOON_MS);
      expect(await a!.cache.getOrLoad('k', () => 'own', TTL)).toBe('new');
    });

    test('set and delete apply to other processes too', async () => {
      using world = await nodes(2);
      const [a, b] = world;
      await a!.cache.getOrLoad('a?b', () => 1, TTL);
      await a!.cache.getOrLoad('axb', () => 1, TTL);
      b!.cache.set('a?b', 2, TTL);
      expect(b!.cache.get('a?b')).toBe(2);
      await waitUntil(
        'the other process has invalidated it',
        () => a!.cache.get('a?b') === undefined,
        SOON_MS,
      );
      expect(await a!.cache.getOrLoad('a?b', () => 3, TTL)).toBe(2);
      b!.cache.delete('a?b');
      await waitUntil(
        'the other process has invalidated it',
        () => a!.cache.get('a?b') === undefined,
        SOON_MS,
      );
      expect(await a!.cache.getOrLoad('a?b', () => 4, TTL)).toBe(4);
      expect(a!.cache.get('axb')).toBe(1);
    });
  });
});

function total(world: readonly Node<unknown>[], counter: 'waits' | 'leads'): number {
  return world.reduce((sum, { cache }) => sum + cache.redisTotals()[counter], 0);
}
