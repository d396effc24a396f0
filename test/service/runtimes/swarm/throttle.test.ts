import { expect, test } from 'vitest';
import { Throttle } from '../../../../src/service/runtimes/swarm/throttle.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

test('a task runs at once, and once more at the end of an interval in which it was requested again', () => {
  const clock = new FakeClock();
  const throttle = new Throttle(100, clock);
  const runs: string[] = [];
  const request = (key: string) => throttle.run(key, () => runs.push(key));
  for (let count = 0; count < 1000; count += 1) request('a');
  request('b');
  expect(runs).toEqual(['a', 'b']);
  clock.advance(100);
  expect(runs).toEqual(['a', 'b', 'a']);
  clock.advance(100);
  request('a');
  expect(runs).toEqual(['a', 'b', 'a', 'a']);
});

test('nothing runs after it is closed', () => {
  const clock = new FakeClock();
  const throttle = new Throttle(100, clock);
  let runs = 0;
  for (let count = 0; count < 2; count += 1) throttle.run('a', () => (runs += 1));
  throttle.close();
  clock.advance(1000);
  expect(runs).toBe(1);
});
