import { expect, test } from 'vitest';
import { LoadTimes } from '../../../src/service/metrics/load-times.ts';

test('the times are those of loads that succeeded, by class of key', () => {
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

test('a reset forgets them', () => {
  const times = new LoadTimes();
  times.record('stats:total', 1, true);
  times.reset();
  expect(times.read()).toEqual({});
});
