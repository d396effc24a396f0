import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type FakeClock, settle } from '../../../support/fake-clock.ts';
import { startFakeApp, type TestApp, type TestAppOptions } from '../../../support/service/app.ts';
import { type FakeRuntime, sampleOf } from '../../../support/service/fake-runtime.ts';

// A busy machine makes these tests slow.
vi.setConfig({ testTimeout: 30_000 });

const BEGUN_MS = Date.UTC(2026, 10, 5, 12);
/** Nothing answers health checks of fake engines. Without this timeout they would be replaced. */
const SAMPLED = { HISTORY_SAMPLE_INTERVAL_S: '10', STARTUP_TIMEOUT_S: '86400' };

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: BEGUN_MS });
});
afterEach(() => {
  vi.useRealTimers();
});

type FakeApp = TestApp<FakeRuntime, FakeClock>;

function start(options: TestAppOptions = {}): Promise<FakeApp> {
  return startFakeApp({ ...options, settings: { ...SAMPLED, ...options.settings } });
}

/** Advances both clocks, second by second. */
async function pass(app: FakeApp, seconds: number, each: () => Promise<unknown> = async () => {}) {
  for (let second = 0; second < seconds; second += 1) {
    vi.setSystemTime(Date.now() + 1000);
    await app.clock.advanceAsync(1000);
    await each();
  }
}

async function read(app: FakeApp, windowS = 300) {
  return (await app.get(`/stats/history?window_s=${windowS}`)).body;
}

describe('GET /stats/history', () => {
  test('returns the usage of engines from before the first request', async () => {
    await using app = await start();
    const engine = app.runtime.start({ startedAt: BEGUN_MS });
    await settle();
    for (const second of [5, 15, 25]) {
      const counters = { cpuNs: second * 5e8, networkRx: second * 1000 };
      app.runtime.samples.set(
        engine.id,
        sampleOf(engine, { takenAt: BEGUN_MS + second * 1000, ...counters }),
      );
      await pass(app, second === 5 ? 6 : 10);
    }
    const window = await read(app);
    expect(window).toMatchObject({ interval_s: 10, to: BEGUN_MS / 1000 + 30 });
    expect(window.t.slice(-2)).toEqual([BEGUN_MS / 1000 + 10, BEGUN_MS / 1000 + 20]);
    expect(window.cpu_percent.slice(-4)).toEqual([null, null, 50, 50]);
    expect(window.network_rx_rate.slice(-3)).toEqual([null, 1000, 1000]);
    expect(window.engines_total.slice(-4)).toEqual([null, 1, 1, 1]);
  });

  test('without requests, engines are read once per interval, and nothing is loaded into the cache', async () => {
    await using app = await start();
    app.runtime.start();
    await settle();
    const before = app.runtime.calls.sample;
    const totals = app.app.cache.totals();
    await pass(app, 300);
    expect(app.runtime.calls.sample - before).toBe(30);
    expect(app.app.cache.totals()).toMatchObject({ hits: totals.hits, misses: totals.misses });
    expect(app.app.cache.stats().entries.filter(({ key }) => key.startsWith('stats:'))).toEqual([]);
  });

  test('while a client polls the usage, engines are not read additionally', async () => {
    await using polled = await start();
    await using unsampled = await start({ settings: { HISTORY_SAMPLE_INTERVAL_S: '0' } });
    for (const app of [polled, unsampled]) {
      app.runtime.start();
      await settle();
      let second = 0;
      await pass(app, 120, async () => {
        if (second++ % 2 === 0) await app.get('/engines/stats/total');
      });
    }
    expect(polled.runtime.calls.sample).toBe(unsampled.runtime.calls.sample);
    expect((await read(polled)).memory_usage.slice(-10)).not.toContain(null);
    expect((await read(unsampled)).memory_usage.every((figure: unknown) => figure === null)).toBe(true);
  });

  test('while the runtime is unavailable, engines are unknown, but streams and the cache are not', async () => {
    await using app = await start();
    app.runtime.start();
    await pass(app, 10);
    app.runtime.disconnect();
    await pass(app, 10);
    app.runtime.connect();
    await pass(app, 10);
    const window = await read(app);
    for (const column of ['memory_usage', 'engines_total', 'engines_healthy', 'engines_used'])
      expect(window[column].slice(-3)).toEqual([expect.any(Number), null, expect.any(Number)]);
    expect(window.streams_active.slice(-3)).toEqual([0, 0, 0]);
    expect(window.cache_hits.slice(-3)).toEqual([0, 0, 0]);
  });

  test('counts the reads of each interval, even if the cache is cleared', async () => {
    await using app = await start();
    for (let reads = 0; reads < 3; reads += 1) await app.get('/engines');
    await pass(app, 10);
    await app.post('/cache/clear');
    await app.get('/engines');
    await pass(app, 10);
    const { cache_hits, cache_misses } = await read(app);
    expect(cache_hits.slice(-2)).toEqual([2, 0]);
    expect(cache_misses.slice(-2)).toEqual([1, 1]);
  });

  test('responds with 304 until there is another point, for the same window only', async () => {
    await using app = await start();
    await pass(app, 10);
    const { headers } = await app.get('/stats/history');
    const known = { 'if-none-match': String(headers.etag) };
    expect(headers).toMatchObject({
      etag: expect.stringMatching(/^W\/".+"$/),
      'cache-control': 'private, no-cache',
    });
    await pass(app, 4);
    const same = await app.get('/stats/history', known);
    expect([same.statusCode, same.text, same.headers.etag]).toEqual([304, '', headers.etag]);
    expect((await app.get('/stats/history?window_s=301', known)).statusCode).toBe(200);
    await pass(app, 2);
    const next = await app.get('/stats/history', known);
    expect(next.statusCode).toBe(200);
    expect(next.headers.etag).not.toBe(headers.etag);
  });

  test('another run of the service has other entity tags', async () => {
    await using one = await start();
    await using other = await start();
    const tags = await Promise.all(
      [one, other].map(async (app) => (await app.get('/stats/history')).headers.etag),
    );
    expect(tags[0]).not.toBe(tags[1]);
  });

  test('the points are restored after a restart', async () => {
    const former = await start();
    await pass(former, 20);
    await former.app.close();
    await using next = await start({ settings: { DATA_DIR: former.config.dataDir } });
    const { streams_active, t } = await read(next);
    expect(streams_active.slice(t.indexOf(BEGUN_MS / 1000))).toEqual([0, 0, null]);
    const written = (await readdir(former.config.dataDir)).filter((name) => name.startsWith('samples'));
    expect(written).toEqual(['samples.json']);
  });

  test('accepts windows from five minutes to one day', async () => {
    await using app = await start();
    for (const text of ['300', '999', '7999', '79999', '85999', '86399', '86400'])
      expect([text, (await app.get(`/stats/history?window_s=${text}`)).statusCode]).toEqual([text, 200]);
    for (const text of ['299', '86401', '3e2', '300.5', '-300', '', '%20300', '0300']) {
      const reply = (await app.get(`/stats/history?window_s=${text}`)).body;
      expect([text, reply]).toMatchObject([text, { status: 400, code: 'invalid_request' }]);
    }
  });
});
