import type { Clock } from '../../library/cache/index.ts';
import type { NamespaceStats } from '../../library/gateway/index.ts';
import { RoundhouseError } from '../errors.ts';
import type { EventBus } from '../events/events.ts';
import { AppCaches } from './app-caches.ts';
import { type AppKey, hashOf, idFromName, namespaceOf } from './app-key.ts';
import { AppStore, type InstalledApp } from './app-store.ts';
import { BrowserPool } from './browser-pool.ts';
import { findChromium } from './chromium.ts';
import { type GatewaySettings, GatewaySource, type OpenGateway } from './gateway-source.ts';
import { entryUrlOf, type LaneSettings, planLane } from './lane-plan.ts';
import { type LaunchSettings, launchChromium } from './launch.ts';
import { parseInstallRequest } from './manifest.ts';
import type { SessionMode } from './manifest-schema.ts';
import { openApp } from './open-app.ts';
import { Profiles } from './profiles.ts';
import { SESSION_STATUSES, Session, type SessionStatus } from './session.ts';
import { Sessions } from './sessions.ts';
import { Slots } from './slots.ts';

const DEFAULT_START_TIMEOUT_S = 60;

/** What browser apps are created with. */
export interface BrowserAppsOptions {
  readonly dataDir: string;
  readonly bus: EventBus;
  readonly clock: Clock;
  readonly launch: LaunchSettings;
  readonly gateway: GatewaySettings;
  readonly lanes: Omit<LaneSettings, 'pythonRules'>;
  /** BROWSER_MAX_SESSIONS. */
  readonly maxSessions: number;
  /** BROWSER_QUEUE_TIMEOUT_S. */
  readonly queueTimeoutS: number;
  /** BROWSER_EXECUTE. */
  readonly allowExecute: boolean;
  /** Called for errors that no caller gets. */
  readonly onError: (error: unknown, what: string) => void;
}

/** Figures for metrics. */
export interface BrowserFigures {
  readonly apps: number;
  readonly sessions: Readonly<Record<SessionStatus, number>>;
  /** Starts that wait for a place. */
  readonly waiting: number;
  /** Running Chromium processes, without their children. */
  readonly browsers: number;
  /** Requests and bytes of all installed apps since the start. */
  readonly cache: Readonly<
    Record<'hits' | 'misses' | 'bypasses' | 'bytesToBrowser' | 'bytesFromUpstream' | 'bytesSaved', number>
  >;
  readonly storeErrors: number;
  readonly storeBytes: number;
}

/** How a session is started. */
export interface StartOptions {
  /** Default `record`. */
  readonly mode?: SessionMode;
  /** Default: that of the manifest, else 60. */
  readonly timeoutS?: number;
  /** Name of the profile. Default: that of the manifest. */
  readonly profile?: string;
}

/** Installs apps and runs them in Chromium. Nothing is loaded or started before the first session. */
export class BrowserApps {
  readonly apps: AppStore;
  readonly sessions = new Sessions();
  readonly caches: AppCaches;
  readonly profiles: Profiles;
  readonly #options: BrowserAppsOptions;
  readonly #gateway: GatewaySource;
  readonly #pool: BrowserPool;
  readonly #slots: Slots;
  readonly #closed = new AbortController();
  /** Installations and removals, one after another: two of one app must not be mixed. */
  #changing: Promise<unknown> = Promise.resolve();
  /** Starts of singletons, by app. */
  readonly #startingSingletons = new Map<string, Promise<Session>>();

