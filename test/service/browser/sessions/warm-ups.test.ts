import { expect, test } from 'vitest';
import type { InstalledApp } from '../../../../src/service/browser/apps/app-store.ts';
import { WarmUps } from '../../../../src/service/browser/sessions/warm-ups.ts';
import { RoundhouseError } from '../../../../src/service/errors.ts';
import { EventBus } from '../../../../src/service/events/events.ts';
import { settle } from '../../../support/fake-clock.ts';

function createWarmUps() {
  const bus = new EventBus();
  const events: unknown[] = [];
  bus.subscribe((event) => events.push(event));
  const errors: string[] = [];
  const starts: { id: string; ready: () => void; fail: () => void }[] = [];
  const completed: string[] = [];
  const warmUps = new WarmUps({
    bus,
    start: ({ appId }, { profile, isWarmUp, signal }) => {
      expect([profile, isWarmUp]).toEqual([null, true]);
      const { promise, resolve, reject } = Promise.withResolvers<{
        complete(reason: string): Promise<void>;
      }>();
      signal!.addEventListener('abort', () => reject(signal!.reason));
      starts.push({
        id: appId,
        ready: () => resolve({ complete: async () => void completed.push(appId) }),
        fail: () => reject(new RoundhouseError('too_many_sessions', 'all in use')),
      });
      return promise;
    },
    onError: (_error, what) => errors.push(what),
  });
  return { warmUps, events, errors, starts, completed };
}

const app = (appId: string) => ({ workspace: 'w', appId, manifest: {}, installedAt: 0 }) as InstalledApp;

test('apps are started one after another, and end when they are ready', async () => {
  const { warmUps, events, starts, completed } = createWarmUps();
  for (const id of ['a', 'b']) warmUps.begin(app(id));
  await settle();
  expect(starts.map(({ id }) => id)).toEqual(['a']);
  expect([warmUps.stateOf(app('a')), warmUps.stateOf(app('b')), warmUps.stateOf(app('c'))]).toEqual([
    { status: 'waiting', reason: null },
    { status: 'waiting', reason: null },
    null,
  ]);
  starts[0]!.ready();
  await settle();
  expect(completed).toEqual(['a']);
  expect(warmUps.stateOf(app('a'))).toEqual({ status: 'completed', reason: null });
  expect(events).toEqual([{ type: 'app_warmed', workspace: 'w', appId: 'a', succeeded: true }]);
  expect(starts.map(({ id }) => id)).toEqual(['a', 'b']);
});

test('a start that fails is logged and visible, and the next one follows', async () => {
  const { warmUps, events, errors, starts } = createWarmUps();
  for (const id of ['a', 'b']) warmUps.begin(app(id));
  await settle();
  starts[0]!.fail();
  await settle();
  expect(warmUps.stateOf(app('a'))).toEqual({ status: 'failed', reason: 'all in use' });
  expect(errors).toEqual(['the cache of the app "a" could not be warmed']);
  expect(events).toMatchObject([{ type: 'app_warmed', succeeded: false }]);
  expect(starts).toHaveLength(2);
});

test('a start ends with the installation that asked for it', async () => {
  const { warmUps, events, errors, starts } = createWarmUps();
  for (const id of ['a', 'b', 'c']) warmUps.begin(app(id));
  await settle();
  warmUps.cancel(app('a'));
  warmUps.begin(app('b'));
  await settle();
  expect(warmUps.stateOf(app('a'))).toBeNull();
  expect(starts.map(({ id }) => id)).toEqual(['a', 'c']);
  warmUps.stop();
  await settle();
  expect([starts.length, events, errors]).toEqual([2, [], []]);
});
