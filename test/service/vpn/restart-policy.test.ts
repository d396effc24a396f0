import { describe, expect, it } from 'vitest';
import { RestartPolicy } from '../../../src/service/vpn/restart-policy.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { DOWN, STARTING, UP } from './fixtures.ts';

function start(afterS = 60) {
  const clock = new FakeClock();
  const policy = new RestartPolicy(clock, afterS);
  /** Seconds from now at which a restart is due, with an observation every five seconds. */
  const dueWithin = (seconds: number, observation = DOWN) => {
    const due: number[] = [];
    for (let second = 0; second <= seconds; second += 5) {
      if (policy.isDue(observation)) due.push(second);
      clock.advance(5000);
    }
    return due;
  };
  return { clock, policy, dueWithin };
}

describe('a restart', () => {
  it('is due after a VPN was unhealthy for the whole period, and again after each further period', () => {
    expect(start().dueWithin(200)).toEqual([60, 120, 180]);
  });

  it.each([
    ['healthy', UP],
    ['starting', STARTING],
  ])('is due only after an uninterrupted period: %s', (_health, observation) => {
    const { dueWithin, policy, clock } = start();
    expect(dueWithin(50)).toEqual([]);
    expect(policy.isDue(observation)).toBe(false);
    clock.advance(5000);
    expect(dueWithin(60)).toEqual([60]);
  });

  it('is never due for a container that does not run', () => {
    expect(start().dueWithin(200, { ...DOWN, state: 'stopped' })).toEqual([]);
    expect(start().dueWithin(200, { ...DOWN, state: 'not_found' })).toEqual([]);
  });

  it('is never due with a period of 0', () => {
    expect(start(0).dueWithin(200)).toEqual([]);
  });

  it('is due once after a gap between observations', () => {
    const { policy, clock } = start();
    expect(policy.isDue(DOWN)).toBe(false);
    clock.advance(500_000);
    expect(policy.isDue(DOWN)).toBe(true);
    clock.advance(59_999);
    expect(policy.isDue(DOWN)).toBe(false);
    clock.advance(1);
    expect(policy.isDue(DOWN)).toBe(true);
  });
});
