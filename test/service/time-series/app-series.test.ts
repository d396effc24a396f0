import { describe, expect, test } from 'vitest';
import { AppSeries, type AppTotals } from '../../../src/service/time-series/app-series.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const START_S = 1_800_000_000;

function totals(values: Partial<AppTotals>): AppTotals {
  const none = { hits: 0, misses: 0, bypasses: 0, bytes_to_browser: 0, bytes_from_upstream: 0 };
  return { ...none, bytes_saved: 0, ...values };
}

/** A series with a sample every 5 s, whose time and totals the test sets. */
function createSeries(intervalS = 5) {
  const state = { nowS: START_S, totals: new Map<string, AppTotals>() };
  const clock = new FakeClock();
  const series = new AppSeries({
    clock,
    now: () => state.nowS * 1000,
    intervalS,
    readTotals: () => state.totals,
  });
  const sampleAt = (afterS: number, apps: Record<string, Partial<AppTotals>>) => {
    state.nowS = START_S + afterS;
    state.totals = new Map(Object.entries(apps).map(([app, values]) => [app, totals(values)]));
    series.sample();
  };
  return { series, clock, sampleAt };
}

describe('the series of an app', () => {
  test('has what was counted in each interval, and null before the start', () => {
    const { series, sampleAt } = createSeries();
    sampleAt(0, { a: { hits: 1, bytes_saved: 10 } });
    sampleAt(5, { a: { hits: 4, bytes_saved: 40 } });
    sampleAt(10, { a: { hits: 4, bytes_saved: 40 } });
    sampleAt(15, { a: { hits: 5, bytes_saved: 40 } });
    const { interval_s, hits, bytes_saved, t, to } = series.read('a', 300);
    expect([interval_s, t.length, to]).toEqual([5, 60, START_S + 20]);
    expect(hits.slice(-5)).toEqual([null, 1, 3, 0, 1]);
    expect(bytes_saved.slice(-5)).toEqual([null, 10, 30, 0, 0]);
    expect(series.read('unknown', 300).hits.slice(-5)).toEqual([null, 0, 0, 0, 0]);
  });

  test('an app that was removed, or whose counters start again, never has negative values', () => {
    const { series, sampleAt } = createSeries();
    sampleAt(0, { a: { misses: 7 }, b: { misses: 1 } });
    sampleAt(5, { a: { misses: 2 } });
    sampleAt(10, { a: { misses: 2 }, b: { misses: 4 } });
    expect(series.read('a', 300).misses.slice(-3)).toEqual([7, 2, 0]);
    expect(series.read('b', 300).misses.slice(-3)).toEqual([0, 0, 4]);
  });

  test('longer windows have longer intervals, without the one that has not ended', () => {
    const { series, sampleAt } = createSeries();
    for (let second = 0; second <= 3605; second += 5) sampleAt(second, { a: { hits: second / 5 + 1 } });
    expect(series.read('a', 3600)).toMatchObject({ interval_s: 15 });
    const { interval_s, hits, t } = series.read('a', 21_600);
    expect([interval_s, t.length]).toEqual([60, 360]);
    expect(hits.slice(-3)).toEqual([12, 12, null]);
    const day = series.read('a', 86_400);
    expect([day.interval_s, day.t.length]).toEqual([300, 288]);
    expect(Math.max(...series.read('a', 300).hits.map(Number))).toBe(1);
  });

  test('keeps the intervals of the 200 apps with the latest traffic', () => {
    const { series, sampleAt } = createSeries();
    const apps = Array.from({ length: 201 }, (_, index) => `app-${index}`);
    const all = (hits: (app: string) => number) =>
      Object.fromEntries(apps.map((app) => [app, { hits: hits(app) }]));
    sampleAt(
      0,
      all((app) => (app === 'app-200' ? 0 : 1)),
    );
    sampleAt(
      5,
      all(() => 1),
    );
    expect(series.read('app-0', 300).hits.slice(-2)).toEqual([0, 0]);
    expect(series.read('app-1', 300).hits.slice(-2)).toEqual([1, 0]);
    expect(series.read('app-200', 300).hits.slice(-2)).toEqual([0, 1]);
  });

  test('samples at its interval until it is stopped', () => {
    const { series, clock } = createSeries();
    series.start();
    clock.advance(10_000);
    expect(series.sampleCount).toBe(2);
    series.stop();
    clock.advance(10_000);
    expect(series.sampleCount).toBe(2);
    const disabled = createSeries(0);
    disabled.series.start();
    disabled.clock.advance(60_000);
    expect(disabled.series.sampleCount).toBe(0);
  });
});
