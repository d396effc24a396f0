import { describe, expect, test } from 'vitest';
import { settle } from '../../support/fake-clock.ts';
import { startFakeApp, type TestApp } from '../../support/service/app.ts';
import { FakeRuntime } from '../../support/service/fake-runtime.ts';

const POLLED = [
  '/engines',
  '/engines/stats/all',
  '/engines/stats/total',
  '/orchestrator/status',
  '/vpn/status',
];

/** Outcomes of one poll, by path. */
async function poll(app: TestApp): Promise<string[]> {
  const replies = await Promise.all(POLLED.map((path) => app.get(path)));
  return replies.map(({ headers }) => /hit|miss/.exec(headers['cache-status'] ?? '')![0]);
}

function startApp(settings: Record<string, string> = {}) {
  const runtime = new FakeRuntime();
  runtime.startSilently();
  return startFakeApp({ settings: { CACHE_WARM_ON_START: 'true', ...settings } }, runtime);
}

describe('CACHE_WARM_ON_START', () => {
  test('the first poll after a start is a hit, and shows the engines that were found', async () => {
    await using app = await startApp();
    await settle();
    app.clock.advance(1500);
    expect(await poll(app)).toEqual(POLLED.map(() => 'hit'));
    expect((await app.get('/engines')).body).toHaveLength(1);
    expect((await app.get('/cache/stats')).body).toMatchObject({ misses: 0, hit_rate: 100 });
  });

  test('the first poll is a hit after the events that follow a start', async () => {
    await using app = await startApp();
    await settle();
    await app.clock.advanceAsync(5000);
    app.runtime.start();
    for (let turn = 0; turn < 3; turn += 1) await settle();
    expect(await poll(app)).toEqual(POLLED.map(() => 'hit'));
    expect((await app.get('/engines')).body).toHaveLength(2);
  });

  test('nothing is loaded any more when nobody has polled for CACHE_REFRESH_AHEAD_S', async () => {
    await using app = await startApp();
    await settle();
    await app.clock.advanceAsync(60_000);
    const { loads } = app.app.cache.totals();
    app.runtime.start();
    await app.clock.advanceAsync(60_000);
    expect(app.app.cache.totals().loads).toBe(loads);
    expect((await app.get('/engines')).headers['cache-status']).toContain('miss');
  });

  test('each key is loaded once, without CACHE_KEEP_WARM too', async () => {
    await using app = await startApp({ CACHE_KEEP_WARM: 'false' });
    await settle();
    expect(await poll(app)).toEqual(POLLED.map(() => 'hit'));
    await app.clock.advanceAsync(60_000);
    expect(app.app.cache.totals().loads).toBe(POLLED.length);
  });

  test.each([{ CACHE_WARM_ON_START: 'false' }, { CACHE_ENABLED: 'false' }])(
    'nothing is loaded with %o',
    async (settings) => {
      await using app = await startApp(settings);
      await settle();
      expect(app.app.cache.totals().loads).toBe(0);
    },
  );
});
