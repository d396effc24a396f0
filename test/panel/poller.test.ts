import { beforeEach, describe, expect, test } from 'vitest';
import type { Reading } from '../../src/panel/lib/api.ts';
import { Poller } from '../../src/panel/lib/poller.ts';
import { ProblemError } from '../../src/panel/lib/problems.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { reading } from './support.ts';

let clock: FakeClock;
let etags: (string | null)[];
let answer: () => Promise<Reading<number>>;
let intervalMs: number;
let poller: Poller<number>;
beforeEach(() => {
  clock = new FakeClock();
  etags = [];
  answer = async () => reading(1);
  intervalMs = 5000;
  poller = new Poller<number>({
    clock,
    intervalMs: () => intervalMs,
    read: (etag) => {
      etags.push(etag);
      return answer();
    },
  });
});

describe('while somebody watches', () => {
  test('it asks at once, then at the interval, with what it was given', async () => {
    poller.watch();
    await clock.advanceAsync(20_000);
    expect(etags).toEqual([null, 'W/"1"', 'W/"1"', 'W/"1"', 'W/"1"']);
    expect(poller.state.value).toMatchObject({ value: 1, error: null, stale: false });
  });

  test('several watchers cost what one does, and nobody costs nothing', async () => {
    const ends = [poller.watch(), poller.watch()];
    await clock.advanceAsync(5000);
    ends[0]!();
    ends[0]!();
    await clock.advanceAsync(5000);
    expect(etags).toHaveLength(3);
    ends[1]!();
    await clock.advanceAsync(60_000);
    expect(etags).toHaveLength(3);
    expect(clock.pending).toBe(0);
  });

  test('coming back within the interval asks no earlier than it would have', async () => {
    poller.watch()();
    await settle();
    await clock.advanceAsync(1000);
    poller.watch();
    await clock.advanceAsync(3000);
    expect(etags).toHaveLength(1);
    await clock.advanceAsync(1000);
    expect(etags).toHaveLength(2);
  });

  test('a shorter interval holds at once', async () => {
    intervalMs = 60_000;
    poller.watch();
    await clock.advanceAsync(3000);
    intervalMs = 2000;
    poller.retime();
    await settle();
    expect(etags).toHaveLength(2);
  });
});

test('there are never two requests under way, however often it is asked', async () => {
  const { promise, resolve } = Promise.withResolvers<Reading<number>>();
  answer = () => promise;
  poller.watch();
  for (let count = 0; count < 10; count += 1) poller.ask();
  await clock.advanceAsync(60_000);
  expect(etags).toHaveLength(1);
  answer = async () => reading(2);
  resolve(reading(1));
  // What was asked for meanwhile is asked for once more: the answer may be from before the change.
  await settle();
  await clock.advanceAsync(250);
  expect(etags).toHaveLength(2);
  expect(poller.state.value.value).toBe(2);
});

test('a burst of changes is two requests, and pushes the next poll back', async () => {
  poller.watch();
  await settle();
  for (let count = 0; count < 20; count += 1) {
    poller.ask();
    await clock.advanceAsync(10);
  }
  await clock.advanceAsync(100);
  expect(etags).toHaveLength(2);
  await clock.advanceAsync(4800);
  expect(etags).toHaveLength(2);
});

test('in a hidden tab nothing is asked; when it is seen again, at once', async () => {
  poller.watch();
  await settle();
  poller.pause(true);
  poller.ask();
  await clock.advanceAsync(600_000);
  expect(etags).toHaveLength(1);
  poller.pause(false);
  await settle();
  expect(etags).toHaveLength(2);
});

test('an unchanged answer keeps its value and gets its new age', async () => {
  poller.watch();
  await settle();
  answer = async () => ({ same: true, etag: 'W/"1"', ageS: 2, stale: false });
  await clock.advanceAsync(5000);
  expect(poller.state.value).toMatchObject({ value: 1, madeAt: clock.now() - 2000 });
});

test('a failure keeps the last figures with their age, and the next answer mends it', async () => {
  poller.watch();
  await settle();
  const madeAt = clock.now();
  answer = async () => {
    throw new ProblemError(503, 'runtime_unavailable', 'away');
  };
  await clock.advanceAsync(5000);
  expect(poller.state.value).toMatchObject({ value: 1, madeAt, error: { code: 'runtime_unavailable' } });
  answer = async () => reading(3);
  await clock.advanceAsync(5000);
  expect(poller.state.value).toMatchObject({ value: 3, error: null });
});
