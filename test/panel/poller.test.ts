import { beforeEach, describe, expect, test } from 'vitest';
import type { Reading } from '../../src/panel/lib/api.ts';
import { ProblemError } from '../../src/panel/lib/errors.ts';
import { Poller } from '../../src/panel/lib/poller.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { aReading } from './fixtures.ts';

let clock: FakeClock;
let etags: (string | null)[];
let respond: () => Promise<Reading<number>>;
let intervalMs: number;
let poller: Poller<number>;
beforeEach(() => {
  clock = new FakeClock();
  etags = [];
  respond = async () => aReading(1);
  intervalMs = 5000;
  poller = new Poller<number>({
    clock,
    intervalMs: () => intervalMs,
    read: (etag) => {
      etags.push(etag);
      return respond();
    },
  });
});

describe('with watchers', () => {
  test('reads immediately and then at the interval, with the ETag of the last response', async () => {
    poller.watch();
    await clock.advanceAsync(20_000);
    expect(etags).toEqual([null, 'W/"1"', 'W/"1"', 'W/"1"', 'W/"1"']);
    expect(poller.state.value).toMatchObject({ value: 1, error: null, stale: false });
  });

  test('several watchers share the requests, and without watchers there are none', async () => {
    const unwatch = [poller.watch(), poller.watch()];
    await clock.advanceAsync(5000);
    unwatch[0]!();
    unwatch[0]!();
    await clock.advanceAsync(5000);
    expect(etags).toHaveLength(3);
    unwatch[1]!();
    await clock.advanceAsync(60_000);
    expect(etags).toHaveLength(3);
    expect(clock.pending).toBe(0);
  });

  test('a new watcher within the interval does not cause an earlier request', async () => {
    poller.watch()();
    await settle();
    await clock.advanceAsync(1000);
    poller.watch();
    await clock.advanceAsync(3000);
    expect(etags).toHaveLength(1);
    await clock.advanceAsync(1000);
    expect(etags).toHaveLength(2);
  });

  test('a shorter interval applies immediately', async () => {
    intervalMs = 60_000;
    poller.watch();
    await clock.advanceAsync(3000);
    intervalMs = 2000;
    poller.reschedule();
    await settle();
    expect(etags).toHaveLength(2);
  });
});

test('never sends two requests at a time', async () => {
  const { promise, resolve } = Promise.withResolvers<Reading<number>>();
  respond = () => promise;
  poller.watch();
  for (let count = 0; count < 10; count += 1) poller.refresh();
  await clock.advanceAsync(60_000);
  expect(etags).toHaveLength(1);
  respond = async () => aReading(2);
  resolve(aReading(1));
  // The response may be older than the changes reported during the request.
  await settle();
  await clock.advanceAsync(250);
  expect(etags).toHaveLength(2);
  expect(poller.state.value.value).toBe(2);
});

test('a burst of changes causes two requests and postpones the next poll', async () => {
  poller.watch();
  await settle();
  for (let count = 0; count < 20; count += 1) {
    poller.refresh();
    await clock.advanceAsync(10);
  }
  await clock.advanceAsync(100);
  expect(etags).toHaveLength(2);
  await clock.advanceAsync(4800);
  expect(etags).toHaveLength(2);
});

test('sends no requests while paused, and one immediately when resumed', async () => {
  poller.watch();
  await settle();
  poller.setPaused(true);
  poller.refresh();
  await clock.advanceAsync(600_000);
  expect(etags).toHaveLength(1);
  poller.setPaused(false);
  await settle();
  expect(etags).toHaveLength(2);
});

test('a 304 response keeps the value and updates its age', async () => {
  poller.watch();
  await settle();
  respond = async () => ({ notModified: true, etag: 'W/"1"', ageS: 2, stale: false });
  await clock.advanceAsync(5000);
  expect(poller.state.value).toMatchObject({ value: 1, generatedAt: clock.now() - 2000 });
});

test('an error keeps the last value with its age, and the next success clears it', async () => {
  poller.watch();
  await settle();
  const generatedAt = clock.now();
  respond = async () => {
    throw new ProblemError(503, 'runtime_unavailable', 'Docker is not available');
  };
  await clock.advanceAsync(5000);
  expect(poller.state.value).toMatchObject({ value: 1, generatedAt, error: { code: 'runtime_unavailable' } });
  respond = async () => aReading(3);
  await clock.advanceAsync(5000);
  expect(poller.state.value).toMatchObject({ value: 3, error: null });
});
