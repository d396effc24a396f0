import { afterEach, beforeEach, expect, test } from 'vitest';
import { EventLoopDelay } from '../../../src/service/metrics/event-loop.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { waitUntil } from '../../support/wait-until.ts';

const BLOCKED_MS = 150;
let clock: FakeClock;
let delay: EventLoopDelay;

beforeEach(() => {
  clock = new FakeClock();
  delay = new EventLoopDelay(clock);
});
afterEach(() => delay.stop());

/** Holds the event loop, once the measurement is under way. */
async function block() {
  await waitUntil('a first measurement', () => delay.read().mean > 0, 5000);
  const end = performance.now() + BLOCKED_MS;
  while (performance.now() < end);
  await waitUntil('the delay is measured', () => delay.read().max > 0.1, 5000);
}

test('nothing measured yet is no delay, and no NaN', () => {
  expect(delay.read()).toEqual({ mean: 0, p50: 0, p90: 0, p99: 0, max: 0 });
});

test('a held loop shows in the longest delay, whoever has read it before', async () => {
  await block();
  const { max } = delay.read();
  expect(max).toBeGreaterThan((BLOCKED_MS - 20) / 1000);
  expect(max).toBeLessThan(2);
  expect(delay.read().max).toBeGreaterThanOrEqual(max);
  // The 10 ms between two measurements are not a delay.
  await waitUntil('most delays are short', () => delay.read().p50 < 0.009, 5000);
});

test('it is remembered for 30 to 60 s', async () => {
  await block();
  const { max } = delay.read();
  clock.advance(30_000);
  expect(delay.read().max).toBeGreaterThan(max / 2);
  clock.advance(30_000);
  expect(delay.read().max).toBe(0);
});

test('after a stop no timer is left', () => {
  expect(clock.pending).toBe(1);
  delay.stop();
  expect(clock.pending).toBe(0);
});
