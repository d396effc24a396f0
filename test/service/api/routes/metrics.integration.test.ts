import { describe, expect, test } from 'vitest';
import { settle } from '../../../support/fake-clock.ts';
import { type Family, figure, parseExposition } from '../../../support/http/exposition.ts';
import { KEY, startFakeApp, type TestApp } from '../../../support/service/app.ts';
import { FakeVpn } from '../../../support/service/fake-vpn.ts';

async function scrape(app: TestApp): Promise<Map<string, Family>> {
  const reply = await app.get('/metrics');
  expect(reply.statusCode).toBe(200);
  return parseExposition(reply.text);
}

/** Name and labels of every series, except those of a single engine. */
function seriesOf(families: Map<string, Family>): string[] {
  return [...families.values()]
    .flatMap(({ samples }) => samples.filter(({ labels }) => !('engine' in labels)))
    .map(({ name, labels }) => JSON.stringify([name, labels]))
    .sort();
}

function report(app: TestApp, index: number, engineId: string) {
  return app.post('/events/stream_started', {
    container_id: engineId,
    engine: { host: 'x', port: 1 },
    stream: { key_type: 'url', key: `key-${index}` },
    session: { playback_session_id: 's', stat_url: 'u', command_url: 'u', is_live: 0 },
  });
}

/** Reads every cached answer, of one engine too. */
async function readAll(app: TestApp, engineId: string) {
  const paths = ['/engines', '/engines/stats/all', '/engines/stats/total', '/orchestrator/status'];
  for (const path of [...paths, '/vpn/status', `/engines/${engineId}/stats`])
    expect((await app.get(path)).statusCode).toBe(200);
}

test('is Prometheus text that is not cached', async () => {
  await using app = await startFakeApp();
  const { headers } = await app.get('/metrics');
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(headers['cache-control']).toBe('no-store');
  expect((await app.request('HEAD', '/metrics')).statusCode).toBe(200);
});

test('engines and streams are counted without delay', async () => {
  await using app = await startFakeApp({ settings: { MIN_REPLICAS: '0' } });
  const engine = app.runtime.start();
  app.runtime.start({ startedAt: null });
  await settle();
  await report(app, 1, engine.id);
  let families = await scrape(app);
  expect(figure(families, 'roundhouse_engines', { state: 'unknown' })).toBe(1);
  expect(figure(families, 'roundhouse_engines', { state: 'starting' })).toBe(1);
  expect(figure(families, 'roundhouse_active_streams')).toBe(1);
  expect(figure(families, 'orch_used_engines')).toBe(1);
  expect(figure(families, 'roundhouse_events_total', { type: 'stream_started' })).toBe(1);
  expect(figure(families, 'roundhouse_runtime_available')).toBe(1);
  app.runtime.stop(engine.id);
  app.runtime.disconnect();
  families = await scrape(app);
  expect(figure(families, 'roundhouse_engines', { state: 'unknown' })).toBe(0);
  expect(figure(families, 'roundhouse_active_streams')).toBe(0);
  expect(figure(families, 'roundhouse_runtime_available')).toBe(0);
});

