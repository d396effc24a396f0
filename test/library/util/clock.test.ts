import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Cache } from '../../../src/library/cache/cache.ts';
import { createSystemClock } from '../../../src/library/util/clock.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the system clock', () => {
  test('advances with time', () => {
    const clock = createSystemClock();
    const start = clock.now();
    vi.advanceTimersByTime(1000);
    expect(clock.now() - start).toBe(1000);
    vi.advanceTimersByTime(2);
    expect(clock.now() - start).toBe(1002);
  });

  test('moves during a long synchronous run, with few reads of performance.now()', () => {
    const clock = createSystemClock();
    let time = 0;
    const performanceNow = vi.spyOn(performance, 'now').mockImplementation(() => ++time);
    const readings = Array.from({ length: 6500 }, () => clock.now());
    performanceNow.mockRestore();
    expect(time).toBeLessThanOrEqual(130);
    expect(new Set(readings).size).toBeGreaterThanOrEqual(50);
    expect(readings).toEqual(readings.toSorted((a, b) => a - b));
  });

  test('calls back once after the delay, and not if cancelled', () => {
    const clock = createSystemClock();
    const fire = vi.fn();
    const cancelled = vi.fn();
    clock.after(3000, fire);
    clock.after(3000, cancelled)();
    vi.advanceTimersByTime(2999);
    expect(fire).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    vi.advanceTimersByTime(60_000);
    expect(fire).toHaveBeenCalledTimes(1);
    expect(cancelled).not.toHaveBeenCalled();
  });

  test.each([2 ** 31, 2 ** 31 + 5, 5 * 2 ** 31])('a delay of %s ms does not end early', (delay) => {
    const clock = createSystemClock();
    const fire = vi.fn();
    clock.after(delay, fire);
    vi.advanceTimersByTime(delay - 1);
    expect(fire).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(fire).toHaveBeenCalledTimes(1);
  });

  test('a delay longer than the limit of setTimeout can be cancelled after its first timer', () => {
    const clock = createSystemClock();
    const fire = vi.fn();
    const cancel = clock.after(3 * 2 ** 31, fire);
    vi.advanceTimersByTime(2 ** 31 + 1000);
    cancel();
    expect(vi.getTimerCount()).toBe(0);
    vi.advanceTimersByTime(3 * 2 ** 31);
    expect(fire).not.toHaveBeenCalled();
  });

  test('an infinite delay never ends and sets one timer at a time', () => {
    const fire = vi.fn();
    createSystemClock().after(Number.POSITIVE_INFINITY, fire);
    vi.advanceTimersByTime(10 * 2 ** 31);
    expect(fire).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(1);
  });
});

describe('a cache on the system clock', () => {
  test('does not keep the process alive', () => {
    vi.useRealTimers();
    const activeTimers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const before = activeTimers();
    const clock = createSystemClock();
    clock.now();
    clock.after(60_000, () => {});
    clock.after(2 ** 40, () => {});
    const cache = new Cache<string>({ clock });
    const timer = setTimeout(() => {}, 60_000);
    expect(activeTimers()).toBe(before + 1);
    clearTimeout(timer);
    cache.close();
  });

  test.each([
    ['back an hour', -3_600_000],
    ['forward an hour', 3_600_000],
  ])('is not affected if the wall clock is set %s', (_name, jump) => {
    const cache = new Cache<string>();
    cache.set('k', 'v', { ttlS: 3 });
    vi.setSystemTime(Date.now() + jump);
    vi.advanceTimersByTime(2990);
    expect(cache.get('k')).toBe('v');
    vi.advanceTimersByTime(10);
    expect(cache.get('k')).toBeUndefined();
    cache.close();
  });

  test('refreshes a key with a TTL of 30 days once', async () => {
    const cache = new Cache<number>({ refreshAheadS: 60, sweepIntervalS: 0 });
    const load = vi.fn(() => 1);
    const month = 30 * 86_400;
    await cache.getOrLoad('k', load, { ttlS: month });
    await vi.advanceTimersByTimeAsync(month * 1000 - 10_000);
    cache.get('k');
    expect(load).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(load).toHaveBeenCalledTimes(2);
    cache.close();
  });
});
