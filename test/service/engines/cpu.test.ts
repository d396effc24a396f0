import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CpuMeter } from '../../../src/service/engines/cpu.ts';
import type { ResourceSample } from '../../../src/service/engines/runtime.ts';

/** A sample taken `seconds` after the start, by when `cpuSeconds` had been used. */
function sample(seconds: number, cpuSeconds: number, startedAt = 1_000_000): ResourceSample {
  return {
    takenAt: startedAt + seconds * 1000,
    startedAt,
    cpuNs: cpuSeconds * 1e9,
    memoryUsage: 0,
    memoryLimit: 0,
    networkRx: 0,
    networkTx: 0,
    blockRead: 0,
    blockWrite: 0,
    networkNamespace: null,
  };
}

test('the first sample gives the mean since the start', () => {
  expect(new CpuMeter().percent('a', sample(10, 2))).toBeCloseTo(20);
});

test('later ones give the use since the sample before; 100 is one core', () => {
  const meter = new CpuMeter();
  meter.percent('a', sample(10, 2));
  expect(meter.percent('a', sample(12, 3))).toBeCloseTo(50);
  expect(meter.percent('a', sample(14, 9))).toBeCloseTo(300);
  expect(meter.percent('a', sample(16, 9))).toBe(0);
});

test('a sample right after the last is measured from the one before, not against a moment', () => {
  const meter = new CpuMeter();
  meter.percent('a', sample(10, 2));
  meter.percent('a', sample(12, 3));
  // 2 ms in which the counter jumped by one of its ticks would read as 500 %.
  expect(meter.percent('a', sample(12.002, 3.01))).toBeCloseTo(50.4, 0);
  expect(meter.percent('a', sample(14, 4))).toBeCloseTo(50);
});

test('two samples in a row right after the start give the mean since then', () => {
  const meter = new CpuMeter();
  meter.percent('a', sample(0.1, 0.05));
  expect(meter.percent('a', sample(0.2, 0.1))).toBeCloseTo(50);
});

test('an engine that has restarted is measured from its new start', () => {
  const meter = new CpuMeter();
  meter.percent('a', sample(100, 90));
  expect(meter.percent('a', sample(10, 1, 2_000_000))).toBeCloseTo(10);
});

test('a sample that is handed in late is no zero', () => {
  const meter = new CpuMeter();
  meter.percent('a', sample(10, 5));
  meter.percent('a', sample(12, 6));
  meter.percent('a', sample(14, 7));
  expect(meter.percent('a', sample(11, 5.5))).toBeCloseTo(50);
});

test('a sample of no time at all is zero, not a division by it', () => {
  expect(new CpuMeter().percent('a', sample(0, 0))).toBe(0);
});

test('engines are measured apart, and forgotten ones begin anew', () => {
  const meter = new CpuMeter();
  meter.percent('a', sample(10, 2));
  meter.percent('b', sample(10, 8));
  meter.retain(new Set(['b']));
  expect(meter.percent('a', sample(20, 2))).toBeCloseTo(10);
  expect(meter.percent('b', sample(20, 8))).toBe(0);
});

test('whatever order the samples of a steady engine come in, it reads steady', () => {
  const moments = fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(moments, fc.double({ min: 0.01, max: 4, noNaN: true }), (milliseconds, cores) => {
      const meter = new CpuMeter();
      for (const ms of milliseconds) {
        expect(meter.percent('a', sample(ms / 1000, (cores * ms) / 1000))).toBeCloseTo(cores * 100, 3);
      }
    }),
  );
});
