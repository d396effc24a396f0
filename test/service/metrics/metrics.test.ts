import { describe, expect, test } from 'vitest';
import { INVALIDATED_KEYS } from '../../../src/service/events/invalidation.ts';
import { figure } from '../../support/http/exposition.ts';
import { ExposedMetrics, engine } from './fixtures.ts';

describe('the metrics', () => {
  test('include engines by state, each in one', async () => {
    using exposed = new ExposedMetrics();
    exposed.snapshot.engines = [
      engine('starting', { startedAt: null }),
      engine('fine', { health: 'healthy' }),
      engine('also fine', { health: 'healthy' }),
      engine('ill', { health: 'unhealthy' }),
      engine('not checked yet'),
    ];
    const families = await exposed.scrape();
    const states = families
      .get('roundhouse_engines')!
      .samples.map(({ labels, value }) => [labels.state, value]);
    expect(Object.fromEntries(states)).toEqual({ starting: 1, healthy: 2, unhealthy: 1, unknown: 1 });
    exposed.snapshot.engines = [];
    const later = await exposed.scrape();
    expect(later.get('roundhouse_engines')!.samples.map(({ value }) => value)).toEqual([0, 0, 0, 0]);
  });

  test('include the circuit breakers', async () => {
    using exposed = new ExposedMetrics();
    Object.assign(exposed.snapshot, { breakers: { general: 'open', replacement: 'half_open' } });
    const families = await exposed.scrape();
    expect(figure(families, 'roundhouse_breaker_open', { breaker: 'general' })).toBe(1);
    expect(figure(families, 'roundhouse_breaker_open', { breaker: 'replacement' })).toBe(0.5);
  });

  test('include the cluster only with Redis', async () => {
    using alone = new ExposedMetrics();
    expect((await alone.scrape()).has('roundhouse_leading')).toBe(false);
    const state = { redisConnected: true, leading: false, redisTotals: { hits: 3, faults: 0 } };
    using exposed = new ExposedMetrics(() => state);
    const families = await exposed.scrape();
    expect(figure(families, 'roundhouse_redis_connected')).toBe(1);
    expect(figure(families, 'roundhouse_leading')).toBe(0);
    expect(figure(families, 'roundhouse_cache_redis_total', { what: 'hits' })).toBe(3);
    state.leading = true;
    expect(figure(await exposed.scrape(), 'roundhouse_leading')).toBe(1);
    expect(figure(await exposed.scrape(), 'roundhouse_cache_redis_total', { what: 'hits' })).toBe(3);
  });

  test('include durations and failures of calls by kind', async () => {
    using exposed = new ExposedMetrics();
    const { metrics } = exposed;
    metrics.recordDockerCall('list', 0.02, true);
    metrics.recordDockerCall('list', 0.2, false);
    metrics.recordDockerCall('stats', 70, true);
    metrics.recordVpnCall('port', 0.003, false);
    metrics.recordLoad({ key: 'stats:engine:00112233', durationS: 0.4, succeeded: true });
    metrics.recordLoad({ key: 'stats:engine:44556677', durationS: 10, succeeded: false });
    const families = await exposed.scrape();
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

  test('include the totals of the cache, as counters or gauges', async () => {
    using exposed = new ExposedMetrics();
    Object.keys(exposed.totals).forEach((name, index) => {
      Object.assign(exposed.totals, { [name]: 100 + index });
    });
    const families = await exposed.scrape();
    const cache = [...families].filter(([name]) =>
      /^roundhouse_cache_(?!load_(seconds|failures))/.test(name),
    );
    const values = cache.map(([name, { type, samples }]) => [name, [type, samples[0]?.value]]);
    expect(Object.fromEntries(values)).toEqual({
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
    // Not added up at each scrape.
    expect(figure(await exposed.scrape(), 'roundhouse_cache_hits_total')).toBe(100);
  });

  test('include events by type, starting at 0', async () => {
    using exposed = new ExposedMetrics();
    exposed.bus.publish({ type: 'vpn_restarted', vpn: 'gluetun' });
    exposed.bus.publish({ type: 'vpn_restarted', vpn: 'gluetun' });
    const { samples } = (await exposed.scrape()).get('roundhouse_events_total')!;
    const counts = Object.fromEntries(samples.map(({ labels, value }) => [labels.type, value]));
    const none = Object.fromEntries(Object.keys(INVALIDATED_KEYS).map((type) => [type, 0]));
    expect(counts).toEqual({ ...none, vpn_restarted: 2 });
  });

  test('include CPU time, memory and start time of the process', async () => {
    using exposed = new ExposedMetrics();
    const first = await exposed.scrape();
    const started = figure(first, 'process_start_time_seconds');
    expect(Math.abs(Date.now() / 1000 - process.uptime() - started)).toBeLessThan(2);
    expect(figure(first, 'process_resident_memory_bytes')).toBeGreaterThan(10_000_000);
    const used = figure(first, 'nodejs_heap_size_used_bytes');
    expect(used).toBeGreaterThan(1_000_000);
    expect(used).toBeLessThanOrEqual(figure(first, 'nodejs_heap_size_total_bytes'));
    const { user, system } = process.cpuUsage();
    const end = performance.now() + 50;
    while (performance.now() < end);
    const second = await exposed.scrape();
    expect(figure(second, 'process_cpu_seconds_total')).toBeGreaterThan((user + system) / 1e6);
    for (const part of ['mean', 'p50', 'p90', 'p99', 'max'])
      expect(figure(second, `nodejs_eventloop_lag_${part}_seconds`)).toBeGreaterThanOrEqual(0);
  });

  test('of two applications in one process are separate', async () => {
    using one = new ExposedMetrics();
    using other = new ExposedMetrics();
    one.metrics.recordDockerCall('list', 1, true);
    one.snapshot.liveClients = 7;
    const families = await other.scrape();
    expect(figure(families, 'roundhouse_live_clients')).toBe(0);
    expect(families.get('roundhouse_docker_call_seconds')!.samples).toEqual([]);
  });
});