  constructor(options: BrowserAppsOptions) {
    const { dataDir, clock, launch, maxSessions, onError } = options;
    this.#options = options;
    this.apps = new AppStore(dataDir, (error) => onError(error, 'could not read an installed app'));
    this.#gateway = new GatewaySource(options.gateway);
    this.#pool = new BrowserPool(async () => {
      const { gateway } = await this.#gateway.open();
      return await launchChromium(launch, gateway.launchOptions.args);
    });
    this.#slots = new Slots(maxSessions, clock);
    this.profiles = new Profiles(dataDir, (error) =>
      onError(error, 'an operation on a browser profile failed'),
    );
    this.caches = new AppCaches({
      apps: this.apps,
      sessions: this.sessions,
      gateway: this.#gateway,
      laneSettings: (opened) => this.#laneSettings(opened),
    });
  }

  /** Reads the apps of the previous run. */
  restore(): Promise<void> {
    return this.apps.load();
  }

  /** @throws RoundhouseError `browser_unavailable`, with the command that installs Chromium */
  assertAvailable(): void {
    findChromium(this.#options.launch.chromiumPath);
  }

  /** Figures of an app's cache. {@inheritDoc AppCaches.stats} */
  getAppCacheStats(workspace: string, appId: string) {
    return this.caches.stats({ workspace, appId });
  }

  /** Clears an app's cache. {@inheritDoc AppCaches.clear} */
  clearAppCache(workspace: string, appId: string): Promise<number> {
    return this.clearCache({ workspace, appId });
  }

  /**
   * Installs an app.
   * @param body of `POST /apps`
   * @throws RoundhouseError `invalid_manifest`, `app_exists`, `app_not_stored`
   */
  async install(body: unknown): Promise<InstalledApp> {
    const { workspace, app_id: id, manifest, source, files, overwrite = false } = parseInstallRequest(body);
    const app = { workspace, appId: id ?? idFromName(manifest.name), manifest, installedAt: Date.now() };
    await this.#change(async () => {
      if (this.apps.has(app) && !overwrite)
        throw new RoundhouseError(
          'app_exists',
          `The app ${JSON.stringify(app.appId)} is installed already: send "overwrite": true to replace it, or another "app_id"`,
        );
      await this.apps.put(app, { source, files });
    });
    this.#options.bus.publish({ type: 'app_installed', workspace, appId: app.appId });
    return app;
  }

  /**
   * Ends the sessions of an app, clears its cache and removes it.
   * @throws RoundhouseError `app_not_found`, `app_not_stored`
   */
  async uninstall(key: AppKey): Promise<{ deletedEntries: number; stoppedSessions: number }> {
    const result = await this.#change(async () => {
      this.apps.require(key);
      const live = this.sessions.ofApp(key).filter(({ isLive }) => isLive);
      await Promise.all(live.map((session) => session.stop('the app was uninstalled')));
      const deletedEntries = await this.caches.drop(key);
      await this.apps.delete(key);
      for (const { id } of this.sessions.ofApp(key)) this.sessions.remove(id);
      return { deletedEntries, stoppedSessions: live.length };
    });
    this.#options.bus.publish({ type: 'app_uninstalled', workspace: key.workspace, appId: key.appId });
    return result;
  }

  /** Removes the responses whose URL matches a pattern. {@inheritDoc AppCaches.clear} */
  async clearCache(key: AppKey, match?: string): Promise<number> {
    const deleted = await this.caches.clear(key, match);
    const { workspace, appId } = key;
    this.#options.bus.publish({ type: 'app_cache_cleared', workspace, appId });
    return deleted;
  }

  /**
   * Starts an app and waits until it is ready.
   * @returns the session, and whether it was running already, as that of a singleton
   * @throws RoundhouseError `app_not_found`, `browser_unavailable`, `too_many_sessions`, `app_start_failed`
   */
  async start(key: AppKey, options: StartOptions = {}): Promise<{ session: Session; isNew: boolean }> {
    this.assertAvailable();
    const app = this.apps.require(key);
    if (!app.manifest.singleton) return { session: await this.#start(app, options), isNew: true };
    const hash = hashOf(key);
    const running = this.sessions.ofApp(key).find(({ status }) => status === 'running');
    const starting = this.#startingSingletons.get(hash);
    if (running || starting) return { session: running ?? (await starting!), isNew: false };
    const start = this.#start(app, options).finally(() => this.#startingSingletons.delete(hash));
    this.#startingSingletons.set(hash, start);
    return { session: await start, isNew: true };
  }

  /** Ends a session, or removes one that has ended from the list. @throws RoundhouseError `session_not_found` */
  async stop(id: string): Promise<Session> {
    const session = this.sessions.require(id);
    if (session.isLive) {
      await session.stop();
      return session;
    }
    this.sessions.remove(id);
    this.#publish(session);
    return session;
  }

  /** Figures for metrics, from memory. */
  figures(): BrowserFigures {
    const sessions = Object.fromEntries(SESSION_STATUSES.map((status) => [status, 0])) as Record<
      SessionStatus,
      number
    >;
    for (const { status } of this.sessions.list()) sessions[status] += 1;
    const cache = { hits: 0, misses: 0, bypasses: 0, bytesToBrowser: 0, bytesFromUpstream: 0, bytesSaved: 0 };
    const gateway = this.#gateway.opened?.gateway;
    for (const app of gateway ? this.apps.list() : []) {
      const traffic = gateway!.stats(namespaceOf(app));
      for (const name of Object.keys(cache) as (keyof typeof cache)[]) cache[name] += traffic[name];
    }
    return {
      apps: this.apps.size,
      sessions,
      waiting: this.#slots.waiting,
      browsers: this.#pool.size,
      cache,
      storeErrors: gateway?.storeErrors ?? 0,
      storeBytes: this.#gateway.opened?.store.stats().bytes ?? 0,
    };
  }

  /** Requests and bytes of each app since the start, by the namespace of its cache. From memory. */
  traffic(): Map<string, NamespaceStats> {
    const gateway = this.#gateway.opened?.gateway;
    const namespaces = gateway ? this.apps.list().map(namespaceOf) : [];
    return new Map(namespaces.map((namespace) => [namespace, gateway!.stats(namespace)]));
  }

  /** Ends all sessions and Chromium, and closes the caches. */
  async close(): Promise<void> {
    this.#closed.abort(new RoundhouseError('app_start_failed', 'The service is stopping'));
    await Promise.all(
      this.sessions.list().map((session) => session.isLive && session.stop('the service stopped')),
    );
    await this.#pool.settled();
    await Promise.all([this.#gateway.close(), this.profiles.close()]);
  }

  async #start(app: InstalledApp, options: StartOptions): Promise<Session> {
    const { mode = 'record', timeoutS, profile = app.manifest.profile ?? null } = options;
    const { clock, launch, queueTimeoutS, onError } = this.#options;
    const { manifest } = app;
    const free = await this.#slots.take(queueTimeoutS * 1000, this.#closed.signal);
    try {
      const code = await this.apps.readCode(app);
      this.#closed.signal.throwIfAborted();
      const session = new Session({
        app,
        mode,
        profile,
        clock,
        entry: entryUrlOf(app, manifest),
        allowExecute: this.#options.allowExecute,
        onChange: (changed) => {
          this.#publish(changed);
          if (!changed.isLive) free();
        },
      });
      this.sessions.add(session);
      this.#publish(session);
      const timeoutMs = (timeoutS ?? manifest.startup_config?.timeout ?? DEFAULT_START_TIMEOUT_S) * 1000;
      await session.start(async () => {
        const opened = await this.#gateway.open();
        return await openApp({
          gateway: opened.gateway,
          pool: this.#pool,
          workspace: app.workspace,
          manifest,
          lane: planLane(app, manifest, code, this.#laneSettings(opened)),
          mode: manifest.enable_cache === false ? 'off' : mode === 'record-start' ? 'record' : mode,
          profile,
          profiles: this.profiles,
          launch,
          clock,
          onError: (error) => onError(error, 'a browser profile was not saved'),
        });
      }, timeoutMs);
      const { hits = 0, misses = 0 } = session.traffic ?? {};
      this.caches.startTimes(app).add(hits > 0 && misses === 0, session.startMs ?? 0);
      return session;
    } catch (error) {
      free();
      throw error;
    }
  }

  #laneSettings({ pythonRules }: OpenGateway): LaneSettings {
    return { ...this.#options.lanes, pythonRules };
  }

  #publish({ id, app, status }: Session): void {
    const { workspace, appId } = app;
    this.#options.bus.publish({ type: 'session_changed', sessionId: id, workspace, appId, status });
  }

  async #change<T>(change: () => Promise<T>): Promise<T> {
    const changed = this.#changing.then(change);
    this.#changing = changed.catch(() => {});
    return await changed;
  }
}
