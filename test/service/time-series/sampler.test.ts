import { describe, expect, test } from 'vitest';
import type { CacheTotals } from '../../../src/library/cache/index.ts';
import type { ResourceSample } from '../../../src/service/engines/runtime.ts';
import { Sampler, type SamplerParts } from '../../../src/service/time-series/sampler.ts';
import { TimeSeries } from '../../../src/service/time-series/time-series.ts';
import { FakeClock, settle } from '../../support/fake-clock.ts';
import { sampleAt } from './fixtures.ts';

const COUNTS = { engines_total: 2, engines_healthy: 1, engines_used: 0, streams_active: 3 };
const BEGUN_MS = 1_800_000_000_000;

/** A sampler whose wall clock goes with a fake one, over figures that a test sets. */
function createSampler(change: Partial<SamplerParts> = {}) {
  const clock = new FakeClock();
  const begun = clock.now();
  const now = () => BEGUN_MS + clock.now() - begun;
  const past = new TimeSeries(10, now);
  const cache = { hits: 0, misses: 0, loads: 0, collapsed: 0, stale: 0, loadErrors: 0 };
  const reads: number[] = [];
  const samples = () =>
    new Map([['a', sampleAt(now() / 1000, clock.now() * 1e5, { networkRx: 5 * (clock.now() - begun) })]]);
  const sampler = new Sampler({
    past,
    clock,
    now,
    intervalS: 10,
    timeoutS: 10,
    readSamples: async () => {
      reads.push(clock.now() - begun);
      return samples();
    },
    readCounts: () => COUNTS,
    readCache: () => ({ ...cache }) as CacheTotals,
    ...change,
  });
  return { sampler, past, clock, cache, reads, samples };
}

describe('the sampler', () => {
  test('notes a point in the middle of each interval, and none once it is stopped', async () => {
    const { sampler, past, clock, reads } = createSampler();
    sampler.start();
    await clock.advanceAsync(34_000);
    expect(reads).toEqual([5000, 15_000, 25_000]);
    sampler.stop();
    expect(clock.pending).toBe(0);
    await clock.advanceAsync(60_000);
    expect(past.noted).toBe(3);
    const { cpu_percent, network_rx_rate, engines_total } = past.read(300);
    expect(cpu_percent.slice(-4)).toEqual([null, null, 10, 10]);
    expect(network_rx_rate.slice(-3)).toEqual([null, 5000, 5000]);
    expect(engines_total.slice(-4)).toEqual([null, 2, 2, 2]);
  });

  test('has one point in each interval although timers are early and late', async () => {
    const clock = new FakeClock();
    const after = clock.after.bind(clock);
    let turn = 0;
    // Up to two seconds off, now this way, now that.
    clock.after = (delayMs, fire) => after(delayMs + [2000, -2000, 0, -1500, 1500][turn++ % 5]!, fire);
    const begun = clock.now();
    const now = () => BEGUN_MS + clock.now() - begun;
    const past = new TimeSeries(10, now);
    const { sampler } = createSampler({ clock, now, past, readSamples: async () => new Map() });
    sampler.start();
    await clock.advanceAsync(300_000);
    expect(past.read(300).memory_usage).not.toContain(null);
    expect(past.noted).toBe(30);
    sampler.stop();
  });

  test('counts what the cache did within the interval', async () => {
    const { sampler, past, clock, cache } = createSampler();
    cache.hits = 1000;
    sampler.start();
    await clock.advanceAsync(6000);
    cache.hits += 5;
    cache.loadErrors += 2;
    await clock.advanceAsync(10_000);
    const { cache_hits, cache_errors } = past.read(300);
    expect(cache_hits.slice(-2)).toEqual([1000, 5]);
    expect(cache_errors.slice(-2)).toEqual([0, 2]);
    sampler.stop();
  });

  test('leaves a gap, no zero, where the engines cannot be read, and goes on', async () => {
    let fault: Error | null = null;
    const room = createSampler();
    const { clock, past } = room;
    const sampler = new Sampler({
      past,
      clock,
      now: () => BEGUN_MS + clock.now() - 1_000_000,
      intervalS: 10,
      timeoutS: 10,
      readSamples: async () => {
        if (fault) throw fault;
        return room.samples();
      },
      readCounts: () => COUNTS,
      readCache: () => room.cache as CacheTotals,
    });
    sampler.start();
    await clock.advanceAsync(16_000);
    fault = new Error('away');
    await clock.advanceAsync(10_000);
    fault = null;
    await clock.advanceAsync(10_000);
    const { memory_usage, cpu_percent, streams_active } = past.read(300);
    expect(memory_usage.slice(-4)).toEqual([100, 100, null, 100]);
    expect(cpu_percent.slice(-4)).toEqual([null, 10, null, 10]);
    expect(streams_active.slice(-4)).toEqual([3, 3, 3, 3]);
    sampler.stop();
  });

  test('reads one at a time, gives a read up at its deadline, and notes the rest meanwhile', async () => {
    const signals: AbortSignal[] = [];
    const { sampler, past, clock } = createSampler({
      timeoutS: 25,
      readSamples: (_, signal) => {
        signals.push(signal);
        return new Promise<Map<string, ResourceSample>>(() => {});
      },
    });
    sampler.start();
    await clock.advanceAsync(26_000);
    expect(signals).toHaveLength(1);
    expect(past.read(300).streams_active.slice(-3)).toEqual([null, 3, 3]);
    await clock.advanceAsync(10_000);
    expect(signals[0]?.aborted).toBe(true);
    expect(signals).toHaveLength(2);
    // The point of the read that was given up is noted late, without what was to be read.
    expect(past.read(300).streams_active.slice(-3)).toEqual([3, 3, 3]);
    sampler.stop();
    await settle();
    expect(signals[1]?.aborted).toBe(true);
    expect(clock.pending).toBe(0);
  });

  test('with an interval of 0 does nothing', () => {
    const { sampler, clock } = createSampler({ intervalS: 0 });
    sampler.start();
    expect(clock.pending).toBe(0);
    sampler.stop();
  });
});
