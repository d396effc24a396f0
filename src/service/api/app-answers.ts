import { cacheKey, type LoadingCache } from '../../library/cache/index.ts';
import type { AppKey } from '../browser/apps/app-key.ts';
import type { BrowserApps } from '../browser/browser-apps.ts';
import { RoundhouseError } from '../errors.ts';
import { type ReadAnswer, toAnswer } from './answers.ts';
import type { WireApp, WireAppCache, WireAppDetails } from './schemas/apps.ts';
import type { WireProfileSummary } from './schemas/profiles.ts';
import type { WireSession, WireTraffic } from './schemas/sessions.ts';
import { toWireApp, toWireAppCache, toWireAppDetails, toWireSession, toWireTraffic } from './views/apps.ts';
import { toWireSummary } from './views/profiles.ts';

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
  /** Requests and bytes of a session. */
  traffic(id: string): ReadAnswer<WireTraffic>;
  /** All profiles. */
  readonly profiles: ReadAnswer<WireProfileSummary[]>;
}

/** @param cache not shared with other orchestrators: some figures are those of this one */
export function createAppAnswers(cache: LoadingCache, browserApps: BrowserApps): AppAnswers {
  const { apps, caches, sessions, profiles } = browserApps;
  const cached = <T extends object>(key: string, read: () => T | Promise<T>): ReadAnswer<T> => {
    const load = async () => toAnswer(await read());
    return () => cache.read(key, load, { ttlS: TTL_S });
  };
  const liveOf = (key: AppKey) => browserApps.countLive(key);
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
        toWireAppCache(await browserApps.getAppCacheStats(key.workspace, key.appId)),
      ),
    sessions: cached('browser:sessions', () => browserApps.listSessions().map(toWireSession)),
    session: (id) =>
      cached(cacheKey('browser', 'session', id), () => toWireSession(browserApps.requireSession(id))),
    traffic: (id) =>
      cached(cacheKey('browser', 'traffic', id), () => {
        const { traffic, status } = sessions.require(id);
        if (traffic) return toWireTraffic(traffic);
        throw new RoundhouseError('session_not_running', `The session is ${status}, without any requests`);
      }),
    profiles: cached('profiles:list', async () => {
      const keys = await profiles.list();
      // A profile that is deleted meanwhile has no versions.
      const versions = await Promise.all(keys.map((key) => profiles.versions(key).catch(() => [])));
      return keys.flatMap((key, index) => toWireSummary(key, versions[index]!));
    }),
  };
}
