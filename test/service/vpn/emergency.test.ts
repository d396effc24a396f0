import { describe, expect, it } from 'vitest';
import { type Emergency, nextEmergency } from '../../../src/service/vpn/emergency.ts';
import { DOWN, STARTING, sight, UNKNOWN, UP } from './fixtures.ts';

const NOW = 5000;
const ONE_FAILED: Emergency = { failed: 'one', healthy: 'two', since: 1000 };

function next(current: Emergency | null, one: typeof UP, two: typeof UP): Emergency | null {
  return nextEmergency(current, [sight('one', one), sight('two', two)], NOW);
}

describe('an emergency', () => {
  it('begins when one of two is unhealthy and the other is connected', () => {
    expect(next(null, DOWN, UP)).toEqual({ failed: 'one', healthy: 'two', since: NOW });
    expect(next(null, UP, DOWN)).toEqual({ failed: 'two', healthy: 'one', since: NOW });
  });

  it.each([
    ['both are connected', UP, UP],
    ['the other has only begun to start', STARTING, UP],
    ['nothing is known of the other', UP, UNKNOWN],
    ['neither is there to take the place of the other', DOWN, DOWN],
    ['neither is ready yet', DOWN, STARTING],
  ])('does not begin when %s', (_when, one, two) => {
    expect(next(null, one, two)).toBeNull();
  });

  it('is unknown to one VPN alone, and to one of two that has not been looked at', () => {
    expect(nextEmergency(null, [sight('one', DOWN)], NOW)).toBeNull();
    expect(nextEmergency(null, [], NOW)).toBeNull();
  });

  it.each([
    ['unhealthy', DOWN],
    ['starting', STARTING],
    ['unknown', UNKNOWN],
  ])('goes on as it is while the one that failed is %s', (_how, seen) => {
    expect(next(ONE_FAILED, seen, UP)).toBe(ONE_FAILED);
  });

  it('ends when both are connected', () => {
    expect(next(ONE_FAILED, UP, UP)).toBeNull();
  });

  it('knows no healthy VPN while both are down, and goes on', () => {
    const both = next(ONE_FAILED, DOWN, DOWN);
    expect(both).toEqual({ failed: 'one', healthy: null, since: 1000 });
    expect(next(both, DOWN, STARTING)).toBe(both);
    expect(next(both, DOWN, UP)).toEqual(ONE_FAILED);
  });

  it('begins when, of two that were found down together, one comes back alone', () => {
    const together = next(null, DOWN, DOWN);
    expect(together).toBeNull();
    expect(next(together, DOWN, STARTING)).toBeNull();
    expect(next(together, DOWN, UP)).toEqual({ failed: 'one', healthy: 'two', since: NOW });
    expect(next(together, UP, UP)).toBeNull();
  });

  it('does not begin while the other one is being restarted, and does if that fails', () => {
    expect(next(null, UP, STARTING)).toBeNull();
    expect(next(null, UP, DOWN)).toEqual({ failed: 'two', healthy: 'one', since: NOW });
  });

  it('goes on with the roles changed when the other fails as the first comes back', () => {
    expect(next(ONE_FAILED, UP, DOWN)).toEqual({ failed: 'two', healthy: 'one', since: 1000 });
  });
});
