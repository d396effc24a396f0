import { describe, expect, test } from 'vitest';
import type { CacheTotals } from '../../../src/library/cache/index.ts';
import type { ResourceSample } from '../../../src/service/engines/runtime.ts';
import { Sampler, type SamplerOptions } from '../../../src/service/time-series/sampler.ts';
import { TimeSeries } from '../../../src/service/time-series/time-series.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { sampleAt } from './fixtures.ts';

const COUNTS = { engines_total: 2, engines_healthy: 1, engines_used: 0, streams_active: 3 };
const START_MS = 1_800_000_000_000;

/** A sampler with a fake clock, which also drives its wall clock. */
function createSampler(change: Partial<SamplerOptions> = {}) {
  const clock = new FakeClock();
  const startedAt = clock.now();
  const now = () => START_MS + clock.now() - startedAt;
  const timeSeries = new TimeSeries(10, now);
  const cache = { hits: 0, misses: 0, loads: 0, collapsed: 0, stale: 0, loadErrors: 0 };
  const reads: number[] = [];
  const samples = () =>
    new Map([['a', sampleAt(now() / 1000, clock.now() * 1e5, { networkRx: 5 * (clock.now() - startedAt) })]]);
  const sampler = new Sampler({
    timeSeries,
    clock,
    now,
    intervalS: 10,
    timeoutS: 10,
    readSamples: async () => {
      reads.push(clock.now() - startedAt);
      return samples();
    },
    readCounts: () => COUNTS,
    onSamples: () => {},
    readCacheTotals: () => ({ ...cache }) as CacheTotals,
    ...change,
  });
  return { sampler, timeSeries, clock, cache, reads, samples };
}

describe('the sampler', () => {
  test('adds a point in the middle of each interval until it is stopped', async () => {
    const { sampler, timeSeries, clock, reads } = createSampler();
    sampler.start();
    await clock.advanceAsync(34_000);
    expect(reads).toEqual([5000, 15_000, 25_000]);
    sampler.stop();
    expect(clock.pending).toBe(0);
    await clock.advanceAsync(60_000);
    expect(timeSeries.pointCount).toBe(3);
    const { cpu_percent, network_rx_rate, engines_total } = timeSeries.read(300);
    expect(cpu_percent.slice(-4)).toEqual([null, null, 10, 10]);
    expect(network_rx_rate.slice(-3)).toEqual([null, 5000, 5000]);
    expect(engines_total.slice(-4)).toEqual([null, 2, 2, 2]);
  });

  test('adds one point per interval although timers are early or late', async () => {
    const clock = new FakeClock();
    const after = clock.after.bind(clock);
    let turn = 0;
    // Up to two seconds early or late.
    clock.after = (delayMs, fire) => after(delayMs + [2000, -2000, 0, -1500, 1500][turn++ % 5]!, fire);
    const startedAt = clock.now();
    const now = () => START_MS + clock.now() - startedAt;
    const timeSeries = new TimeSeries(10, now);
    const { sampler } = createSampler({ clock, now, timeSeries, readSamples: async () => new Map() });
    sampler.start();
    await clock.advanceAsync(300_000);
    expect(timeSeries.read(300).memory_usage).not.toContain(null);
    expect(timeSeries.pointCount).toBe(30);
    sampler.stop();
  });

  test('records the cache activity of each interval', async () => {
    const { sampler, timeSeries, clock, cache } = createSampler();
    cache.hits = 1000;
    sampler.start();
    await clock.advanceAsync(6000);
    cache.hits += 5;
    cache.loadErrors += 2;
    await clock.advanceAsync(10_000);
    const { cache_hits, cache_errors } = timeSeries.read(300);
    expect(cache_hits.slice(-2)).toEqual([1000, 5]);
    expect(cache_errors.slice(-2)).toEqual([0, 2]);
    sampler.stop();
  });

  test('records unknown usage, not zero, while the engines cannot be read', async () => {
    let error: Error | null = null;
    const fixture = createSampler();
    const { clock, timeSeries } = fixture;
    const sampler = new Sampler({
      timeSeries,
      clock,
      now: () => START_MS + clock.now() - 1_000_000,
      intervalS: 10,
      timeoutS: 10,
      readSamples: async () => {
        if (error) throw error;
        return fixture.samples();
      },
      onSamples: () => {},
      readCounts: () => COUNTS,
      readCacheTotals: () => fixture.cache as CacheTotals,
    });
    sampler.start();
    await clock.advanceAsync(16_000);
    error = new Error('unavailable');
    await clock.advanceAsync(10_000);
    error = null;
    await clock.advanceAsync(10_000);
    const { memory_usage, cpu_percent, streams_active } = timeSeries.read(300);
    expect(memory_usage.slice(-4)).toEqual([100, 100, null, 100]);
    expect(cpu_percent.slice(-4)).toEqual([null, 10, null, 10]);
    expect(streams_active.slice(-4)).toEqual([3, 3, 3, 3]);
    sampler.stop();
  });

  test('reads one at a time, aborts a read at its timeout, and records the other columns meanwhile', async () => {
    const signals: AbortSignal[] = [];
    const { sampler, timeSeries, clock } = createSampler({
      timeoutS: 25,
      readSamples: (_, signal) => {
        signals.push(signal);
        return new Promise<Map<string, ResourceSample>>(() => {});
      },
    });
    sampler.start();
    await clock.advanceAsync(26_000);
    expect(signals).toHaveLength(1);
    expect(timeSeries.read(300).streams_active.slice(-3)).toEqual([null, 3, 3]);
    await clock.advanceAsync(10_000);
    expect(signals[0]?.aborted).toBe(true);
    expect(signals).toHaveLength(2);
    // The point of the aborted read is added late, without usage.
    expect(timeSeries.read(300).streams_active.slice(-3)).toEqual([3, 3, 3]);
    sampler.stop();
    await settle();
    expect(signals[1]?.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test('does nothing if the interval is 0', () => {
    const { sampler, clock } = createSampler({ intervalS: 0 });
    sampler.start();
    expect(clock.pending).toBe(0);
    sampler.stop();
  });
});
