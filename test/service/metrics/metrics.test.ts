import { describe, expect, test } from 'vitest';
import { STALE_AFTER } from '../../../src/service/events/invalidation.ts';
import { figure } from '../../support/http/exposition.ts';
import { engine, ShownMetrics } from './fixtures.ts';

describe('what /metrics shows', () => {
  test('engines by state: each is in one', async () => {
    using shown = new ShownMetrics();
    shown.facts.engines = [
      engine('starting', { startedAt: null }),
      engine('fine', { health: 'healthy' }),
      engine('also fine', { health: 'healthy' }),
      engine('ill', { health: 'unhealthy' }),
      engine('not asked yet'),
    ];
    const families = await shown.scrape();
    const states = families
      .get('roundhouse_engines')!
      .samples.map(({ labels, value }) => [labels.state, value]);
    expect(Object.fromEntries(states)).toEqual({ starting: 1, healthy: 2, unhealthy: 1, unknown: 1 });
    shown.facts.engines = [];
    const later = await shown.scrape();
    expect(later.get('roundhouse_engines')!.samples.map(({ value }) => value)).toEqual([0, 0, 0, 0]);
  });

  test('the standing among other orchestrators, only where there could be others', async () => {
    using alone = new ShownMetrics();
    expect((await alone.scrape()).has('roundhouse_leading')).toBe(false);
    const facts = { redisConnected: true, leading: false, redisTotals: { hits: 3, faults: 0 } };
    using shown = new ShownMetrics(() => facts);
    const families = await shown.scrape();
    expect(figure(families, 'roundhouse_redis_connected')).toBe(1);
    expect(figure(families, 'roundhouse_leading')).toBe(0);
    expect(figure(families, 'roundhouse_cache_redis_total', { what: 'hits' })).toBe(3);
    facts.leading = true;
    expect(figure(await shown.scrape(), 'roundhouse_leading')).toBe(1);
    expect(figure(await shown.scrape(), 'roundhouse_cache_redis_total', { what: 'hits' })).toBe(3);
  });

  test('calls by their kind, their times and their failures', async () => {
    using shown = new ShownMetrics();
    const { metrics } = shown;
    metrics.noteDockerCall('list', 0.02, true);
    metrics.noteDockerCall('list', 0.2, false);
    metrics.noteDockerCall('stats', 70, true);
    metrics.noteVpnCall('port', 0.003, false);
    metrics.noteLoad({ key: 'stats:engine:00112233', durationS: 0.4, succeeded: true });
    metrics.noteLoad({ key: 'stats:engine:44556677', durationS: 10, succeeded: false });
    const families = await shown.scrape();
    const docker = (part: string, call: string, more = {}) =>
      figure(families, `roundhouse_docker_call_${part}`, { call, ...more });
    expect(docker('seconds_count', 'list')).toBe(2);
    expect(docker('seconds_sum', 'list')).toBeCloseTo(0.22);
    expect(docker('seconds_bucket', 'list', { le: '0.025' })).toBe(1);
    expect(docker('seconds_bucket', 'list', { le: '0.25' })).toBe(2);
    expect(docker('failures_total', 'list')).toBe(1);
    expect(docker('failures_total', 'stats')).toBe(0);
    expect(docker('seconds_bucket', 'stats', { le: '10' })).toBe(0);
    expect(docker('seconds_bucket', 'stats', { le: '+Inf' })).toBe(1);
    expect(figure(families, 'roundhouse_vpn_call_failures_total', { call: 'port' })).toBe(1);
    const engines = { key_class: 'stats:engine' };
    expect(figure(families, 'roundhouse_cache_load_seconds_count', engines)).toBe(2);
    expect(figure(families, 'roundhouse_cache_load_failures_total', engines)).toBe(1);
  });

  test("the cache's counters as counters, what it holds as gauges", async () => {
    using shown = new ShownMetrics();
    Object.keys(shown.totals).forEach((name, index) => {
      Object.assign(shown.totals, { [name]: 100 + index });
    });
    const families = await shown.scrape();
    const cache = [...families].filter(([name]) =>
      /^roundhouse_cache_(?!load_(seconds|failures))/.test(name),
    );
    const figures = cache.map(([name, { type, samples }]) => [name, [type, samples[0]?.value]]);
    expect(Object.fromEntries(figures)).toEqual({
      roundhouse_cache_hits_total: ['counter', 100],
      roundhouse_cache_misses_total: ['counter', 101],
      roundhouse_cache_loads_total: ['counter', 102],
      roundhouse_cache_collapsed_total: ['counter', 103],
      roundhouse_cache_stale_total: ['counter', 104],
      roundhouse_cache_load_errors_total: ['counter', 105],
      roundhouse_cache_evictions_total: ['counter', 106],
      roundhouse_cache_invalidations_total: ['counter', 107],
      roundhouse_cache_store_errors_total: ['counter', 108],
      roundhouse_cache_entries: ['gauge', 109],
      roundhouse_cache_bytes: ['gauge', 110],
      roundhouse_cache_loads_in_flight: ['gauge', 111],
    });
    // Not added up from scrape to scrape.
    expect(figure(await shown.scrape(), 'roundhouse_cache_hits_total')).toBe(100);
  });

  test('events by kind, those that have not happened as zero', async () => {
    using shown = new ShownMetrics();
    shown.bus.publish({ type: 'vpn_restarted', vpn: 'gluetun' });
    shown.bus.publish({ type: 'vpn_restarted', vpn: 'gluetun' });
    const { samples } = (await shown.scrape()).get('roundhouse_events_total')!;
    const counts = Object.fromEntries(samples.map(({ labels, value }) => [labels.type, value]));
    const none = Object.fromEntries(Object.keys(STALE_AFTER).map((type) => [type, 0]));
    expect(counts).toEqual({ ...none, vpn_restarted: 2 });
  });

  test('the process: CPU time that grows, memory, when it started', async () => {
    using shown = new ShownMetrics();
    const first = await shown.scrape();
    const started = figure(first, 'process_start_time_seconds');
    expect(Math.abs(Date.now() / 1000 - process.uptime() - started)).toBeLessThan(2);
    expect(figure(first, 'process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
    const used = figure(first, 'nodejs_heap_size_used_bytes');
    expect(used).toBeGreaterThan(1_000_000);
    expect(used).toBeLessThanOrEqual(figure(first, 'nodejs_heap_size_total_bytes'));
    const { user, system } = process.cpuUsage();
    const end = performance.now() + 50;
    while (performance.now() < end);
    const second = await shown.scrape();
    expect(figure(second, 'process_cpu_seconds_total')).toBeGreaterThan((user + system) / 1e6);
    for (const part of ['mean', 'p50', 'p90', 'p99', 'max'])
      expect(figure(second, `nodejs_eventloop_lag_${part}_seconds`)).toBeGreaterThanOrEqual(0);
  });

  test('two applications in one process each show their own', async () => {
    using one = new ShownMetrics();
    using other = new ShownMetrics();
    one.metrics.noteDockerCall('list', 1, true);
    one.facts.liveClients = 7;
    const families = await other.scrape();
    expect(figure(families, 'roundhouse_live_clients')).toBe(0);
    expect(families.get('roundhouse_docker_call_seconds')!.samples).toEqual([]);
  });
});
