import { describe, expect, it } from 'vitest';
import { type Emergency, nextEmergency } from '../../../src/service/vpn/emergency.ts';
import { DOWN, STARTING, UNKNOWN, UP } from './fixtures.ts';

const NOW = 5000;
const ONE_FAILED: Emergency = { failed: 'one', healthy: 'two', since: 1000 };

function next(current: Emergency | null, one: typeof UP, two: typeof UP): Emergency | null {
  return nextEmergency(
    current,
    [
      { name: 'one', ...one },
      { name: 'two', ...two },
    ],
    NOW,
  );
}

describe('an emergency', () => {
  it('begins when one of two is unhealthy and the other is connected', () => {
    expect(next(null, DOWN, UP)).toEqual({ failed: 'one', healthy: 'two', since: NOW });
    expect(next(null, UP, DOWN)).toEqual({ failed: 'two', healthy: 'one', since: NOW });
  });

  it.each([
    ['both are connected', UP, UP],
    ['the other one is starting', STARTING, UP],
    ['the other one is unknown', UP, UNKNOWN],
    ['both are unhealthy', DOWN, DOWN],
    ['one is unhealthy and the other one is starting', DOWN, STARTING],
  ])('does not begin when %s', (_when, one, two) => {
    expect(next(null, one, two)).toBeNull();
  });

  it('does not exist with fewer than two observations', () => {
    expect(nextEmergency(null, [{ name: 'one', ...DOWN }], NOW)).toBeNull();
    expect(nextEmergency(null, [], NOW)).toBeNull();
  });

  it.each([
    ['unhealthy', DOWN],
    ['starting', STARTING],
    ['unknown', UNKNOWN],
  ])('continues unchanged while the failed VPN is %s', (_health, observation) => {
    expect(next(ONE_FAILED, observation, UP)).toBe(ONE_FAILED);
  });

  it('ends when both are connected', () => {
    expect(next(ONE_FAILED, UP, UP)).toBeNull();
  });

  it('continues without a healthy VPN while both are down', () => {
    const both = next(ONE_FAILED, DOWN, DOWN);
    expect(both).toEqual({ failed: 'one', healthy: null, since: 1000 });
    expect(next(both, DOWN, STARTING)).toBe(both);
    expect(next(both, DOWN, UP)).toEqual(ONE_FAILED);
  });

  it('begins when one of two that were down from the start is connected', () => {
    const together = next(null, DOWN, DOWN);
    expect(together).toBeNull();
    expect(next(together, DOWN, STARTING)).toBeNull();
    expect(next(together, DOWN, UP)).toEqual({ failed: 'one', healthy: 'two', since: NOW });
    expect(next(together, UP, UP)).toBeNull();
  });

  it('does not begin while the other one restarts, but begins if the restart fails', () => {
    expect(next(null, UP, STARTING)).toBeNull();
    expect(next(null, UP, DOWN)).toEqual({ failed: 'two', healthy: 'one', since: NOW });
  });

  it('continues with the roles swapped when the other one fails as the first recovers', () => {
    expect(next(ONE_FAILED, UP, DOWN)).toEqual({ failed: 'two', healthy: 'one', since: 1000 });
  });
});
