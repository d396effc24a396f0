import { describe, expect, test } from 'vitest';
import { settle } from '../../../support/fake-clock.ts';
import { startFakeApp, type TestApp, untilHeld, WITH_KEY } from '../../../support/service/app.ts';

async function stats(app: TestApp) {
  return (await app.get('/cache/stats')).body;
}

const NOTHING = {
  entry_count: 0,
  bytes: 0,
  hits: 0,
  misses: 0,
  loads: 0,
  collapsed: 0,
  stale: 0,
  load_errors: 0,
  evictions: 0,
};

describe('GET /cache/stats', () => {
  test('all counters are zero before the first read', async () => {
    await using app = await startFakeApp();
    expect(await stats(app)).toEqual({
      size: 0,
      hits: 0,
      misses: 0,
      hit_rate: 0,
      entries: [],
      loads: 0,
      collapsed: 0,
      stale: 0,
      load_errors: 0,
      evictions: 0,
      invalidations: 0,
      store_errors: 0,
      bytes: 0,
      in_flight: 0,
      adaptive_ttl: null,
      load_times: {},
      caches: { stats: { memory: NOTHING, redis: null }, results: { memory: NOTHING, redis: null } },
    });
  });

  test('counts reads, and lists entries with their ages', async () => {
    await using app = await startFakeApp();
    for (let read = 0; read < 3; read += 1) await app.get('/engines');
    await app.get('/engines/stats/total');
    app.clock.advance(1234.5678);
    await app.get('/engines');
    const { bytes, ...counted } = await stats(app);
    expect(counted).toMatchObject({
      size: 2,
      hits: 3,
      misses: 2,
      hit_rate: 60,
      loads: 2,
      collapsed: 0,
    });
    expect(counted.entries).toEqual([
      { key: 'engines:list', age: 1.235, ttl_remaining: 0.765, bytes: expect.any(Number) },
      { key: 'stats:total', age: 1.235, ttl_remaining: 1.765, bytes: expect.any(Number) },
    ]);
    expect(bytes).toBe(counted.entries[0].bytes + counted.entries[1].bytes);
  });

  test('the hit rate has two decimals', async () => {
    await using app = await startFakeApp();
    for (let read = 0; read < 3; read += 1) await app.get('/engines');
    expect((await stats(app)).hit_rate).toBe(66.67);
    for (let read = 0; read < 3; read += 1) await app.get('/engines');
    expect((await stats(app)).hit_rate).toBe(83.33);
  });

  test('hits are those of clients: reads of the service itself do not count', async () => {
    await using app = await startFakeApp({ settings: { MAX_REPLICAS: '20' } });
    await app.get('/vpn/status');
    // Each reads the state of the VPN, which is cached.
    for (let count = 0; count < 5; count += 1) await app.post('/provision/acestream');
    expect(await stats(app)).toMatchObject({ hits: 0, misses: 1, hit_rate: 0 });
    const outcomes = [];
    for (let read = 0; read < 3; read += 1)
      outcomes.push((await app.get('/orchestrator/status')).headers['cache-status']);
    expect(outcomes.map((status) => status?.includes('hit'))).toEqual([false, true, true]);
    expect(await stats(app)).toMatchObject({ hits: 2, misses: 2, hit_rate: 50 });
    await app.post('/cache/clear', { pattern: 'vpn:*' });
    expect(await stats(app)).toMatchObject({ hits: 2, misses: 2 });
    await app.post('/cache/clear');
    expect(await stats(app)).toMatchObject({ hits: 0, misses: 0, hit_rate: 0 });
  });

  test('expired entries are not listed, and no time is negative', async () => {
    await using app = await startFakeApp({ settings: { CACHE_KEEP_WARM: 'false' } });
    await app.get('/engines');
    app.clock.advance(1999);
    expect((await stats(app)).entries).toMatchObject([{ ttl_remaining: 0.001 }]);
    app.clock.advance(1);
    expect(await stats(app)).toMatchObject({ size: 0, entries: [] });
  });

  test('load times are listed by class of key until the counters are reset', async () => {
    await using app = await startFakeApp({ settings: { CACHE_KEEP_WARM: 'false' } });
    const engines = [app.runtime.start(), app.runtime.start()];
    await settle();
    app.runtime.hold('sample');
    const replies = engines.map(({ id }) => app.get(`/engines/${id}/stats`));
    await untilHeld(app, 'sample', 2);
    app.clock.advance(250);
    app.runtime.release('sample');
    await Promise.all(replies);
    app.runtime.fail('sample');
    await app.get('/engines/stats/total');
    const { load_times } = await stats(app);
    expect(load_times).toEqual({
      'stats:engine': { count: 2, failed: 0, mean_seconds: 0.25, last_seconds: 0.25 },
      'stats:total': { count: 0, failed: 1, mean_seconds: null, last_seconds: null },
    });
    await app.post('/cache/clear', { pattern: 'stats:*' });
    expect((await stats(app)).load_times).toEqual(load_times);
    await app.post('/cache/clear');
    expect((await stats(app)).load_times).toEqual({});
  });

  test('counts loads in progress, failed loads and stale answers', async () => {
    await using app = await startFakeApp();
    app.runtime.start();
    await settle();
    app.runtime.hold('sample');
    const reply = app.get('/engines/stats/total');
    await untilHeld(app, 'sample');
    expect((await stats(app)).in_flight).toBe(1);
    app.runtime.release('sample');
    await reply;
    app.runtime.fail('sample');
    await app.clock.advanceAsync(3000);
    await app.get('/engines/stats/total');
    expect(await stats(app)).toMatchObject({ in_flight: 0, load_errors: 1, stale: 1, misses: 2 });
  });

  test('counts invalidations by events', async () => {
    await using app = await startFakeApp();
    await app.get('/engines');
    await app.get('/engines/stats/total');
    await app.get('/vpn/status');
    app.runtime.start();
    await settle();
    expect(await stats(app)).toMatchObject({ invalidations: 2, size: 1 });
  });

  test('does not count as a read of the cache, and is not cached itself', async () => {
    await using app = await startFakeApp();
    const reply = await app.get('/cache/stats');
    expect(reply.headers['cache-control']).toBe('no-store');
    expect(await stats(app)).toMatchObject({ hits: 0, misses: 0 });
  });

  test('entries above CACHE_MAX_ENTRIES are evicted and counted', async () => {
    await using app = await startFakeApp({ settings: { CACHE_MAX_ENTRIES: '2' } });
    for (const path of ['/engines', '/engines/stats/total', '/engines/stats/all']) await app.get(path);
    expect(await stats(app)).toMatchObject({ size: 2, evictions: 1 });
  });
});

