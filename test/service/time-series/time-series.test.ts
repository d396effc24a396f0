import { describe, expect, test } from 'vitest';
import { TimeSeries } from '../../../src/service/time-series/time-series.ts';
import { point } from './fixtures.ts';

/** A round time: the beginning of an interval of every length. */
const BEGUN_S = 1_800_000_000;

/** A past that was sampled for so long, every ten seconds. */
function sampled(seconds: number, known = (n: number) => ({ engines_total: n, cache_hits: 1 })) {
  const past = new TimeSeries(10, () => BEGUN_S * 1000);
  for (let n = 0; n < seconds / 10; n += 1) past.note(BEGUN_S + n * 10 + 5, point(known(n)));
  return past;
}

describe('a stretch of the past', () => {
  test('has the newest point in its last interval, and nothing where nothing was noted', () => {
    const past = sampled(50);
    const { interval_s, from, to, t, engines_total, cpu_percent } = past.read(300);
    expect({ interval_s, from, to }).toEqual({ interval_s: 10, from: BEGUN_S - 250, to: BEGUN_S + 50 });
    expect(t).toEqual(Array.from({ length: 30 }, (_, index) => BEGUN_S - 250 + index * 10));
    expect(engines_total).toEqual([...Array(25).fill(null), 0, 1, 2, 3, 4]);
    expect(cpu_percent).toEqual(Array(30).fill(null));
  });

  test('before the first point ends now', () => {
    const { to, engines_total } = sampled(0).read(300);
    expect(to).toBe(BEGUN_S + 10);
    expect(engines_total).toEqual(Array(30).fill(null));
  });

  test('shows a time in which the service was away as unknown, though its ring held older points', () => {
    const past = sampled(5000);
    past.note(BEGUN_S + 5000 + 100, point({ engines_total: 7 }));
    const { engines_total } = past.read(300);
    expect(engines_total.slice(-12)).toEqual([499, ...Array(10).fill(null), 7]);
  });

  test('has a point that is noted late where it belongs', () => {
    const past = sampled(100);
    past.note(BEGUN_S + 15, point({ engines_total: 70 }));
    expect(past.read(300).engines_total.slice(-10, -7)).toEqual([0, 70, 2]);
  });

  test('follows a clock that is set back', () => {
    const past = sampled(10_000);
    past.note(BEGUN_S + 5, point({ engines_total: 70 }));
    expect(past.read(300).to).toBe(BEGUN_S + 10);
    expect(past.read(300).engines_total).toEqual([...Array(29).fill(null), 70]);
  });

  test.each([
    [300, 10, 30],
    [4000, 10, 400],
    [4001, 60, 67],
    [24_000, 60, 400],
    [86_400, 300, 288],
  ])('of %d s comes in intervals of %d s', (windowS, intervalS, length) => {
    const { interval_s, t } = sampled(10).read(windowS);
    expect([interval_s, t.length]).toEqual([intervalS, length]);
  });

  test.each([1, 2, 5, 7, 15, 30, 60])('sampled every %d s never has more than 400 intervals', (intervalS) => {
    const past = new TimeSeries(intervalS, () => BEGUN_S * 1000);
    for (let windowS = 300; windowS <= 86_400; windowS += 300) {
      const { t, from, to } = past.read(windowS);
      expect(t.length).toBeLessThanOrEqual(400);
      expect(to - from).toBeGreaterThanOrEqual(windowS);
    }
  });
});

describe('coarser intervals', () => {
  test('hold the mean of what is measured, the last of what is counted, the sum of what has happened', () => {
    const past = sampled(3 * 60, (n) => ({ cpu_percent: n, engines_total: n, cache_hits: n }));
    const { cpu_percent, engines_total, cache_hits } = past.read(10_000);
    expect(cpu_percent.slice(-4)).toEqual([null, 2.5, 8.5, 14.5]);
    expect(engines_total.slice(-3)).toEqual([5, 11, 17]);
    expect(cache_hits.slice(-3, -1)).toEqual([15, 51]);
  });

  test('have a mean of what is known alone', () => {
    const past = sampled(60, (n) => ({ cpu_percent: n % 2 === 0 ? null : 50 }) as never);
    expect(past.read(10_000).cpu_percent.at(-1)).toBe(50);
  });

  test('do not show a part of what will have happened as if it were all', () => {
    const past = sampled(70);
    expect(past.read(10_000).cache_hits.slice(-2)).toEqual([6, null]);
    expect(past.read(300).cache_hits.at(-1)).toBe(1);
  });
});

test('a day is remembered within bounded memory, and its oldest part forgotten', () => {
  const past = sampled(200_000);
  const { engines_total, t } = past.read(86_400);
  expect(t).toHaveLength(288);
  expect(engines_total).not.toContain(null);
  expect(engines_total.at(-1)).toBe(19_999);
});
