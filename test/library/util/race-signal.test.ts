import { expect, test, vi } from 'vitest';
import { raceSignal } from '../../../src/library/util/race-signal.ts';

test('settles with the result, and removes its listener', async () => {
  const { signal } = new AbortController();
  const removed = vi.spyOn(signal, 'removeEventListener');
  expect(await raceSignal(Promise.resolve(1), signal)).toBe(1);
  await expect(raceSignal(Promise.reject(new Error('failed')), signal)).rejects.toThrow('failed');
  expect(removed).toHaveBeenCalledTimes(2);
});

test('rejects with the reason as soon as the signal aborts, or at once if it has', async () => {
  const controller = new AbortController();
  const never = new Promise<never>(() => {});
  const race = raceSignal(never, controller.signal);
  controller.abort(new Error('gone'));
  await expect(race).rejects.toThrow('gone');
  await expect(raceSignal(never, controller.signal)).rejects.toThrow('gone');
});

test('a result that rejects after the abort is no unhandled rejection', async () => {
  const controller = new AbortController();
  const late = Promise.withResolvers<never>();
  const race = raceSignal(late.promise, controller.signal);
  controller.abort(new Error('gone'));
  await expect(race).rejects.toThrow('gone');
  // vitest fails for an unhandled rejection.
  late.reject(new Error('late'));
  await new Promise((resolve) => setImmediate(resolve));
});
