import { expect, test } from 'vitest';
import { CounterRates } from '../../src/panel/lib/counter-rates.ts';

test('a rate is the mean of the last 15 s, from the second sample on', () => {
  const rates = new CounterRates();
  rates.add('rx', 1000, 0);
  expect(rates.perSecond('rx')).toBeNull();
  rates.add('rx', 6000, 5000);
  expect(rates.perSecond('rx')).toBe(1000);
  for (let second = 10; second <= 60; second += 5) rates.add('rx', 6000, second * 1000);
  expect(rates.perSecond('rx')).toBe(0);
});

test('samples less than 1.5 s apart give no rate', () => {
  const rates = new CounterRates();
  rates.add('rx', 0, 0);
  rates.add('rx', 1e9, 1000);
  rates.add('rx', 2e9, 900);
  expect(rates.perSecond('rx')).toBeNull();
});

test('a counter reset gives no negative rate', () => {
  const rates = new CounterRates();
  rates.add('rx', 5000, 0);
  rates.add('rx', 100, 5000);
  expect(rates.perSecond('rx')).toBeNull();
  rates.add('rx', 600, 10_000);
  expect(rates.perSecond('rx')).toBe(100);
});

test('two samples are kept even if they are further apart than 15 s', () => {
  const rates = new CounterRates();
  rates.add('rx', 0, 0);
  rates.add('rx', 6000, 60_000);
  expect(rates.perSecond('rx')).toBe(100);
});

test('retain() removes all other counters', () => {
  const rates = new CounterRates();
  rates.add('rx', 0, 0);
  rates.add('rx', 6000, 60_000);
  rates.retain(new Set(['tx']));
  expect(rates.perSecond('rx')).toBeNull();
});