function clearWithForm(app: TestApp, body: string) {
  const headers = { ...WITH_KEY, 'content-type': 'application/x-www-form-urlencoded' };
  return app.request('POST', '/cache/clear', { headers, body });
}

describe('POST /cache/clear', () => {
  test.each(['pattern=', 'patern=stats:*', 'stats:*', '{"pattern":5}', '{"pattern":'])(
    'refuses the form %s',
    async (body) => {
      await using app = await startFakeApp();
      expect((await clearWithForm(app, body)).status).toBe(400);
    },
  );

  async function filled() {
    const app = await startFakeApp();
    for (const path of ['/engines', '/engines/stats/total', '/engines/stats/all', '/vpn/status'])
      await app.get(path);
    await app.get('/engines');
    return app;
  }

  test('clears one cache and keeps the others', async () => {
    await using app = await filled();
    const unknown = await app.post('/cache/clear', { cache: 'http' });
    expect([unknown.statusCode, unknown.body.code]).toEqual([400, 'invalid_request']);
    expect((await app.post('/cache/clear', { cache: 'results' })).body).toMatchObject({ cleared: 0 });
    expect((await stats(app)).size).toBe(4);
    expect((await app.post('/cache/clear?cache=stats&pattern=vpn:*')).body).toMatchObject({ cleared: 1 });
    expect((await app.post('/cache/clear', { cache: 'stats' })).body).toMatchObject({ cleared: 3 });
    expect((await stats(app)).caches.stats.memory).toMatchObject({ entry_count: 0 });
  });

  test('clears all caches and resets the counters', async () => {
    await using app = await filled();
    const reply = await app.post('/cache/clear');
    expect(reply.body).toEqual({ message: 'Cache cleared successfully', cleared: 4 });
    expect(await stats(app)).toMatchObject({ size: 0, hits: 0, misses: 0, loads: 0, hit_rate: 0 });
    expect((await app.get('/engines')).headers['cache-status']).toContain('fwd=miss');
  });

  test.each([
    ['in the body', (app: TestApp) => app.post('/cache/clear', { pattern: 'stats:*' })],
    ['in the query', (app: TestApp) => app.post('/cache/clear?pattern=stats:*')],
    ['in a form', (app: TestApp) => clearWithForm(app, 'pattern=stats%3A*')],
    ['in JSON sent as a form, as by curl -d', (app: TestApp) => clearWithForm(app, '{"pattern":"stats:*"}')],
  ])('a pattern %s clears the matching keys and keeps the counters', async (_, clear) => {
    await using app = await filled();
    expect((await clear(app)).body).toEqual({ message: 'Cache cleared successfully', cleared: 2 });
    const { size, hits, misses, entries } = await stats(app);
    expect({ size, hits, misses }).toEqual({ size: 2, hits: 1, misses: 4 });
    expect(entries.map(({ key }: { key: string }) => key).sort()).toEqual(['engines:list', 'vpn:status']);
  });

  test('a pattern is a glob that must match whole keys', async () => {
    await using app = await filled();
    for (const [pattern, cleared] of [
      ['stats', 0],
      ['total', 0],
      ['stats:totals', 0],
      ['stats:tota?', 1],
      ['stats:total', 0],
      ['*:status', 1],
      ['.*', 0],
      ['%', 0],
    ] as const) {
      expect([pattern, (await app.post('/cache/clear', { pattern })).body.cleared]).toEqual([
        pattern,
        cleared,
      ]);
    }
  });

  test('a pattern with many wildcards is matched in little time', async () => {
    await using app = await filled();
    const begun = performance.now();
    const pattern = `${'*a'.repeat(127)}b`;
    expect((await app.post('/cache/clear', { pattern })).statusCode).toBe(200);
    expect(performance.now() - begun).toBeLessThan(1000);
  });

  test('the result of a load in progress is not stored', async () => {
    await using app = await startFakeApp();
    app.runtime.start();
    await settle();
    app.runtime.hold('sample');
    const early = app.get('/engines/stats/total');
    await untilHeld(app, 'sample');
    await app.post('/cache/clear');
    app.runtime.release('sample');
    await early;
    expect(await stats(app)).toMatchObject({ size: 0 });
  });

  test.each([
    ['an empty pattern', { pattern: '' }],
    ['a pattern that is too long', { pattern: 'x'.repeat(257) }],
    ['a pattern that is not a string', { pattern: 5 }],
    ['a list of patterns', { pattern: ['stats:*'] }],
    ['an unknown field', { patern: 'stats:*' }],
    ['a list', []],
  ])('%s is refused, and nothing is cleared', async (_, body) => {
    await using app = await filled();
    const reply = await app.post('/cache/clear', body);
    expect(reply.statusCode).toBe(400);
    expect(reply.body.code).toBe('invalid_request');
    expect((await stats(app)).size).toBe(4);
  });

  test.each(['?pattern=', '?pattern=a&pattern=b', '?patern=stats:*', `?pattern=${'x'.repeat(257)}`])(
    'the query %s is refused, and nothing is cleared',
    async (query) => {
      await using app = await filled();
      expect((await app.post(`/cache/clear${query}`)).statusCode).toBe(400);
      expect((await stats(app)).size).toBe(4);
    },
  );
});

