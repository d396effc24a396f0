import { describe, expect, test } from 'vitest';
import { settle } from '../../support/fake-clock.ts';
import { assertDocumented } from '../../support/http/openapi.ts';
import { startFakeApp, untilHeld } from '../../support/service/app.ts';

const TOTAL = '/engines/stats/total';

async function startWithEngine(settings: Record<string, string> = {}) {
  const app = await startFakeApp({ settings });
  app.runtime.start();
  await settle();
  return app;
}

describe('while the runtime fails', () => {
  test('the last good answer is served with its age, marked as stale', async () => {
    await using app = await startWithEngine();
    const good = await app.get(TOTAL);
    app.runtime.fail('sample');
    await app.clock.advanceAsync(3000);
    const stale = await app.get(TOTAL);
    expect(stale.statusCode).toBe(200);
    expect(stale.text).toBe(good.text);
    expect(stale.headers).toMatchObject({
      age: '3',
      etag: good.headers.etag,
      'cache-status': 'roundhouse; fwd=stale; ttl=0',
    });
    await app.clock.advanceAsync(10_000);
    expect((await app.get(TOTAL)).headers).toMatchObject({
      age: '13',
      'cache-status': 'roundhouse; fwd=stale; ttl=-10',
    });
  });

  test('it is served for CACHE_STALE_IF_ERROR_S after its expiry, then 503', async () => {
    await using app = await startWithEngine({ CACHE_STALE_IF_ERROR_S: '20' });
    await app.get(TOTAL);
    app.runtime.fail('sample');
    await app.clock.advanceAsync(22_999);
    expect((await app.get(TOTAL)).headers).toMatchObject({ age: '22' });
    await app.clock.advanceAsync(1);
    const failed = await app.get(TOTAL);
    expect(failed.statusCode).toBe(503);
    expect(failed.body).toMatchObject({ status: 503, code: 'runtime_unavailable' });
    expect(failed.headers).toMatchObject({ 'retry-after': expect.stringMatching(/^\d+$/) });
    assertDocumented('GET', TOTAL, failed);
  });

  test('the source is retried about once a second, whatever the number of requests', async () => {
    await using app = await startWithEngine();
    await app.get(TOTAL);
    app.runtime.fail('sample');
    await app.clock.advanceAsync(3000);
    const before = app.runtime.calls.sample;
    for (let tenth = 0; tenth < 100; tenth += 1) {
      await app.get(TOTAL);
      await app.clock.advanceAsync(100);
    }
    const tries = app.runtime.calls.sample - before;
    expect(tries).toBeGreaterThanOrEqual(8);
    expect(tries).toBeLessThanOrEqual(11);
  });

  test('the answer is fresh within a second after the source recovers', async () => {
    await using app = await startWithEngine();
    await app.get(TOTAL);
    app.runtime.fail('sample');
    await app.clock.advanceAsync(10_000);
    await app.get(TOTAL);
    app.runtime.recover('sample');
    await app.clock.advanceAsync(1000);
    await app.get(TOTAL);
    await settle();
    expect((await app.get(TOTAL)).headers).toMatchObject({
      age: '0',
      'cache-status': expect.stringContaining('hit'),
    });
  });

  test('the answer is fresh after a 503 too', async () => {
    // The engine of these tests fails its health checks, and would be replaced within a minute.
    await using app = await startWithEngine({ ENGINE_GRACE_PERIOD_S: '3600' });
    await app.get(TOTAL);
    app.runtime.fail('sample');
    await app.clock.advanceAsync(60_000);
    expect((await app.get(TOTAL)).statusCode).toBe(503);
    app.runtime.recover('sample');
    expect((await app.get(TOTAL)).headers['cache-status']).toContain('fwd=miss');
  });

  test('there is a 503 if there is no earlier answer', async () => {
    await using app = await startWithEngine();
    app.runtime.fail('sample');
    expect((await app.get(TOTAL)).statusCode).toBe(503);
    expect((await app.get('/engines/stats/all')).statusCode).toBe(503);
  });
});

describe('while the runtime is disconnected', () => {
  test('an invalidated answer is served as stale, never as fresh', async () => {
    await using app = await startWithEngine();
    for (const path of [TOTAL, '/engines', '/orchestrator/status']) {
      await app.get(path);
      app.runtime.disconnect();
      const reply = await app.get(path);
      expect(reply.statusCode).toBe(200);
      expect(reply.headers['cache-status']).toContain('fwd=stale');
      app.runtime.connect();
      await settle();
      expect((await app.get(path)).headers['cache-status']).toContain('fwd=miss');
    }
  });

  test('a conditional request can match a stale answer', async () => {
    await using app = await startWithEngine();
    const { etag } = (await app.get(TOTAL)).headers;
    app.runtime.disconnect();
    const reply = await app.get(TOTAL, { 'if-none-match': String(etag) });
    expect(reply.statusCode).toBe(304);
    expect(reply.headers['cache-status']).toContain('fwd=stale');
  });

  test('there is a 503 at once if stale answers are disabled', async () => {
    await using app = await startWithEngine({ CACHE_STALE_IF_ERROR_S: '0' });
    await app.get(TOTAL);
    app.runtime.disconnect();
    expect((await app.get(TOTAL)).statusCode).toBe(503);
  });
});

test('a load that hangs is aborted at its deadline, and the last good answer is served', async () => {
  await using app = await startWithEngine({ CACHE_LOAD_TIMEOUT_S: '2', CACHE_KEEP_WARM: 'false' });
  await app.get(TOTAL);
  app.runtime.hold('sample');
  await app.clock.advanceAsync(4000);
  const reply = app.get(TOTAL);
  await untilHeld(app, 'sample');
  await app.clock.advanceAsync(2000);
  expect((await reply).headers).toMatchObject({
    age: '6',
    'cache-status': expect.stringContaining('fwd=stale'),
  });
});

test('missing statistics of all engines are an error, not zeros', async () => {
  await using app = await startWithEngine();
  app.runtime.samples.clear();
  const reply = await app.get(TOTAL);
  expect(reply.statusCode).toBe(503);
  expect(reply.body.code).toBe('stats_unavailable');
  assertDocumented('GET', TOTAL, reply);
});
