import type { Clock } from '../../library/cache/index.ts';
import type { NamespaceStats } from '../../library/gateway/index.ts';
import { RoundhouseError } from '../errors.ts';
import type { EventBus } from '../events/events.ts';
import { type AppCacheStats, AppCaches } from './app-caches.ts';
import { type AppKey, hashOf, idFromName, namespaceOf } from './app-key.ts';
import { AppStore, type InstalledApp } from './app-store.ts';
import { findChromium } from './chromium.ts';
import { type BrowserFigures, readFigures } from './figures.ts';
import { type GatewaySettings, GatewaySource, type OpenGateway } from './gateway-source.ts';
import type { LaneSettings } from './lane-plan.ts';
import type { LaunchSettings } from './launch.ts';
import { parseInstallRequest } from './manifest.ts';
import { Profiles } from './profiles.ts';
import { Restarts } from './restarts.ts';
import type { Session } from './session.ts';
import { SessionStarter, type StartOptions } from './session-starter.ts';
import { Sessions } from './sessions.ts';
import { WarmUps } from './warm-ups.ts';

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

/** Installs apps and runs them in Chromium. Nothing is loaded or started before the first session. */
export class BrowserApps {
  readonly apps: AppStore;
  readonly sessions = new Sessions();
  readonly caches: AppCaches;
  readonly profiles: Profiles;
  readonly #options: BrowserAppsOptions;
  readonly #gateway: GatewaySource;
  readonly #starter: SessionStarter;
  readonly #warmUps: WarmUps;
  readonly #restarts: Restarts;
  /** Installations and removals, one after another: two of one app must not be mixed. */
  #changing: Promise<unknown> = Promise.resolve();
  /** Starts of singletons, by app. */
  readonly #startingSingletons = new Map<string, Promise<Session>>();

  constructor(options: BrowserAppsOptions) {
    const { dataDir, bus, clock, launch, maxSessions, queueTimeoutS, allowExecute, onError } = options;
    this.#options = options;
    this.apps = new AppStore(dataDir, (error) => onError(error, 'could not read an installed app'));
    this.#gateway = new GatewaySource(options.gateway);
    this.profiles = new Profiles(dataDir, (error) =>
      onError(error, 'an operation on a browser profile failed'),
    );
    const laneSettings = ({ pythonRules }: OpenGateway) => ({ ...options.lanes, pythonRules });
    const { apps, sessions, profiles } = this;
    const gateway = this.#gateway;
    this.caches = new AppCaches({ apps, sessions, gateway, laneSettings, clock });
    this.#starter = new SessionStarter({
      ...{ apps, sessions, profiles, gateway, caches: this.caches, laneSettings },
      ...{ launch, clock, maxSessions, queueTimeoutS, allowExecute, onError },
      onChange: (session) => {
        this.#publish(session);
        if (!session.isLive) this.#restarts.handleEnd(session);
      },
    });
    const start = this.#starter.start.bind(this.#starter);
    this.#warmUps = new WarmUps({ bus, start, onError });
    this.#restarts = new Restarts({ clock, start: ({ app }, restart) => this.start(app, restart), onError });
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
  getAppCacheStats(workspace: string, appId: string): Promise<AppCacheStats> {
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
    const replaced = this.apps.has(app) ? this.apps.require(app) : null;
    await this.#change(async () => {
      if (this.apps.has(app) && !overwrite)
        throw new RoundhouseError(
          'app_exists',
          `The app ${JSON.stringify(app.appId)} is installed already: send "overwrite": true to replace it, or another "app_id"`,
        );
      await this.apps.put(app, { source, files });
      this.#warmUps.cancel(app);
      if (manifest.warm) this.#warmUps.begin(app);
    });
    this.#options.bus.publish({
      type: 'app_installed',
      workspace,
      appId: app.appId,
      version: manifest.version ?? null,
      ...(replaced && { formerVersion: replaced.manifest.version ?? null }),
    });
    return app;
  }

  /**
   * Ends the sessions of an app, clears its cache and removes it.
   * @throws RoundhouseError `app_not_found`, `app_not_stored`
   */
  async uninstall(key: AppKey): Promise<{ deletedEntries: number; stoppedSessions: number }> {
    const result = await this.#change(async () => {
      this.apps.require(key);
      this.#warmUps.cancel(key);
      for (const { id } of this.sessions.ofApp(key)) this.#restarts.cancel(id);
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
    if (!app.manifest.singleton) return { session: await this.#starter.start(app, options), isNew: true };
    const hash = hashOf(key);
    const running = this.sessions
      .ofApp(key)
      .find(({ status, isWarmUp }) => status === 'running' && !isWarmUp);
    const starting = this.#startingSingletons.get(hash);
    if (running || starting) return { session: running ?? (await starting!), isNew: false };
    const start = this.#starter.start(app, options).finally(() => this.#startingSingletons.delete(hash));
    this.#startingSingletons.set(hash, start);
    return { session: await start, isNew: true };
  }

  /** State of the start that fills the cache of an app after its installation; null if there was none. */
  warmUpOf(key: AppKey) {
    return this.#warmUps.stateOf(key);
  }

  /** Ends a session, or removes one that has ended from the list. @throws RoundhouseError `session_not_found` */
  async stop(id: string): Promise<Session> {
    const session = this.sessions.require(id);
    if (session.isLive) {
      await session.stop();
      return session;
    }
    this.#restarts.cancel(id);
    this.sessions.remove(id);
    this.#publish(session);
    return session;
  }

  /** Figures for metrics, from memory. */
  figures(): BrowserFigures {
    const { apps, sessions, caches } = this;
    const { waiting, browsers } = this.#starter;
    return readFigures({ apps, sessions, caches, gateway: this.#gateway, waiting, browsers });
  }

  /** Requests and bytes of each app since the start, by the namespace of its cache. From memory. */
  traffic(): Map<string, NamespaceStats> {
    const entries = this.apps.list().map((app) => [namespaceOf(app), this.caches.traffic(app)] as const);
    return new Map(entries.filter((entry): entry is [string, NamespaceStats] => entry[1] !== undefined));
  }

  /** Ends all sessions and Chromium, and closes the caches. */
  async close(): Promise<void> {
    this.#restarts.cancelAll();
    this.#warmUps.stop();
    this.#starter.stop();
    await Promise.all(
      this.sessions.list().map((session) => session.isLive && session.stop('the service stopped')),
    );
    await this.#starter.settled();
    await Promise.all([this.#gateway.close(), this.profiles.close()]);
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
