import { describe, expect, test } from 'vitest';
import { CircuitBreaker } from '../../../src/service/engines/breaker.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function createBreaker() {
  const clock = new FakeClock();
  let changes = 0;
  const breaker = new CircuitBreaker({
    clock,
    failureThreshold: 3,
    recoveryTimeoutS: 60,
    onChange: () => {
      changes += 1;
    },
  });
  /** Whether `onChange` has been called since the last call. */
  const hasChanged = () => {
    const changed = changes > 0;
    changes = 0;
    return changed;
  };
  const fail = (times: number) => {
    for (let time = 0; time < times; time += 1) breaker.begin().fail('no space left');
  };
  return { clock, breaker, hasChanged, fail };
}

describe('closed', () => {
  test('allows concurrent attempts', () => {
    const { breaker } = createBreaker();
    breaker.begin();
    breaker.begin();
    expect(breaker.allows).toBe(true);
    expect(breaker.snapshot()).toEqual({
      state: 'closed',
      failureCount: 0,
      failureThreshold: 3,
      lastFailureTime: null,
      lastSuccessTime: null,
      lastFailureReason: null,
      openedTime: null,
      recoveryTimeoutS: 60,
      recoveryEtaS: 0,
    });
  });

  test('opens when the failures reach the threshold, not before', () => {
    const { breaker, fail } = createBreaker();
    fail(2);
    expect(breaker.state).toBe('closed');
    fail(1);
    expect(breaker.state).toBe('open');
    expect(breaker.allows).toBe(false);
  });

  test('a success in between resets the count', () => {
    const { breaker, fail } = createBreaker();
    fail(2);
    breaker.begin().succeed();
    fail(2);
    expect(breaker.state).toBe('closed');
    expect(breaker.snapshot().failureCount).toBe(2);
  });

  test('an abandoned attempt counts neither as a success nor as a failure', () => {
    const { breaker, fail } = createBreaker();
    fail(2);
    breaker.begin().abandon();
    expect(breaker.snapshot().failureCount).toBe(2);
    fail(1);
    expect(breaker.state).toBe('open');
  });

  test('the times of the last failure and success are reported', () => {
    const { breaker, fail } = createBreaker();
    const before = Date.now();
    fail(1);
    breaker.begin().succeed();
    const { lastFailureTime, lastSuccessTime } = breaker.snapshot();
    for (const time of [lastFailureTime, lastSuccessTime]) {
      expect(time).toBeGreaterThanOrEqual(before);
      expect(time).toBeLessThanOrEqual(Date.now());
    }
  });
});

describe('open', () => {
  test('counts down its recovery time and then becomes half open', () => {
    const { clock, breaker, fail } = createBreaker();
    fail(3);
    expect(breaker.snapshot().recoveryEtaS).toBe(60);
    clock.advance(59_500);
    expect(breaker.snapshot()).toMatchObject({ state: 'open', recoveryEtaS: 1 });
    clock.advance(500);
    expect(breaker.snapshot()).toMatchObject({ state: 'half_open', recoveryEtaS: 0 });
  });
});

describe('half open', () => {
  function halfOpen() {
    const parts = createBreaker();
    parts.fail(3);
    parts.clock.advance(60_000);
    parts.hasChanged();
    return parts;
  }

  test('allows one probe', () => {
    const { breaker } = halfOpen();
    expect(breaker.allows).toBe(true);
    breaker.begin();
    expect(breaker.allows).toBe(false);
  });

  test('a successful probe closes the breaker', () => {
    const { breaker } = halfOpen();
    breaker.begin().succeed();
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', failureCount: 0 });
    expect(breaker.allows).toBe(true);
  });

  test('a failed probe reopens the breaker for the full recovery time', () => {
    const { breaker, clock } = halfOpen();
    clock.advance(1000);
    breaker.begin().fail('no space left');
    expect(breaker.snapshot()).toMatchObject({ state: 'open', recoveryEtaS: 60 });
  });

  test('an abandoned probe allows another one', () => {
    const { breaker } = halfOpen();
    breaker.begin().abandon();
    expect(breaker.state).toBe('half_open');
    expect(breaker.allows).toBe(true);
  });

  test.each(['succeed', 'fail', 'abandon'] as const)(
    'a late outcome of an earlier attempt changes nothing: %s',
    (end) => {
      const { breaker, clock, fail } = createBreaker();
      const [early, late] = [breaker.begin(), breaker.begin()];
      fail(3);
      clock.advance(59_000);
      early[end]('late');
      expect(breaker.snapshot()).toMatchObject({ state: 'open', recoveryEtaS: 1 });
      clock.advance(1000);
      const probe = breaker.begin();
      late[end]('late');
      expect(breaker.state).toBe('half_open');
      expect(breaker.allows).toBe(false);
      probe.succeed();
      expect(breaker.state).toBe('closed');
    },
  );

  test('a probe that fails after a reset counts as one failure', () => {
    const { breaker } = halfOpen();
    const probe = breaker.begin();
    breaker.reset();
    probe.fail('no space left');
    expect(breaker.snapshot()).toMatchObject({ state: 'closed', failureCount: 1 });
  });
});

test('a probe from before a reset does not affect the state after it', () => {
  const { breaker, clock, fail } = createBreaker();
  fail(3);
  clock.advance(60_000);
  const probe = breaker.begin();
  breaker.reset();
  fail(3);
  probe.succeed();
  expect(breaker.state).toBe('open');
  clock.advance(60_000);
  expect(breaker.allows).toBe(true);
});

test('onChange is called for every change of the state', () => {
  const { breaker, clock, fail, hasChanged } = createBreaker();
  expect(hasChanged()).toBe(false);
  fail(1);
  expect(hasChanged()).toBe(true);
  fail(2);
  clock.advance(60_000);
  hasChanged();
  const probe = breaker.begin();
  expect(hasChanged()).toBe(true);
  probe.abandon();
  expect(hasChanged()).toBe(true);
  breaker.begin().succeed();
  expect(hasChanged()).toBe(true);
});