describe('a scrape', () => {
  test('reads only what is in memory, and does not count as a read of the cache', async () => {
    const vpnContainers = new FakeVpn();
    await using app = await startFakeApp({ settings: { GLUETUN_CONTAINER_NAME: 'gluetun' }, vpnContainers });
    const { id } = app.runtime.start();
    await settle();
    await readAll(app, id);
    app.app.cache.invalidate('*');
    const before = structuredClone([app.runtime.calls, vpnContainers.inspections, app.app.cache.totals()]);
    for (let count = 0; count < 5; count += 1) await scrape(app);
    await settle();
    expect([app.runtime.calls, vpnContainers.inspections, app.app.cache.totals()]).toEqual(before);
  });

  test('works while the runtime is unavailable', async () => {
    await using app = await startFakeApp({ start: false });
    app.runtime.fail('list');
    app.app.start();
    await settle();
    expect(figure(await scrape(app), 'roundhouse_runtime_available')).toBe(0);
    expect((await app.get('/orchestrator/status')).statusCode).toBe(503);
    const failures = { key_class: 'orchestrator:status' };
    expect(figure(await scrape(app), 'roundhouse_cache_load_failures_total', failures)).toBe(1);
  });

  test('has one more series of each kind for an engine, and none for more streams and reads', async () => {
    await using app = await startFakeApp({ settings: { CACHE_KEEP_WARM: 'false' } });
    const first = app.runtime.start();
    await settle();
    await report(app, 0, first.id);
    await readAll(app, first.id);
    const few = await scrape(app);
    for (let index = 1; index <= 40; index += 1) {
      const { id } = app.runtime.start();
      await settle();
      await report(app, index, id);
      await readAll(app, id);
    }
    const many = await scrape(app);
    expect(seriesOf(many)).toEqual(seriesOf(few));
    expect(figure(many, 'roundhouse_engines', { state: 'unknown' })).toBe(41);
    expect(many.get('roundhouse_engine_streams')!.samples).toHaveLength(41);
    expect(many.get('roundhouse_engine_memory_bytes')!.samples).toHaveLength(41);
    const engines = { key_class: 'stats:engine' };
    expect(figure(many, 'roundhouse_cache_load_seconds_count', engines)).toBe(41);
  });

  test('never decreases a counter, even when the cache is cleared', async () => {
    await using app = await startFakeApp();
    const { id } = app.runtime.start();
    await settle();
    await readAll(app, id);
    await readAll(app, id);
    const before = await scrape(app);
    expect(figure(before, 'roundhouse_cache_hits_total')).toBeGreaterThan(0);
    expect((await app.post('/cache/clear')).statusCode).toBe(200);
    expect((await app.get('/cache/stats')).body).toMatchObject({ hits: 0, misses: 0, loads: 0 });
    const after = await scrape(app);
    const counted = [...before.values()].filter(({ type }) => type !== 'gauge');
    expect(counted.length).toBeGreaterThan(12);
    for (const { samples } of counted)
      for (const { name, labels, value } of samples)
        expect([name, figure(after, name, labels)]).toEqual([
          name,
          expect.toSatisfy((now: number) => now >= value),
        ]);
    await app.get('/engines');
    expect(figure(await scrape(app), 'roundhouse_cache_misses_total')).toBe(
      figure(before, 'roundhouse_cache_misses_total') + 1,
    );
  });
});

describe('the health of the VPN', () => {
  const health = async (app: TestApp, which = 'vpn') => {
    const name = `orch_${which}_health`;
    const { samples } = (await scrape(app)).get(name)!;
    return samples.filter(({ value }) => value === 1).map(({ labels }) => labels[name]);
  };
  const settings = { GLUETUN_CONTAINER_NAME: 'gluetun' };

  test('is that of the cached state', async () => {
    const vpnContainers = new FakeVpn();
    await using app = await startFakeApp({ settings, vpnContainers, start: false });
    expect(await health(app)).toEqual(['unknown']);
    await app.get('/vpn/status');
    expect(await health(app)).toEqual(['healthy']);
    vpnContainers.change({ health: 'unhealthy' });
    expect(await health(app)).toEqual(['healthy']);
  });

  test('is that of the last observation if there are no reads', async () => {
    const vpnContainers = new FakeVpn();
    await using app = await startFakeApp({ settings, vpnContainers });
    expect(await health(app)).toEqual(['healthy']);
    vpnContainers.change({ health: 'unhealthy' });
    await settle();
    expect(await health(app)).toEqual(['unhealthy']);
    expect(app.app.cache.totals()).toMatchObject({ hits: 0, misses: 0 });
  });

  test('is listed for each of two VPNs', async () => {
    const vpnContainers = new FakeVpn('gluetun', 'gluetun2');
    vpnContainers.change({ health: 'starting' }, 'gluetun2');
    const both = { ...settings, GLUETUN_CONTAINER_NAME_2: 'gluetun2', VPN_MODE: 'redundant' };
    await using app = await startFakeApp({ settings: both, vpnContainers });
    const all = () => Promise.all(['vpn', 'vpn1', 'vpn2'].map((which) => health(app, which)));
    const expected = [['healthy'], ['healthy'], ['starting']];
    expect(await all()).toEqual(expected);
    await app.get('/vpn/status');
    expect(await all()).toEqual(expected);
  });
});

test('needs the key with AUTH_READS only', async () => {
  await using open = await startFakeApp();
  expect((await open.get('/metrics', { 'x-api-key': 'wrong' })).statusCode).toBe(200);
  await using closed = await startFakeApp({ settings: { AUTH_READS: 'true' } });
  expect((await closed.get('/metrics')).statusCode).toBe(401);
  expect((await closed.get('/metrics', { 'x-api-key': KEY })).statusCode).toBe(200);
});
