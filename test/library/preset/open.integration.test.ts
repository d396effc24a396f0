import { randomUUID } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type Caches, openCaches } from '../../../src/library/preset/index.ts';
import { freePorts } from '../../support/http/free-ports.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { isConnected, openConnected, read, SOON_MS, settingsOf, startOrigin } from './support.ts';

describeWithRedis('caches that share a Redis', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis[Symbol.asyncDispose]());

  /** The caches of two processes over one Redis, with a prefix of their own. */
  async function two() {
    const prefix = `test-${randomUUID()}`;
    const [a, b] = await Promise.all([1, 2].map(() => openConnected({ redisUrl: redis.url }, { prefix })));
    const stored = async (namespace: string) => {
      const pattern = `${prefix}:{${namespace}}:entry:*`;
      await waitUntil(
        'the value is in Redis',
        // Besides a response, there are the generations of the cache and the service.
        async () => ((await redis.command('KEYS', pattern)) as []).length >= (namespace === 'http' ? 3 : 1),
        SOON_MS,
      );
    };
    return {
      a: a!,
      b: b!,
      stored,
      [Symbol.asyncDispose]: async () => {
        await Promise.all([a!.close(), b!.close()]);
      },
    };
  }

  test('a process reads a response that another one has cached, then both read it from memory', async () => {
    await using origin = await startOrigin();
    await using world = await two();
    expect(await read(world.a, 'shop', `${origin.url}/a`)).toBe('1: /a');
    await world.stored('http');
    expect(await read(world.b, 'shop', `${origin.url}/a`)).toBe('1: /a');
    // The response, and the generations of the cache and the service.
    expect(world.b.stats().stores!.responses.redis.hits).toBe(3);
    const inMemory = async (caches: Caches) => {
      const { redis } = caches.stats().stores!.responses;
      const before = redis.hits + redis.misses;
      expect(await read(caches, 'SHOP', `${origin.url}/a`)).toBe('1: /a');
      const after = caches.stats().stores!.responses.redis;
      return after.hits + after.misses === before;
    };
    // Not necessarily from the next read: the invalidation by the write may arrive after it.
    for (const caches of [world.a, world.b]) {
      await waitUntil('it is read from memory', () => inMemory(caches), SOON_MS);
    }
    expect(origin.requests).toEqual(['GET /a']);
  });

  test('an unsafe request in one process invalidates the response in the memory of another', async () => {
    await using origin = await startOrigin();
    await using world = await two();
    expect(await read(world.a, 'shop', `${origin.url}/a`)).toBe('1: /a');
    await world.stored('http');
    expect(await read(world.b, 'shop', `${origin.url}/a`)).toBe('1: /a');
    await read(world.a, 'shop', `${origin.url}/a`, { method: 'PUT', body: 'new' });
    await waitUntil(
      'the other process requests it again',
      async () => (await read(world.b, 'shop', `${origin.url}/a`)) === '3: /a',
      SOON_MS,
    );
  });

  test('a process reads a result that another one has cached', async () => {
    await using world = await two();
    const lookUp = vi.fn(async (id: number) => ({ id }));
    const wrap = (caches: Caches) => caches.cachedResult(lookUp, { name: 'lookUp', ttlS: 60, async: true });
    expect(await wrap(world.a)(7)).toEqual({ id: 7 });
    await world.stored('results');
    expect(await wrap(world.b)(7)).toEqual({ id: 7 });
    expect(lookUp).toHaveBeenCalledTimes(1);
  });

  test('clear applies to all processes', async () => {
    await using origin = await startOrigin();
    await using world = await two();
    const lookUp = vi.fn(async () => 1);
    const [here, there] = [world.a, world.b].map((caches) =>
      caches.cachedResult(lookUp, { name: 'lookUp', async: true }),
    );
    await read(world.a, 'shop', `${origin.url}/a`);
    await here!();
    await Promise.all([world.stored('http'), world.stored('results')]);
    await read(world.b, 'shop', `${origin.url}/a`);
    await there!();
    await world.a.clear();
    await waitUntil(
      'both are cleared',
      async () => {
        await there!();
        return lookUp.mock.calls.length > 1 && (await read(world.b, 'shop', `${origin.url}/a`)) === '2: /a';
      },
      SOON_MS,
    );
  });

  test('a process that exits soon leaves its responses and results to the next one', async () => {
    await using origin = await startOrigin();
    const prefix = `test-${randomUUID()}`;
    const lookUp = vi.fn(async (id: number) => ({ id }));
    for (let program = 0; program < 5; program += 1) {
      await using caches = await openConnected({ redisUrl: redis.url }, { prefix });
      expect(await read(caches, 'shop', `${origin.url}/${program >> 1}`)).toMatch(/\d: \/\d/);
      expect(await caches.cachedResult(lookUp, { name: 'lookUp', async: true })(program >> 1)).toBeTruthy();
    }
    expect(origin.requests).toEqual(['GET /0', 'GET /1', 'GET /2']);
    expect(lookUp).toHaveBeenCalledTimes(3);
  });

  test('while Redis hangs, reads use memory or the source', async () => {
    await using origin = await startOrigin();
    await using stopped = await startRedis();
    const errors: string[] = [];
    // Reads do not wait for the timeout of a command.
    const given = { redisUrl: stopped.url, redisTimeoutS: 300 };
    await using caches = await openConnected(given, { onError: (_, subject) => errors.push(subject) });
    expect(await read(caches, 'shop', `${origin.url}/a`)).toBe('1: /a');
    await waitUntil('it is stored', () => caches.stats().services.shop!.stores === 1, SOON_MS);
    await stopped.kill('SIGSTOP');
    expect(await read(caches, 'shop', `${origin.url}/a`)).toBe('1: /a');
    expect(await read(caches, 'shop', `${origin.url}/b`)).toBe('2: /b');
    const lookUp = caches.cachedResult(async () => 'found', { name: 'lookUp' });
    expect(await lookUp()).toBe('found');
    await stopped.kill('SIGCONT');
    await waitUntil('Redis is used again', () => isConnected(caches), SOON_MS);
  });
});

