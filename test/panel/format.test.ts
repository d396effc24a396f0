import { describe, expect, test } from 'vitest';
import * as format from '../../src/panel/lib/format.ts';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [999.6, '1.0 kB'],
  [1536, '1.5 kB'],
  [12_345, '12.3 kB'],
  [999_499, '999 kB'],
  [999_500, '1.0 MB'],
  [28_446_720, '28.4 MB'],
  [1.5e18, '1500 PB'],
  [-5, '0 B'],
  [null, '–'],
  [Number.NaN, '–'],
])('formats %s bytes as %s', (bytes, text) => {
  expect(format.formatBytes(bytes)).toBe(text);
});

test.each([
  [0, '0 s'],
  [59.9, '59 s'],
  [60, '1 min'],
  [3600, '1 h'],
  [7500, '2 h 5 min'],
  [273_600, '3 d 4 h'],
  [-3, '0 s'],
  [null, '–'],
])('formats a duration of %s s as %s', (seconds, text) => {
  expect(format.formatDuration(seconds)).toBe(text);
});

test.each([
  [0.0000004, '< 0.01 ms'],
  [0, '< 0.01 ms'],
  [0.00004, '0.04 ms'],
  [0.0123, '12.3 ms'],
  [2.1, '2.1 s'],
  [null, '–'],
])('formats a latency of %s s as %s', (seconds, text) => {
  expect(format.formatLatency(seconds)).toBe(text);
});

describe('other formats', () => {
  test('rates, percentages and counts', () => {
    expect(format.formatRate(1_500_000)).toBe('1.5 MB/s');
    expect(format.formatRate(null)).toBe('–');
    expect([0, 0.331, 4.44, 99.96].map(format.formatPercent)).toEqual(['0 %', '0.33 %', '4.4 %', '100 %']);
    expect(format.formatCount(12_345)).toBe('12,345');
    expect([0, 1, 2].map((count) => format.plural(count, 'entry'))).toEqual([
      '0 entries',
      '1 entry',
      '2 entries',
    ]);
  });

  test('a time of another day has its date', () => {
    const at = new Date(2026, 4, 6, 7, 8, 9).getTime();
    expect(format.formatTime(at, at + 1000)).toMatch(/^0?7[:.]08[:.]09$/);
    expect(format.formatTime(at, at + 86_400_000)).toMatch(/6.*7[:.]08[:.]09$/);
    expect(format.formatUtc(Date.UTC(2026, 0, 2, 3, 4, 5))).toBe('2026-01-02 03:04:05 UTC');
  });
});
