import { expect, test } from 'vitest';
import { LoadTimes } from '../../../src/service/metrics/load-times.ts';

test('durations are of successful loads, by key class', () => {
  const times = new LoadTimes();
  times.record('stats:total', 1, true);
  times.record('stats:total', 3, true);
  times.record('stats:total', 10, false);
  times.record('vpn:status', 5, false);
  expect(times.read()).toEqual({
    'stats:total': { count: 2, failed: 1, meanSeconds: 2, lastSeconds: 3 },
    'vpn:status': { count: 0, failed: 1, meanSeconds: null, lastSeconds: null },
  });
});

test('reset() drops them', () => {
  const times = new LoadTimes();
  times.record('stats:total', 1, true);
  times.reset();
  expect(times.read()).toEqual({});
});