describe('caches without Redis', () => {
  test('cache in memory and report the outage once per connection', async () => {
    await using origin = await startOrigin();
    const [port] = await freePorts(1);
    const errors: string[] = [];
    const settings = settingsOf({ redisUrl: `redis://127.0.0.1:${port}` });
    await using caches = openCaches(settings, { onError: (_, subject) => errors.push(subject) });
    const lookUp = vi.fn(async (id: number) => id);
    const cached = caches.cachedResult(lookUp, { name: 'lookUp', async: true });
    for (let i = 0; i < 3; i += 1) {
      expect(await read(caches, 'shop', `${origin.url}/a`)).toBe('1: /a');
      expect(await cached(5)).toBe(5);
      await waitUntil('it is stored', () => caches.stats().services.shop!.stores === 1, SOON_MS);
    }
    expect(lookUp).toHaveBeenCalledTimes(1);
    await waitUntil('both outages are reported', () => errors.length >= 2, SOON_MS);
    expect(errors.sort()).toEqual(['Redis for responses', 'Redis for results']);
    expect(caches.stats().stores!.results.link).not.toBe('connected');
  });
});

describe('settings', () => {
  let nowhere: string;
  beforeAll(async () => {
    const [port] = await freePorts(1);
    nowhere = `redis://127.0.0.1:${port}`;
  });

  /** Reads a path of an origin twice. */
  async function twice(caches: Caches, url: string, service = 'shop') {
    return { first: await read(caches, service, url), second: await read(caches, service, url) };
  }

  test('FORCE_CACHE caches responses that forbid it, for the TTL of the service', async () => {
    await using origin = await startOrigin();
    await using caches = openCaches(settingsOf({ redisUrl: nowhere, ttlS: { news: 0 } }));
    expect(await twice(caches, `${origin.url}/a`)).toMatchObject({ first: '1: /a', second: '1: /a' });
    expect(await twice(caches, `${origin.url}/a`, 'NEWS')).toMatchObject({ first: '2: /a', second: '3: /a' });
  });

  test('FORCE_CACHE=false respects the headers of responses', async () => {
    await using origin = await startOrigin();
    await using caches = openCaches(settingsOf({ redisUrl: nowhere, forceCache: false }));
    expect(await twice(caches, `${origin.url}/a`)).toMatchObject({ first: '1: /a', second: '2: /a' });
    expect(await twice(caches, `${origin.url}/tagged`)).toMatchObject({ second: '3: /tagged' });
  });

  test('ALWAYS_REVALIDATE revalidates with the origin each time', async () => {
    await using origin = await startOrigin();
    await using caches = openCaches(settingsOf({ redisUrl: nowhere, alwaysRevalidate: true }));
    expect(await twice(caches, `${origin.url}/tagged`)).toMatchObject({ second: '1: /tagged' });
    expect(origin.requests).toHaveLength(2);
    expect(caches.stats().services.shop!.revalidated).toBe(1);
  });

  test('keyByBody caches responses to POST by their request bodies', async () => {
    await using origin = await startOrigin();
    await using caches = openCaches(settingsOf({ redisUrl: nowhere }));
    const post = (body: string, keyByBody: boolean) =>
      read(caches, 'graph', `${origin.url}/q`, { method: 'POST', body }, keyByBody);
    expect([await post('one', true), await post('two', true)]).toEqual(['1: /q one', '2: /q two']);
    expect([await post('one', true), await post('two', true)]).toEqual(['1: /q one', '2: /q two']);
    expect([await post('one', false), await post('one', false)]).toEqual(['3: /q one', '4: /q one']);
  });

  test('MAX_CACHE_KEY_LENGTH hashes longer keys of results', async () => {
    await using caches = openCaches(settingsOf({ redisUrl: nowhere, maxKeyLength: 120 }));
    const key = (name: string) => caches.cachedResult(async () => 1, { name }).keyOf();
    expect(key('short')).toMatch(/^result_cache:short:[0-9a-f]{16}:[0-9a-f]{64}$/);
    expect(key('long'.repeat(20))).toMatch(/^[0-9a-f]{64}$/);
  });

  test('CACHE_ENABLE=false caches nothing and does not connect to Redis', async () => {
    await using origin = await startOrigin();
    const connections: Socket[] = [];
    const server = createServer((socket) => connections.push(socket.destroy())).listen(0, '127.0.0.1');
    await waitUntil('the server listens', () => server.listening, SOON_MS);
    const { port } = server.address() as { port: number };
    const lookUp = vi.fn(async () => 1);
    {
      const settings = settingsOf({ enabled: false, redisUrl: `redis://127.0.0.1:${port}` });
      await using caches = openCaches(settings);
      expect(await twice(caches, `${origin.url}/tagged`)).toMatchObject({ second: '2: /tagged' });
      const cached = caches.cachedResult(lookUp);
      expect([await cached(), await cached()]).toEqual([1, 1]);
      expect(caches.stats().stores).toBeNull();
      await caches.clear();
    }
    expect(lookUp).toHaveBeenCalledTimes(2);
    expect(connections).toEqual([]);
    server.close();
  });

  test('closed caches pass calls and requests through', async () => {
    await using origin = await startOrigin();
    const caches = openCaches(settingsOf({ redisUrl: nowhere }));
    const lookUp = vi.fn(async () => 1);
    const cached = caches.cachedResult(lookUp, { name: 'lookUp', async: true });
    await twice(caches, `${origin.url}/a`);
    await cached();
    await caches.close();
    await caches.close();
    expect(await twice(caches, `${origin.url}/a`)).toMatchObject({ first: '2: /a', second: '3: /a' });
    expect(await twice(caches, `${origin.url}/a`, 'other')).toMatchObject({
      first: '4: /a',
      second: '5: /a',
    });
    expect([await cached(), await cached()]).toEqual([1, 1]);
    expect(lookUp).toHaveBeenCalledTimes(3);
  });

  test('an invalid service name is rejected', async () => {
    await using caches = openCaches(settingsOf({ enabled: false }));
    expect(() => caches.fetchFor('a b')).toThrow(RangeError);
    expect(() => caches.fetchFor('')).toThrow('invalid service name');
  });

  test('an error thrown by onError does not fail a read', async () => {
    await using origin = await startOrigin();
    const onError = vi.fn(() => {
      throw new Error('thrown by onError');
    });
    await using caches = openCaches(settingsOf({ redisUrl: nowhere }), { onError });
    await waitUntil('onError is called', () => onError.mock.calls.length > 0, SOON_MS);
    expect(await read(caches, 'shop', `${origin.url}/a`)).toBe('1: /a');
  });
});
