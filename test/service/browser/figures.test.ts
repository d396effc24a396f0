import { expect, test } from 'vitest';
import { hashOf } from '../../../src/service/browser/apps/app-key.ts';
import { type FigureSources, readFigures } from '../../../src/service/browser/figures.ts';

const TRAFFIC = {
  requests: 6,
  hits: 3,
  misses: 2,
  bypasses: 1,
  bytesToBrowser: 30,
  bytesFromUpstream: 20,
  bytesSaved: 10,
};

/** As many installed apps as `count`, with as many running sessions of each as `sessionsEach`. */
function read(count: number, sessionsEach: number) {
  const apps = Array.from({ length: count }, (_, index) => ({ workspace: 'w', appId: `app-${index}` }));
  const sessions = apps.flatMap((app) =>
    Array.from({ length: sessionsEach }, (_, index) => ({
      id: `${app.appId}-${index}`,
      app,
      status: 'running',
      isLive: true,
      traffic: TRAFFIC,
      memoryBytes: null,
    })),
  );
  const starts = { cold: { count: 1, totalMs: 2500 }, warm: { count: 2, totalMs: 1000 } };
  // The usage of the first app has not been read yet.
  const lastUsage = (app: (typeof apps)[number]) =>
    hashOf(app) === hashOf(apps[0]!) ? null : { entries: 4, bodyBytes: 400 };
  return readFigures({
    apps: { list: () => apps },
    sessions: { list: () => sessions },
    caches: { startTimes: () => starts, lastUsage },
    gateway: {
      opened: {
        gateway: { stats: () => ({ ...TRAFFIC, bypassReasons: { method: 1 } }), storeErrors: 0 },
        stores: { evictions: 0 },
      },
    },
    waiting: 0,
    browsers: 1,
    cluster: null,
  } as unknown as FigureSources);
}

test('100 apps and sessions have figures of their own', () => {
  const { byApp, bySession } = read(100, 1);
  expect(byApp.map(({ appId }) => appId)).toEqual(Array.from({ length: 100 }, (_, index) => `app-${index}`));
  expect([byApp[0]!.usage, byApp[99]!.usage]).toEqual([null, { entries: 4, bodyBytes: 400 }]);
  expect(bySession).toHaveLength(100);
});

test('further apps are summed, further sessions are counted by their app, and the totals contain all', () => {
  const figures = read(250, 2);
  expect(figures.byApp).toHaveLength(101);
  expect(figures.byApp[99]).toMatchObject({ workspace: 'w', appId: 'app-99', liveSessions: 2 });
  expect(figures.byApp[100]).toEqual({
    workspace: '(other)',
    appId: '(other)',
    traffic: {
      hits: 450,
      misses: 300,
      bypasses: 150,
      bytesToBrowser: 4500,
      bytesFromUpstream: 3000,
      bytesSaved: 1500,
    },
    liveSessions: 300,
    starts: { cold: { count: 150, totalMs: 375_000 }, warm: { count: 300, totalMs: 150_000 } },
    usage: { entries: 600, bodyBytes: 60_000 },
  });
  expect(figures.bySession).toHaveLength(100);
  expect([figures.apps, figures.sessions.running, figures.cache.hits]).toEqual([250, 500, 750]);
  expect(figures.bypasses).toEqual({ method: 250 });
});
