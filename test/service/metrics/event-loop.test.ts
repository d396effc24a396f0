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

/** Blocks the event loop once the measurement has started. */
async function block() {
  await waitUntil('the first measurement', () => delay.read().mean > 0, 5000);
  const end = performance.now() + BLOCKED_MS;
  while (performance.now() < end);
  await waitUntil('the measured delay', () => delay.read().max > 0.1, 5000);
}

test('without a measurement, all delays are 0', () => {
  expect(delay.read()).toEqual({ mean: 0, p50: 0, p90: 0, p99: 0, max: 0 });
});

test('a blocked loop shows in the maximum, even after another read', async () => {
  await block();
  const { max } = delay.read();
  expect(max).toBeGreaterThan((BLOCKED_MS - 20) / 1000);
  expect(max).toBeLessThan(2);
  expect(delay.read().max).toBeGreaterThanOrEqual(max);
  // The 10 ms between two measurements do not count as delay.
  await waitUntil('a short median', () => delay.read().p50 < 0.009, 5000);
});

test('a delay is included for 30 to 60 s', async () => {
  await block();
  const { max } = delay.read();
  clock.advance(30_000);
  expect(delay.read().max).toBeGreaterThan(max / 2);
  clock.advance(30_000);
  expect(delay.read().max).toBe(0);
});

test('stop() leaves no timer', () => {
  expect(clock.pending).toBe(1);
  delay.stop();
  expect(clock.pending).toBe(0);
});
