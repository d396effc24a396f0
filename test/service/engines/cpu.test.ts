import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CpuMeter } from '../../../src/service/engines/cpu.ts';
import type { ResourceSample } from '../../../src/service/engines/runtime.ts';

/** A sample taken `seconds` after the start, with `cpuSeconds` of CPU time. */
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

test('the first sample returns the mean since the start', () => {
  expect(new CpuMeter().percent('a', sample(10, 2))).toBeCloseTo(20);
});

test('later samples return the usage since the previous one; 100 is one core', () => {
  const meter = new CpuMeter();
  meter.percent('a', sample(10, 2));
  expect(meter.percent('a', sample(12, 3))).toBeCloseTo(50);
  expect(meter.percent('a', sample(14, 9))).toBeCloseTo(300);
  expect(meter.percent('a', sample(16, 9))).toBe(0);
});

test('a sample right after the latest is compared with the one before that', () => {
  const meter = new CpuMeter();
  meter.percent('a', sample(10, 2));
  meter.percent('a', sample(12, 3));
  // One tick of the counter within 2 ms would read as 500 %.
  expect(meter.percent('a', sample(12.002, 3.01))).toBeCloseTo(50.4, 0);
  expect(meter.percent('a', sample(14, 4))).toBeCloseTo(50);
});

test('two consecutive samples right after the start return the mean since the start', () => {
  const meter = new CpuMeter();
  meter.percent('a', sample(0.1, 0.05));
  expect(meter.percent('a', sample(0.2, 0.1))).toBeCloseTo(50);
});

test('after a restart, usage is measured from the new start', () => {
  const meter = new CpuMeter();
  meter.percent('a', sample(100, 90));
  expect(meter.percent('a', sample(10, 1, 2_000_000))).toBeCloseTo(10);
});

test('a sample that arrives out of order does not read as 0', () => {
  const meter = new CpuMeter();
  meter.percent('a', sample(10, 5));
  meter.percent('a', sample(12, 6));
  meter.percent('a', sample(14, 7));
  expect(meter.percent('a', sample(11, 5.5))).toBeCloseTo(50);
});

test('a sample at the time of the start returns 0 instead of dividing by 0', () => {
  expect(new CpuMeter().percent('a', sample(0, 0))).toBe(0);
});

test('engines are measured separately, and dropped ones start again', () => {
  const meter = new CpuMeter();
  meter.percent('a', sample(10, 2));
  meter.percent('b', sample(10, 8));
  meter.retain(new Set(['b']));
  expect(meter.percent('a', sample(20, 2))).toBeCloseTo(10);
  expect(meter.percent('b', sample(20, 8))).toBe(0);
});

test('constant usage reads as constant in any order of samples', () => {
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

test('after the clock was set back, usage is measured again from the next sample on', () => {
  const meter = new CpuMeter();
  meter.percent('a', sample(10_000, 5));
  meter.percent('a', sample(10_002, 6));
  meter.percent('a', sample(6402, 7));
  expect(meter.percent('a', sample(6404, 8))).toBeCloseTo(50);
});
