import type {
  Explanation,
  KeptPage,
  Lane,
  ListOptions,
  NamespaceStats,
  StoreUsage,
} from '../../../library/gateway/index.ts';
import type { Clock } from '../../../library/util/clock.ts';
import { RoundhouseError } from '../../errors.ts';
import { type AppKey, hashOf, namespaceOf } from '../apps/app-key.ts';
import type { AppStore, InstalledApp } from '../apps/app-store.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { GatewaySource, OpenGateway } from './gateway-source.ts';
import { type LaneSettings, planLane, rulesOf } from './lane-plan.ts';
import { StartTimes } from './start-times.ts';

/** Most URLs of one request to warm a cache. */
export const MAX_WARM_URLS = 1000;
const MAX_MISSES = 10_000;

/** What the cache of an app contains, and what it has done since the start of the service. */
export interface AppCacheStats {
  readonly entryCount: number;
  readonly totalSizeBytes: number;
  /** When the oldest and the newest response were stored, in milliseconds since the epoch; null if it is empty. */
  readonly oldestAt: number | null;
  readonly newestAt: number | null;
  /** Whether a session stores responses now. */
  readonly recording: boolean;
  readonly traffic: NamespaceStats;
  /** Patterns of the rules that apply, in their order, without those that exclude. */
  readonly rules: readonly string[];
  readonly starts: StartTimes;
  /** Responses that this process has removed to make room. */
  readonly evictions: number;
  /** Failed operations of the store, for all apps. */
  readonly storeErrors: number;
}

/** How long the usage that metrics show may be out of date before it is read again. */
const USAGE_LIFETIME_MS = 60_000;

/** What the caches work with. */
export interface AppCachesParts {
  readonly apps: AppStore;
  readonly sessions: Sessions;
  readonly gateway: GatewaySource;
  readonly laneSettings: (opened: OpenGateway) => LaneSettings;
  readonly clock: Clock;
}

/** The caches of the apps: one namespace of the gateway each. */
export class AppCaches {
  readonly #parts: AppCachesParts;
  readonly #starts = new Map<string, StartTimes>();
  #refreshing: Promise<unknown> = Promise.resolve();
  readonly #usages = new Map<string, { readAt: number; usage: StoreUsage | undefined }>();

  constructor(parts: AppCachesParts) {
    this.#parts = parts;
  }

  /** Figures of an app's cache. @throws RoundhouseError `app_not_found`, `app_cache_unavailable` */
  async stats(key: AppKey): Promise<AppCacheStats> {
    const { apps, sessions, laneSettings } = this.#parts;
    const { manifest } = apps.require(key);
    const opened = await this.#parts.gateway.open();
    const { gateway, stores } = opened;
    const namespace = namespaceOf(key);
    const usage = await this.#readUsage(key);
    return {
      entryCount: usage?.entries ?? 0,
      totalSizeBytes: usage?.bodyBytes ?? 0,
      oldestAt: usage?.oldestAt ?? null,
      newestAt: usage?.newestAt ?? null,
      recording: sessions.ofApp(key).some(({ laneMode }) => laneMode === 'record'),
      traffic: gateway.stats(namespace),
      rules: rulesOf(manifest, laneSettings(opened))
        .map(({ match }) => match)
        .filter((match) => !match.startsWith('!')),
      starts: this.startTimes(key),
      evictions: stores.evictionsOf(namespace),
      storeErrors: gateway.storeErrors,
    };
  }

  /**
   * What the cache of an app contained when that was last read, for metrics; null before. If it was used since the start
   * and last read long ago, it is read again in the background, one app after another.
   */
  lastUsage(key: AppKey): { entries: number; bodyBytes: number } | null {
    const { gateway, clock } = this.#parts;
    const last = this.#usages.get(hashOf(key));
    const isUsed = gateway.opened?.stores.has(namespaceOf(key)) ?? false;
    if (isUsed && (!last || clock.now() - last.readAt > USAGE_LIFETIME_MS)) {
      this.#usages.set(hashOf(key), { readAt: clock.now(), usage: last?.usage });
      // The store reports its own errors.
      this.#refreshing = this.#refreshing.then(() => this.#readUsage(key)).catch(() => {});
    }
    if (!last) return null;
    const { entries = 0, bodyBytes = 0 } = last.usage ?? {};
    return { entries, bodyBytes };
  }

  /** Requests and bytes of an app since the start of the service, from memory; undefined before any app starts. */
  traffic(key: AppKey): NamespaceStats | undefined {
    return this.#parts.gateway.opened?.gateway.stats(namespaceOf(key));
  }

