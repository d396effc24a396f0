import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { FakeClock } from '../../support/fake-clock.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { startFakeApp, type TestApp } from '../../support/service/app.ts';
import { FakeRuntime } from '../../support/service/fake-runtime.ts';
import { waitUntil } from '../../support/wait-until.ts';

vi.setConfig({ hookTimeout: 30_000, testTimeout: 30_000 });
const WAIT_MS = 10_000;
const PATH = '/engines/stats/total';

/** A runtime in memory whose engines other orchestrators see too. */
class SharedRuntime extends FakeRuntime {
  override readonly isShared = true;
}

type Orchestrator = TestApp<FakeRuntime, FakeClock>;

async function redisStats(app: Orchestrator) {
  return (await app.get('/cache/stats')).body.caches.stats.redis;
}

describeWithRedis('a value in Redis', () => {
  let server: RedisServer;
  let loader: Orchestrator;
  let reader: Orchestrator;
  beforeAll(async () => {
    server = await startRedis();
    const settings = { REDIS_URL: server.url, CACHE_KEEP_WARM: 'false', CACHE_TTL_STATS_TOTAL_S: '600' };
    loader = await startFakeApp({ settings }, new SharedRuntime());
    reader = await startFakeApp({ settings }, new SharedRuntime());
    for (const app of [loader, reader])
      await waitUntil('the connection', async () => (await redisStats(app)).connected, WAIT_MS);
  });
  afterAll(async () => {
    for (const app of [loader, reader]) await app[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  /** Loads the answer in one process, and returns the key of its entry in Redis. */
  async function storeAnswer(): Promise<string> {
    await loader.post('/cache/clear');
    const { stored } = await redisStats(loader);
    await loader.get(PATH);
    await waitUntil('the value', async () => (await redisStats(loader)).stored > stored, WAIT_MS);
    const keys = (await server.command('KEYS', '*:entry:stats:total')) as string[];
    expect(keys).toHaveLength(1);
    return String(keys[0]);
  }

  test('is read by another process', async () => {
    await storeAnswer();
    const { hits } = await redisStats(reader);
    expect((await reader.get(PATH)).status).toBe(200);
    expect((await redisStats(reader)).hits).toBe(hits + 1);
  });

  test.each([
    ['null', 'null'],
    ['an empty object', '{}'],
    ['an array', '[1,2]'],
    ['a number', '5'],
    ['no JSON', 'hello'],
    ['nothing', ''],
    ['an answer without a body', '{"etag":"W/\\"x\\""}'],
    ['an answer without an entity tag', '{"body":"{}"}'],
    ['a body that is no text', '{"body":7,"etag":"W/\\"x\\""}'],
    ['line breaks in the entity tag', '{"body":"{}","etag":"W/\\"x\\"\\r\\nSet-Cookie: a=b"}'],
    ['an answer of another shape', '{"body":"[]","etag":"W/\\"x\\""}'],
  ])('that is %s is a miss, counted as corrupt', async (_, corrupt) => {
    const key = await storeAnswer();
    const [head] = String(await server.command('GET', key)).split('\n');
    await server.command('SET', key, `${head}\n${corrupt}`, 'KEEPTTL');
    const before = await redisStats(reader);
    const reply = await reader.get(PATH);
    expect(reply.status).toBe(200);
    expect(reply.body).toMatchObject({ container_count: 0 });
    expect(reply.headers['cache-status']).toContain('fwd=miss');
    const after = await redisStats(reader);
    expect(after.corrupt).toBe(before.corrupt + 1);
    expect(after.hits).toBe(before.hits);
    await waitUntil('a new value', async () => (await redisStats(reader)).stored > before.stored, WAIT_MS);
  });

  test.each([
    ['without a head', 'hello'],
    ['without a lifetime', 'generation 5\n{}'],
    ['that is empty', ''],
  ])('%s is a miss, counted as corrupt', async (_, entry) => {
    const key = await storeAnswer();
    await server.command('SET', key, entry, 'KEEPTTL');
    const { corrupt, faults, stored } = await redisStats(reader);
    const reply = await reader.get(PATH);
    expect(reply.status).toBe(200);
    expect(reply.headers.age).toBe('0');
    expect(await redisStats(reader)).toMatchObject({ corrupt: corrupt + 1, faults });
    await waitUntil('a new value', async () => (await redisStats(reader)).stored > stored, WAIT_MS);
  });

  test('of another type is a miss, and is replaced', async () => {
    const key = await storeAnswer();
    await server.command('DEL', key);
    await server.command('HSET', key, 'v', 'hello');
    const { faults, stored } = await redisStats(reader);
    expect((await reader.get(PATH)).status).toBe(200);
    expect(await redisStats(reader)).toMatchObject({ faults });
    await waitUntil('a new value', async () => (await redisStats(reader)).stored > stored, WAIT_MS);
  });

  test('whose lease has lost its expiry is loaded at once', async () => {
    const key = await storeAnswer();
    await server.command('DEL', key);
    const state = key.replace(/:entry:.*/, ':state');
    const [, generation] = String(await server.command('GET', state)).split(' ');
    const lease = key.replace(':entry:', ':lease:');
    await server.command('HSET', lease, 'g', String(generation), 't', 'a-dead-process');
    const { leads } = await redisStats(reader);
    expect((await reader.get(PATH)).status).toBe(200);
    expect((await redisStats(reader)).leads).toBe(leads + 1);
  });
});
