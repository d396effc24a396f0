import { expect, test } from 'vitest';
import { EngineSeries } from '../../../src/service/time-series/engine-series.ts';
import { sampleAt } from './fixtures.ts';

const START_S = 1_800_000_000;

test('each engine has its own usage, from the differences of its samples', () => {
  const series = new EngineSeries(10);
  for (const step of [0, 1, 2]) {
    const timeS = START_S + 10 * step;
    series.add(
      timeS,
      new Map([
        ['a', sampleAt(timeS, step * 5e9, { networkRx: step * 20_000, memoryUsage: 7 })],
        ['b', sampleAt(timeS, step * 1e9, { networkNamespace: null, networkRx: step })],
      ]),
      new Map([['a', step]]),
    );
  }
  const window = series.read('a', 300, START_S + 25);
  expect(window).toMatchObject({ interval_s: 10, to: START_S + 30 });
  expect(window.t.at(-1)).toBe(START_S + 20);
  expect(window.cpu_percent.slice(-4)).toEqual([null, null, 50, 50]);
  expect(window.network_rx_rate.slice(-3)).toEqual([null, 2000, 2000]);
  expect(window.memory_usage.slice(-3)).toEqual([7, 7, 7]);
  expect(window.streams_active.slice(-3)).toEqual([0, 1, 2]);
  const other = series.read('b', 300, START_S + 25);
  expect(other.cpu_percent.at(-1)).toBe(10);
  // The traffic of the host is not that of the engine.
  expect(other.network_rx_rate.at(-1)).toBeNull();
});

test('a day is covered by means of five minutes', () => {
  const series = new EngineSeries(10);
  for (let step = 0; step < 90; step += 1) {
    const timeS = START_S + 10 * step;
    series.add(
      timeS,
      new Map([['a', sampleAt(timeS, 0, { memoryUsage: step < 30 ? 100 : 200 })]]),
      new Map(),
    );
  }
  const { interval_s, memory_usage, t } = series.read('a', 86_400, START_S);
  expect([interval_s, t.length]).toEqual([300, 288]);
  expect(memory_usage.slice(-4)).toEqual([null, 100, 200, 200]);
});

test('the counters of a restarted engine start again', () => {
  const series = new EngineSeries(10);
  series.add(START_S, new Map([['a', sampleAt(START_S, 9e9)]]), new Map());
  const restarted = { ...sampleAt(START_S + 10, 1e9), startedAt: (START_S + 5) * 1000 };
  series.add(START_S + 10, new Map([['a', restarted]]), new Map());
  expect(series.read('a', 300, START_S).cpu_percent.slice(-2)).toEqual([null, null]);
});

test('engines that stopped, and those above the maximum, have no series', () => {
  const series = new EngineSeries(10);
  const ids = Array.from({ length: 300 }, (_, index) => `engine-${index}`);
  series.add(START_S, new Map(ids.map((id) => [id, sampleAt(START_S, 0)])), new Map());
  const measured = (id: string) => series.read(id, 300, START_S).memory_usage.some((value) => value !== null);
  expect(ids.filter(measured)).toHaveLength(250);
  series.add(START_S + 10, new Map([['engine-1', sampleAt(START_S + 10, 0)]]), new Map());
  expect(ids.filter(measured)).toEqual(['engine-1']);
});