describe('CACHE_ADAPTIVE_TTL', () => {
  const settings = { CACHE_ADAPTIVE_TTL: 'true', CACHE_ADAPTIVE_TTL_MAX_S: '20' };

  async function ttls(app: TestApp): Promise<Record<string, number>> {
    const { entries } = await stats(app);
    return Object.fromEntries(
      entries.map((entry: { key: string; age: number; ttl_remaining: number }) => [
        entry.key,
        Math.round(entry.age + entry.ttl_remaining),
      ]),
    );
  }

  test('answers that do not change live longer, up to the bound that /cache/stats shows', async () => {
    await using app = await startFakeApp({ settings });
    const paths = ['/engines', '/engines/stats/total', '/orchestrator/status', '/vpn/status'];
    const poll = () => Promise.all(paths.map((path) => app.get(path)));
    await poll();
    expect(await ttls(app)).toEqual({
      'engines:list': 2,
      'stats:total': 3,
      'orchestrator:status': 2,
      'vpn:status': 3,
    });
    for (let read = 0; read < 30; read += 1) {
      await app.clock.advanceAsync(2000);
      await poll();
    }
    expect(new Set(Object.values(await ttls(app)))).toEqual(new Set([20]));
    expect((await stats(app)).adaptive_ttl).toEqual({ max_ttl_seconds: 20, max_load_share: 0.1 });
  });

  test('an event still invalidates them at once', async () => {
    await using app = await startFakeApp({ settings });
    for (let read = 0; read < 30; read += 1) {
      await app.get('/engines');
      await app.clock.advanceAsync(2000);
    }
    expect((await app.get('/engines')).body).toEqual([]);
    app.runtime.start();
    await settle();
    expect((await app.get('/engines')).body).toHaveLength(1);
    expect(await ttls(app)).toMatchObject({ 'engines:list': 2 });
  });

  test('loads that take 1 s make a TTL of 9 s', async () => {
    await using app = await startFakeApp({ settings });
    app.runtime.start();
    await settle();
    app.runtime.hold('sample');
    const reply = app.get('/engines/stats/total');
    await untilHeld(app, 'sample');
    app.clock.advance(1000);
    app.runtime.release('sample');
    expect((await reply).statusCode).toBe(200);
    expect(await ttls(app)).toMatchObject({ 'stats:total': 9 });
  });
});
