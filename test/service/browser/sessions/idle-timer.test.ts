import { expect, test } from 'vitest';
import { IdleTimer } from '../../../../src/service/browser/sessions/idle-timer.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

function start(idleMs: number) {
  const clock = new FakeClock();
  const state = { requests: 0, idle: 0 };
  const timer = new IdleTimer({
    clock,
    idleMs,
    readActivity: () => state.requests,
    onIdle: () => {
      state.idle += 1;
    },
  });
  timer.start();
  return { clock, state, timer };
}

test('fires once when nothing has happened for the time', async () => {
  const { clock, state } = start(1000);
  await clock.advance(999);
  expect(state.idle).toBe(0);
  await clock.advance(5000);
  expect(state.idle).toBe(1);
});

test('requests and calls postpone it, by at most a quarter too much', async () => {
  const { clock, state, timer } = start(1000);
  for (let i = 0; i < 10; i += 1) {
    await clock.advance(500);
    if (i % 2 === 0) timer.touch();
    else state.requests += 1;
  }
  expect(state.idle).toBe(0);
  await clock.advance(1250);
  expect(state.idle).toBe(1);
});

test('0 is never, and stop ends it', async () => {
  const never = start(0);
  await never.clock.advance(1_000_000);
  const stopped = start(1000);
  stopped.timer.stop();
  await stopped.clock.advance(10_000);
  expect([never.state.idle, stopped.state.idle]).toEqual([0, 0]);
});
