import { expect, test } from 'vitest';
import { type EndedSession, Restarts } from '../../../../src/service/browser/sessions/restarts.ts';
import { RoundhouseError } from '../../../../src/service/errors.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const AT = 1_700_000_000_000;

function createRestarts(fails = (_attempt: number) => false) {
  const clock = new FakeClock();
  const begin = clock.now();
  /** Seconds at which a start was tried. */
  const starts: number[] = [];
  const errors: unknown[] = [];
  const restarts = new Restarts({
    clock,
    start: async (_session, { restartOf, onCreated, signal }) => {
      signal!.throwIfAborted();
      starts.push((clock.now() - begin) / 1000);
      expect(restartOf).toBeDefined();
      if (fails(starts.length)) throw new RoundhouseError('too_many_sessions', 'all in use');
      onCreated!({ id: `restart-${starts.length}` });
    },
    onError: (error) => errors.push(error),
  });
  return { clock, starts, errors, restarts };
}

function crashed(id: string, change: Partial<EndedSession> & { max_restarts?: number } = {}): EndedSession {
  const { max_restarts = 3, ...more } = change;
  const app = { workspace: 'w', appId: 'a', manifest: { max_restarts }, installedAt: AT };
  return {
    ...{ id, app: app as EndedSession['app'], mode: 'record', profile: null },
    ...{ code: 'browser_crashed', readyAt: AT, endedAt: AT + 1000, ...more },
  };
}

test('a session that crashes again and again is started as often as permitted, each time later', async () => {
  const { clock, starts, restarts } = createRestarts();
  restarts.handleEnd(crashed('first'));
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    await clock.advanceAsync(100_000);
    restarts.handleEnd(crashed(`restart-${attempt}`));
  }
  await clock.advanceAsync(100_000);
  expect(starts).toEqual([1, 102, 204]);
  expect(clock.pending).toBe(0);
});

test('the count begins anew when a session has run for ten minutes', async () => {
  const { clock, starts, restarts } = createRestarts();
  restarts.handleEnd(crashed('first', { max_restarts: 1 }));
  await clock.advanceAsync(10_000);
  restarts.handleEnd(crashed('restart-1', { max_restarts: 1, endedAt: AT + 600_000 }));
  await clock.advanceAsync(10_000);
  restarts.handleEnd(crashed('restart-2', { max_restarts: 1 }));
  await clock.advanceAsync(100_000);
  expect(starts).toEqual([1, 11]);
});

test('starts that fail are tried again, up to the same number', async () => {
  const { clock, starts, errors, restarts } = createRestarts(() => true);
  restarts.handleEnd(crashed('first'));
  await clock.advanceAsync(1000_000);
  expect(starts).toEqual([1, 3, 7]);
  expect(errors).toHaveLength(3);
});

test.each([
  ['it has not crashed', { code: null }],
  ['its start has failed', { readyAt: null }],
  ['its script has failed', { code: 'script_failed' as const }],
  ['the manifest does not permit it', { max_restarts: 0 }],
])('a session is not started again if %s', async (_why, change) => {
  const { clock, starts, restarts } = createRestarts();
  restarts.handleEnd(crashed('first', change));
  await clock.advanceAsync(100_000);
  expect(starts).toEqual([]);
});

test('a restart that is cancelled does not happen', async () => {
  const { clock, starts, restarts } = createRestarts();
  restarts.handleEnd(crashed('one'));
  restarts.handleEnd(crashed('two'));
  restarts.handleEnd(crashed('three'));
  restarts.cancel('two');
  await clock.advanceAsync(1000);
  expect(starts).toEqual([1, 1]);
  restarts.handleEnd(crashed('four'));
  restarts.cancelAll();
  await clock.advanceAsync(100_000);
  expect(starts).toEqual([1, 1]);
});