  /** Durations of the starts of an app. */
  startTimes(key: AppKey): StartTimes {
    const hash = hashOf(key);
    let times = this.#starts.get(hash);
    if (!times) {
      times = new StartTimes();
      this.#starts.set(hash, times);
    }
    return times;
  }

  /** Lists stored responses. @throws RoundhouseError `app_not_found`, `app_cache_unavailable` */
  async entries(key: AppKey, options: ListOptions): Promise<KeptPage> {
    this.#parts.apps.require(key);
    return await withStore(async () => {
      const { gateway } = await this.#parts.gateway.open();
      return await gateway.list(namespaceOf(key), options);
    });
  }

  /** Says which rule applies to a URL, and what became of the latest request for it. */
  async explain(key: AppKey, url: string): Promise<Explanation> {
    const app = this.#parts.apps.require(key);
    const live = this.#parts.sessions.ofApp(key).findLast(({ laneMode }) => laneMode !== undefined);
    const explanation = live?.explain(url);
    if (explanation) return explanation;
    return await this.#withLane(app, async (lane) => lane.explain(url));
  }

  /**
   * Removes the stored responses whose URL matches.
   * @returns their number
   * @throws RoundhouseError `app_not_found`, `app_cache_unavailable`
   */
  async clear(key: AppKey, match = '*'): Promise<number> {
    this.#parts.apps.require(key);
    return await this.clearStored(key, match);
  }

  /** As {@link clear}, also for an app that has been uninstalled. @throws RoundhouseError `app_cache_unavailable` */
  async clearStored(key: AppKey, match: string): Promise<number> {
    const { gateway, sessions } = this.#parts;
    const deleted = await withStore(async () => {
      const opened = await gateway.open();
      const matching = await opened.gateway.clearMatching(namespaceOf(key), match);
      // Responses whose request is in progress, which the list does not contain yet.
      if (match === '*') await opened.gateway.clear(namespaceOf(key));
      return matching;
    });
    this.#usages.delete(hashOf(key));
    await Promise.all(sessions.ofApp(key).map((session) => session.clearBrowserCache()));
    return deleted;
  }

  /**
   * Requests URLs, so that their responses are stored.
   * @returns the URLs that failed
   * @throws RoundhouseError `invalid_request` if the rules of the app do not select a URL
   */
  async warm(key: AppKey, urls: readonly string[]): Promise<string[]> {
    const app = this.#parts.apps.require(key);
    return await this.#withLane(app, async (lane) => {
      const other = urls.find((url) => lane.explain(url).rule === undefined);
      if (other !== undefined)
        throw new RoundhouseError(
          'invalid_request',
          `No rule of the app selects the URL ${JSON.stringify(other)}`,
        );
      return await lane.warm(urls);
    });
  }

  /** URLs that were missing in sessions in the mode `offline`. @throws RoundhouseError `app_not_found` */
  misses(key: AppKey): string[] {
    this.#parts.apps.require(key);
    const urls = this.#parts.sessions.ofApp(key).flatMap((session) => session.misses);
    return [...new Set(urls)].slice(0, MAX_MISSES);
  }

  /** Removes everything about an app that is being uninstalled. @returns the number of removed responses */
  async drop(key: AppKey): Promise<number> {
    const deleted = await this.clearStored(key, '*');
    const { stores } = await this.#parts.gateway.open();
    await stores.remove(namespaceOf(key));
    this.#starts.delete(hashOf(key));
    return deleted;
  }

  async #readUsage(key: AppKey): Promise<StoreUsage | undefined> {
    const { gateway, clock } = this.#parts;
    return await withStore(async () => {
      const { stores } = await gateway.open();
      const usage = await stores.usageOf(namespaceOf(key));
      this.#usages.set(hashOf(key), { readAt: clock.now(), usage });
      return usage;
    });
  }

  async #withLane<T>(app: InstalledApp, use: (lane: Lane) => Promise<T>) {
    const { gateway, laneSettings } = this.#parts;
    const opened = await gateway.open();
    const options = planLane(app, app.manifest, undefined, laneSettings(opened));
    await using lane = await opened.gateway.openLane(options);
    return await use(lane);
  }
}

/** @throws RoundhouseError `app_cache_unavailable` for an error of the store, `invalid_request` for a wrong cursor */
async function withStore<T>(use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (cause) {
    if (cause instanceof RoundhouseError) throw cause;
    const { message } = cause as Error;
    if (cause instanceof RangeError) throw new RoundhouseError('invalid_request', message);
    throw new RoundhouseError('app_cache_unavailable', `The cache of the app cannot be used: ${message}`, {
      cause,
    });
  }
}
