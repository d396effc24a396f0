import { cacheKey, type LoadingCache } from '../../library/cache/index.ts';
import type { AppKey } from '../browser/app-key.ts';
import type { BrowserApps } from '../browser/browser-apps.ts';
import { type ReadAnswer, toAnswer } from './answers.ts';
import type { WireApp, WireAppCache, WireAppDetails } from './schemas/apps.ts';
import type { WireSession } from './schemas/sessions.ts';
import { toWireApp, toWireAppCache, toWireAppDetails, toWireSession } from './views/apps.ts';

/** Traffic figures change without an event. */
const TTL_S = 2;

/** The reads about browser apps that are answered from the cache. */
export interface AppAnswers {
  /** All installed apps. */
  readonly apps: ReadAnswer<WireApp[]>;
  /** One app. */
  app(key: AppKey): ReadAnswer<WireAppDetails>;
  /** Figures of an app's cache. */
  cache(key: AppKey): ReadAnswer<WireAppCache>;
  /** All sessions. */
  readonly sessions: ReadAnswer<WireSession[]>;
  /** One session. */
  session(id: string): ReadAnswer<WireSession>;
}

/** @param cache not shared with other orchestrators, which have other apps */
export function createAppAnswers(cache: LoadingCache, browserApps: BrowserApps): AppAnswers {
  const { apps, caches, sessions } = browserApps;
  const cached = <T extends object>(key: string, read: () => T | Promise<T>): ReadAnswer<T> => {
    const load = async () => toAnswer(await read());
    return () => cache.read(key, load, { ttlS: TTL_S });
  };
  const liveOf = (key: AppKey) => sessions.ofApp(key).filter(({ isLive }) => isLive).length;
  return {
    apps: cached('apps:list', () =>
      apps.list().map((app) => toWireApp(app, liveOf(app), caches.traffic(app))),
    ),
    app: (key) =>
      cached(cacheKey('apps', 'one', key.workspace, key.appId), () =>
        toWireAppDetails(apps.require(key), liveOf(key), {
          warmUp: browserApps.warmUpOf(key),
          traffic: caches.traffic(key),
        }),
      ),
    cache: (key) =>
      cached(cacheKey('apps', 'cache', key.workspace, key.appId), async () =>
        toWireAppCache(await caches.stats(key)),
      ),
    sessions: cached('browser:sessions', () => sessions.list().map(toWireSession)),
    session: (id) => cached(cacheKey('browser', 'session', id), () => toWireSession(sessions.require(id))),
  };
}
