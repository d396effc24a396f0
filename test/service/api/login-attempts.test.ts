import { expect, test } from 'vitest';
import { LoginAttempts } from '../../../src/service/api/login-attempts.ts';
import { FakeClock } from '../../support/fake-clock.ts';

test('after ten wrong keys, one more is possible every 6 s', () => {
  const clock = new FakeClock();
  const attempts = new LoginAttempts(clock);
  for (let count = 0; count < 10; count += 1) {
    expect(attempts.waitS('10.0.0.1')).toBe(0);
    attempts.fail('10.0.0.1');
  }
  expect(attempts.waitS('10.0.0.1')).toBe(6);
  clock.advance(6000);
  expect(attempts.waitS('10.0.0.1')).toBe(0);
  attempts.fail('10.0.0.1');
  expect(attempts.waitS('10.0.0.1')).toBe(6);
  clock.advance(60_000);
  expect(attempts.waitS('10.0.0.1')).toBe(0);
});

test.each([
  ['10.0.0.1', '10.0.0.2', false],
  ['10.0.0.1', '::ffff:10.0.0.1', true],
  ['fd00::1', 'fd00:0:0:0:ffff::2', true],
  ['fd00::1', 'fd00:0:0:1::1', false],
  ['::1', '10.0.0.1', false],
])('%s and %s share a limit: %s', (one, other, shared) => {
  const attempts = new LoginAttempts(new FakeClock());
  for (let count = 0; count < 10; count += 1) attempts.fail(one);
  expect(attempts.waitS(other) > 0).toBe(shared);
});
