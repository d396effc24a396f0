import { expect, test } from 'vitest';
import { FakeClock, settle } from './fake-clock.ts';

test('timers fire in order of their due times, at these times; ties fire in the order they were set', () => {
  const clock = new FakeClock();
  const start = clock.now();
  const fired: [string, number][] = [];
  const record = (name: string) => () => fired.push([name, clock.now() - start]);
  clock.after(30, record('c'));
  clock.after(10, record('a'));
  clock.after(30, record('d'));
  clock.after(20, record('b'));
  clock.after(41, record('late'));
  clock.advance(40);
  expect(fired).toEqual([
    ['a', 10],
    ['b', 20],
    ['c', 30],
    ['d', 30],
  ]);
  expect(clock.now() - start).toBe(40);
  expect(clock.pending).toBe(1);
});

test('a cancelled timer does not fire; a timer set by another one fires within the same advance', () => {
  const clock = new FakeClock();
  const fired: string[] = [];
  const cancel = clock.after(10, () => fired.push('cancelled'));
  clock.after(5, () => {
    cancel();
    clock.after(5, () => fired.push('chained'));
  });
  clock.advance(10);
  expect(fired).toEqual(['chained']);
  expect(clock.pending).toBe(0);
});

test('advanceAsync runs promise callbacks before the first timer and between timers', async () => {
  const clock = new FakeClock();
  const order: string[] = [];
  const recordWithCallbacks = (name: string) => {
    order.push(name);
    void settle().then(() => order.push(`${name}, then`));
    void Promise.resolve()
      .then(() => {})
      .then(() => order.push(`${name}, soon`));
  };
  void Promise.resolve().then(() => clock.after(5, () => recordWithCallbacks('first')));
  clock.after(10, () => recordWithCallbacks('second'));
  await clock.advanceAsync(10);
  expect(order).toEqual(['first', 'first, soon', 'first, then', 'second', 'second, soon', 'second, then']);
});

test('stall moves time without firing timers; overdue ones fire at the next advance, and time never goes back', () => {
  const clock = new FakeClock();
  const start = clock.now();
  const fired: number[] = [];
  clock.after(10, () => fired.push(clock.now() - start));
  clock.stall(50);
  expect(fired).toEqual([]);
  clock.advance(0);
  expect(fired).toEqual([50]);
});
