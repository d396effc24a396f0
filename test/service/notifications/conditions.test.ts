import { describe, expect, test } from 'vitest';
import { type Condition, Conditions } from '../../../src/service/notifications/conditions.ts';

const QUIET_MS = 300_000;

function vpn(failing: boolean | null, afterMs = 0): Condition {
  return {
    key: 'vpn:a',
    type: 'vpn',
    level: 'error',
    isShared: true,
    failing,
    afterMs,
    failed: { title: 'down', message: 'Look.' },
    recovered: 'up',
  };
}

function conditions() {
  const created = new Conditions(() => QUIET_MS);
  return {
    created,
    at: (now: number, failing: boolean | null, options: { afterMs?: number; mayReport?: boolean } = {}) =>
      created.evaluate(vpn(failing, options.afterMs), now, options.mayReport ?? true),
  };
}

describe('a condition', () => {
  test('is reported once when it fails, and once when it is over', () => {
    const { at } = conditions();
    expect(at(0, null)).toBeNull();
    expect(at(0, false)).toBeNull();
    expect(at(1000, true)).toMatchObject({ title: 'down', message: 'Look.', level: 'error' });
    expect(at(2000, true)).toBeNull();
    expect(at(61_000, false)).toMatchObject({
      title: 'up',
      resolved: true,
      message: 'It was over after 60 s.',
    });
    expect(at(62_000, false)).toBeNull();
  });

  test('that fails again right after its end is reported after the quiet time, with the number of failures', () => {
    const { at } = conditions();
    at(0, true);
    at(1000, false);
    for (const now of [2000, 4000, 6000]) {
      expect(at(now, true)).toBeNull();
      if (now < 6000) expect(at(now + 1000, false)).toBeNull();
    }
    expect(at(QUIET_MS, true)).toBeNull();
    expect(at(QUIET_MS + 1000, true)).toMatchObject({
      count: 3,
      message: 'Look. It has failed 3 times since it last recovered.',
    });
  });

  test('that failed and recovered in the quiet time is reported once, at its end', () => {
    const { at } = conditions();
    at(0, true);
    at(1000, false);
    at(2000, true);
    at(3000, false);
    expect(at(QUIET_MS, false)).toBeNull();
    expect(at(QUIET_MS + 1000, false)).toMatchObject({ resolved: true, message: /failed once meanwhile/ });
    expect(at(QUIET_MS + 2000, false)).toBeNull();
  });

  test('is not reported before it has lasted', () => {
    const { at } = conditions();
    const afterMs = 5000;
    expect(at(0, true, { afterMs })).toBeNull();
    expect(at(4000, false, { afterMs })).toBeNull();
    expect(at(6000, true, { afterMs })).toBeNull();
    expect(at(11_000, true, { afterMs })).toMatchObject({ title: 'down', count: 1 });
  });

  test('is reported by a new leader only if the former one has not', () => {
    const former = conditions();
    const follower = conditions();
    const mayReport = false;
    expect(follower.at(0, true, { mayReport })).toBeNull();
    former.at(0, true);
    follower.created.adopt(former.created.reported);
    expect(follower.at(1000, true)).toBeNull();
    expect(follower.at(2000, false)).toMatchObject({ title: 'up' });

    const other = conditions();
    other.at(0, true, { mayReport });
    other.created.adopt({});
    expect(other.at(1000, true)).toMatchObject({ title: 'down' });
  });

  test('a follower reports nothing about what was over before it led', () => {
    const { at } = conditions();
    at(0, true, { mayReport: false });
    at(1000, false, { mayReport: false });
    expect(at(2000, false)).toBeNull();
  });

  test('continues after a restart', () => {
    const before = conditions();
    before.at(1000, true);
    const after = conditions();
    after.created.adopt(JSON.parse(JSON.stringify(before.created.reported)));
    expect(after.at(5000, null)).toBeNull();
    expect(after.at(6000, true)).toBeNull();
    expect(after.at(121_000, false)).toMatchObject({ message: 'It was over after 2 min.' });
  });
});
