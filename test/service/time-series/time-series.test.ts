import { describe, expect, test } from 'vitest';
import { TimeSeries } from '../../../src/service/time-series/time-series.ts';
import { point } from './fixtures.ts';

/** The start of an interval of every length. */
const START_S = 1_800_000_000;

/** A time series with a point every ten seconds. */
function sampled(seconds: number, valuesAt = (n: number) => ({ engines_total: n, cache_hits: 1 })) {
  const timeSeries = new TimeSeries(10, () => START_S * 1000);
  for (let n = 0; n < seconds / 10; n += 1) timeSeries.add(START_S + n * 10 + 5, point(valuesAt(n)));
  return timeSeries;
}

describe('a window', () => {
  test('has the newest point in its last interval, and null where there are no points', () => {
    const timeSeries = sampled(50);
    const { interval_s, from, to, t, engines_total, cpu_percent } = timeSeries.read(300);
    expect({ interval_s, from, to }).toEqual({ interval_s: 10, from: START_S - 250, to: START_S + 50 });
    expect(t).toEqual(Array.from({ length: 30 }, (_, index) => START_S - 250 + index * 10));
    expect(engines_total).toEqual([...Array(25).fill(null), 0, 1, 2, 3, 4]);
    expect(cpu_percent).toEqual(Array(30).fill(null));
  });

  test('ends now if there are no points', () => {
    const { to, engines_total } = sampled(0).read(300);
    expect(to).toBe(START_S + 10);
    expect(engines_total).toEqual(Array(30).fill(null));
  });

  test('has null while the service was down, even if the slots of the ring held older intervals', () => {
    const timeSeries = sampled(5000);
    timeSeries.add(START_S + 5000 + 100, point({ engines_total: 7 }));
    const { engines_total } = timeSeries.read(300);
    expect(engines_total.slice(-12)).toEqual([499, ...Array(10).fill(null), 7]);
  });

  test('has a late point in its own interval', () => {
    const timeSeries = sampled(100);
    timeSeries.add(START_S + 15, point({ engines_total: 70 }));
    expect(timeSeries.read(300).engines_total.slice(-10, -7)).toEqual([0, 70, 2]);
  });

  test('follows the clock if it is set back', () => {
    const timeSeries = sampled(10_000);
    timeSeries.add(START_S + 5, point({ engines_total: 70 }));
    expect(timeSeries.read(300).to).toBe(START_S + 10);
    expect(timeSeries.read(300).engines_total).toEqual([...Array(29).fill(null), 70]);
  });

  test.each([
    [300, 10, 30],
    [4000, 10, 400],
    [4001, 60, 67],
    [24_000, 60, 400],
    [86_400, 300, 288],
  ])('of %d s has intervals of %d s', (windowS, intervalS, length) => {
    const { interval_s, t } = sampled(10).read(windowS);
    expect([interval_s, t.length]).toEqual([intervalS, length]);
  });

  test.each([1, 2, 5, 7, 15, 30, 60])(
    'has at most 400 intervals if the sampling interval is %d s',
    (intervalS) => {
      const timeSeries = new TimeSeries(intervalS, () => START_S * 1000);
      for (let windowS = 300; windowS <= 86_400; windowS += 300) {
        const { t, from, to } = timeSeries.read(windowS);
        expect(t.length).toBeLessThanOrEqual(400);
        expect(to - from).toBeGreaterThanOrEqual(windowS);
      }
    },
  );
});

describe('coarser intervals', () => {
  test('contain the mean, the last or the sum of the values, depending on the column', () => {
    const timeSeries = sampled(3 * 60, (n) => ({ cpu_percent: n, engines_total: n, cache_hits: n }));
    const { cpu_percent, engines_total, cache_hits } = timeSeries.read(10_000);
    expect(cpu_percent.slice(-4)).toEqual([null, 2.5, 8.5, 14.5]);
    expect(engines_total.slice(-3)).toEqual([5, 11, 17]);
    expect(cache_hits.slice(-3, -1)).toEqual([15, 51]);
  });

  test('ignore unknown values in a mean', () => {
    const timeSeries = sampled(60, (n) => ({ cpu_percent: n % 2 === 0 ? null : 50 }) as never);
    expect(timeSeries.read(10_000).cpu_percent.at(-1)).toBe(50);
  });

  test('have no sum before their end', () => {
    const timeSeries = sampled(70);
    expect(timeSeries.read(10_000).cache_hits.slice(-2)).toEqual([6, null]);
    expect(timeSeries.read(300).cache_hits.at(-1)).toBe(1);
  });
});

test('the last day is available, and older points are dropped', () => {
  const timeSeries = sampled(200_000);
  const { engines_total, t } = timeSeries.read(86_400);
  expect(t).toHaveLength(288);
  expect(engines_total).not.toContain(null);
  expect(engines_total.at(-1)).toBe(19_999);
});
