import { describe, expect, test } from 'vitest';
import type { ResourceSample } from '../../../src/service/engines/runtime.ts';
import { UsageMeter } from '../../../src/service/time-series/usage.ts';
import { sampleAt } from './fixtures.ts';

/** Measures rounds of samples by engine ID. @returns the usage of the last round */
function measure(...rounds: Record<string, ResourceSample>[]) {
  const meter = new UsageMeter();
  const usages = rounds.map((round, index) =>
    meter.measure(new Map(Object.entries(round)), (2000 + index * 10) * 1000),
  );
  return usages.at(-1)!;
}

describe('rates', () => {
  test('are the increase of the counters of all engines per second', () => {
    const before = { a: sampleAt(2000, 5000), b: sampleAt(2000, 100, { networkNamespace: 'b' }) };
    const after = {
      a: sampleAt(2010, 6000, { cpuNs: 5000 + 2.5e9 }),
      b: sampleAt(2010, 300, { networkNamespace: 'b', cpuNs: 100 + 5e9 }),
    };
    const usage = measure(before, after);
    expect(usage.cpu_percent).toBeCloseTo(75);
    expect(usage).toMatchObject({ network_rx_rate: 120, block_write_rate: 120, memory_usage: 200 });
  });

  test('are unknown at first, because the start of the counters is not the start of the period', () => {
    expect(measure({ a: sampleAt(2000, 5e9) })).toEqual({
      cpu_percent: null,
      memory_usage: 100,
      network_rx_rate: null,
      network_tx_rate: null,
      block_read_rate: null,
      block_write_rate: null,
    });
  });

  test('are zero if no engine runs, from the first call on', () => {
    expect(measure({})).toMatchObject({ cpu_percent: 0, memory_usage: 0, network_rx_rate: 0 });
  });

  test('do not become negative when an engine ends', () => {
    const before = { a: sampleAt(2000, 1000), b: sampleAt(2000, 9e9, { networkNamespace: 'b' }) };
    expect(measure(before, { a: sampleAt(2010, 1100) })).toMatchObject({
      network_rx_rate: 10,
      block_read_rate: 10,
    });
  });

  test('include everything that a new engine has used, over the whole period', () => {
    const young = sampleAt(2010, 500, { startedAt: 2_009_000, networkNamespace: 'b' });
    expect(measure({ a: sampleAt(2000, 0) }, { a: sampleAt(2010, 0), b: young })).toMatchObject({
      network_rx_rate: 50,
      block_read_rate: 50,
    });
    expect(measure({}, { b: young })).toMatchObject({ block_read_rate: 50 });
  });

  test('ignore an older engine when it is discovered', () => {
    const discovered = sampleAt(2010, 9e9, { networkNamespace: 'b' });
    expect(measure({ a: sampleAt(2000, 0) }, { a: sampleAt(2010, 20), b: discovered })).toMatchObject({
      network_rx_rate: 2,
      block_read_rate: 2,
    });
  });

  test('use only the time since a restart of an engine', () => {
    const restarted = sampleAt(2010, 30, { startedAt: 2_005_000 });
    expect(measure({ a: sampleAt(2000, 10) }, { a: restarted })).toMatchObject({ block_read_rate: 3 });
  });

  test('are unknown if a counter has decreased', () => {
    const usage = measure({ a: sampleAt(2000, 1000) }, { a: sampleAt(2010, 10) });
    expect(usage).toMatchObject({ network_rx_rate: null, cpu_percent: null });
  });
});

describe('networks', () => {
  const shared = { networkNamespace: 'vpn' };

  test('that engines share count once, whichever engine is sampled', () => {
    const before = { a: sampleAt(2000, 100, shared), b: sampleAt(2000, 100, shared) };
    const after = { a: sampleAt(2010, 300, shared), b: sampleAt(2010, 300, shared) };
    expect(measure(before, after).network_rx_rate).toBe(20);
    expect(measure(before, { b: sampleAt(2010, 300, shared) }).network_rx_rate).toBe(20);
  });

  test('of a VPN are older than the engine that joins them, so its first sample gives no network rate', () => {
    const joined = sampleAt(2010, 9e9, { ...shared, startedAt: 2_009_000 });
    expect(measure({}, { a: joined })).toMatchObject({ network_rx_rate: null, block_read_rate: 9e8 });
  });

  test('of the host have no rates, because other programs use them too', () => {
    const host = { networkNamespace: null };
    const usage = measure({ a: sampleAt(2000, 0, host) }, { a: sampleAt(2010, 0, host) });
    expect(usage).toMatchObject({ network_rx_rate: null, network_tx_rate: null, block_read_rate: 0 });
  });
});
