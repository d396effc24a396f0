import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Shutdown } from '../../../src/service/wiring/shutdown.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('steps that fail or hang are reported after all have been tried', async () => {
  const shutdown = new Shutdown();
  await shutdown.run('first', 1000, () => {
    throw new Error('broken');
  });
  const hanging = shutdown.run('second', 1000, () => new Promise(() => {}));
  await vi.advanceTimersByTimeAsync(1000);
  await hanging;
  const done = vi.fn();
  await shutdown.run('third', 1000, done);
  expect(done).toHaveBeenCalledOnce();
  const failure = (() => {
    try {
      shutdown.finish();
    } catch (error) {
      return error as AggregateError;
    }
  })();
  expect(failure?.errors.map(({ message, cause }) => [message, cause.message])).toEqual([
    ['Could not stop: first', 'broken'],
    ['Could not stop: second', 'The step "second" did not answer within 1 s'],
  ]);
});

test('nothing is thrown if every step succeeds', async () => {
  const shutdown = new Shutdown();
  await shutdown.run('first', 1000, () => Promise.resolve());
  expect(() => shutdown.finish()).not.toThrow();
});
