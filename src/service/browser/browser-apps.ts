import type { Clock } from '../../library/cache/index.ts';
import type { NamespaceStats } from '../../library/gateway/index.ts';
import type { EventBus } from '../events/events.ts';
import { type AppKey, hashOf, idFromName, namespaceOf } from './apps/app-key.ts';
import { AppStore, type InstalledApp } from './apps/app-store.ts';
import { parseInstallRequest } from './apps/manifest.ts';
import { type AppCacheStats, AppCaches } from './cache/app-caches.ts';
import { type GatewaySettings, GatewaySource, type OpenGateway } from './cache/gateway-source.ts';
import type { LaneSettings } from './cache/lane-plan.ts';
import { findChromium } from './chromium/chromium.ts';
import type { LaunchSettings } from './chromium/launch.ts';
import type { AppCluster } from './cluster/app-cluster.ts';
import type { ClusterCommand, CommandResult } from './cluster/command-log.ts';
import { isLive, type SessionSummary, summarize } from './cluster/session-summary.ts';
import { type BrowserFigures, readFigures } from './figures.ts';
import { Profiles } from './profiles.ts';
import { Restarts } from './sessions/restarts.ts';
import type { Session } from './sessions/session.ts';
import { SessionStarter, type StartOptions, startTimeoutMs } from './sessions/session-starter.ts';
import { Sessions } from './sessions/sessions.ts';
import { WarmUps } from './sessions/warm-ups.ts';

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
  readonly #startingSingletons = new Map<string, Promise<{ session: SessionSummary }>>();
  #cluster: AppCluster | undefined;

  constructor(options: BrowserAppsOptions) {
    const { dataDir, bus, clock, launch, maxSessions, queueTimeoutS, allowExecute, onError } = options;
    this.#options = options;
    this.apps = new AppStore(dataDir, (error) => onError(error, 'could not read an installed app'));
    this.#gateway = new GatewaySource(options.gateway);
    this.profiles = new Profiles(
      dataDir,
      (error) => onError(error, 'an operation on a browser profile failed'),
      ({ user, session: profile }, change) => bus.publish({ type: 'profile_changed', user, profile, change }),
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
        if (session.isLive) return;
        if (session.app.manifest.singleton && !session.isWarmUp) this.#cluster?.release(session.app);
        this.#restarts.handleEnd(session);
      },
    });
    const start = this.#starter.start.bind(this.#starter);
    this.#warmUps = new WarmUps({ bus, start, onError });
    this.#restarts = new Restarts({ clock, start: ({ app }, restart) => this.start(app, restart), onError });
  }

  /** Shares apps and sessions with other orchestrators. */
  join(cluster: AppCluster): void {
    this.#cluster = cluster;
  }

  /** Reads the apps of the previous run, and removes what it has left behind. */
  async restore(): Promise<void> {
    await this.profiles.removeLeftovers();
    await this.apps.load();
  }

  /** @throws RoundhouseError `browser_unavailable`, with the command that installs Chromium */
  assertAvailable(): void {
    findChromium(this.#options.launch.chromiumPath);
  }

  /** Figures of an app's cache. {@inheritDoc AppCaches.stats} */
  getAppCacheStats(workspace: string, appId: string): Promise<AppCacheStats> {
    return this.caches.stats({ workspace, appId });
  }

  /**
   * Removes the stored responses of an app whose URL matches a pattern, on all orchestrators.
   * @returns how many there were, and how many orchestrators have not confirmed it yet
   * @throws RoundhouseError `app_not_found`, `app_cache_unavailable`, `cluster_unavailable`
   */
  async clearAppCache(
    workspace: string,
    appId: string,
    match = '*',
  ): Promise<{ deletedEntries: number; pending: number }> {
    const key = { workspace, appId };
    const deletedEntries = await this.caches.clear(key, match);
    this.#publishCleared(key);
    const others = await this.#cluster?.run({ kind: 'clear', match, ...key });
    return sumOf({ deletedEntries, stoppedSessions: 0 }, others);
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
      await this.apps.put(app, { source, files }, overwrite);
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
   * Ends the sessions of an app, clears its cache and removes it, on all orchestrators.
   * @throws RoundhouseError `app_not_found`, `app_not_stored`, `cluster_unavailable`
   */
  async uninstall(key: AppKey): Promise<CommandResult & { pending: number }> {
    const result = await this.#change(async () => {
      this.apps.require(key);
      const own = await this.#remove(key);
      const others = await this.#cluster?.run({ kind: 'uninstall', match: '*', ...idsOf(key) });
      await this.apps.delete(key);
      for (const { id } of this.sessions.ofApp(key)) this.sessions.remove(id);
      return sumOf(own, others);
    });
    this.#options.bus.publish({ type: 'app_uninstalled', workspace: key.workspace, appId: key.appId });
    return result;
  }

  /** Executes what another orchestrator has asked for. */
  async execute(command: ClusterCommand): Promise<CommandResult> {
    if (command.kind === 'uninstall') return await this.#remove(command);
    const deletedEntries = await this.caches.clearStored(command, command.match);
    this.#publishCleared(command);
    return { deletedEntries, stoppedSessions: 0 };
  }

  /** The sessions of all orchestrators, the oldest first. */
  listSessions(): SessionSummary[] {
    const own = this.sessions.list().map(summarize);
    const others = this.#cluster?.sessions ?? [];
    return others.length === 0 ? own : [...own, ...others].sort((a, b) => a.createdAt - b.createdAt);
  }

  /** Number of sessions of an app that use Chromium, on all orchestrators. */
  countLive(key: AppKey): number {
    const hash = hashOf(key);
    const others =
      this.#cluster?.sessions.filter((session) => isLive(session) && hashOf(session) === hash) ?? [];
    return this.sessions.ofApp(key).filter(isLive).length + others.length;
  }

  /** A session of any orchestrator. @throws RoundhouseError `session_not_found` */
  requireSession(id: string): SessionSummary {
    const other = this.#cluster?.sessions.find((session) => session.id === id);
    return other ?? summarize(this.sessions.require(id));
  }

  /**
   * Starts an app and waits until it is ready.
   * @returns the session, and whether it was running already, as that of a singleton, maybe on another orchestrator
   * @throws RoundhouseError `app_not_found`, `browser_unavailable`, `too_many_sessions`, `app_start_failed`,
   *   `cluster_unavailable`
   */
  async start(key: AppKey, options: StartOptions = {}): Promise<{ session: SessionSummary; isNew: boolean }> {
    this.assertAvailable();
    const app = this.apps.require(key);
    if (!app.manifest.singleton)
      return { session: summarize(await this.#starter.start(app, options)), isNew: true };
    const hash = hashOf(key);
    const running = this.sessions
      .ofApp(key)
      .find(({ status, isWarmUp }) => status === 'running' && !isWarmUp);
    if (running) return { session: summarize(running), isNew: false };
    const starting = this.#startingSingletons.get(hash);
    if (starting) return { session: (await starting).session, isNew: false };
    const start = this.#startSingleton(app, options).finally(() => this.#startingSingletons.delete(hash));
    this.#startingSingletons.set(hash, start);
    return await start;
  }

  /** State of the start that fills the cache of an app after its installation; null if there was none. */
  warmUpOf(key: AppKey) {
    return this.#warmUps.stateOf(key);
  }

  /**
   * Ends a session, or removes one that has ended from the list.
   * @throws RoundhouseError `session_not_found`, `cluster_unavailable`
   */
  async stop(id: string): Promise<SessionSummary> {
    const orphan = this.#cluster?.sessions.find((session) => session.id === id);
    if (orphan) {
      await this.#cluster!.removeOrphan(id);
      return orphan;
    }
    const session = this.sessions.require(id);
    if (session.isLive) {
      await session.stop();
      return summarize(session);
    }
    this.#restarts.cancel(id);
    this.sessions.remove(id);
    this.#publish(session);
    return summarize(session);
  }

  /** Figures for metrics, from memory. */
  figures(): BrowserFigures {
    const { apps, sessions, caches } = this;
    const { waiting, browsers } = this.#starter;
    const cluster = this.#cluster?.figures ?? null;
    return readFigures({ apps, sessions, caches, gateway: this.#gateway, waiting, browsers, cluster });
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

  async #startSingleton(app: InstalledApp, options: StartOptions) {
    const timeoutMs = startTimeoutMs(app, options) + this.#options.queueTimeoutS * 1000;
    const elsewhere = await this.#cluster?.claim(app, timeoutMs);
    if (elsewhere) return { session: elsewhere, isNew: false };
    try {
      return { session: summarize(await this.#starter.start(app, options)), isNew: true };
    } catch (error) {
      this.#cluster?.release(app);
      throw error;
    }
  }

  /** Ends the sessions of an app here, and removes everything about it but the app itself. */
  async #remove(key: AppKey): Promise<CommandResult> {
    this.#warmUps.cancel(key);
    for (const { id } of this.sessions.ofApp(key)) this.#restarts.cancel(id);
    const live = this.sessions.ofApp(key).filter(isLive);
    await Promise.all(live.map((session) => session.stop('the app was uninstalled')));
    return { deletedEntries: await this.caches.drop(key), stoppedSessions: live.length };
  }

  #publishCleared({ workspace, appId }: AppKey): void {
    this.#options.bus.publish({ type: 'app_cache_cleared', workspace, appId });
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

function idsOf({ workspace, appId }: AppKey): AppKey {
  return { workspace, appId };
}

function sumOf(
  own: CommandResult,
  others: (CommandResult & { pending: number }) | undefined,
): CommandResult & { pending: number } {
  return {
    deletedEntries: own.deletedEntries + (others?.deletedEntries ?? 0),
    stoppedSessions: own.stoppedSessions + (others?.stoppedSessions ?? 0),
    pending: others?.pending ?? 0,
  };
}
