import type { Clock } from '../../../library/cache/index.ts';
import { RoundhouseError } from '../../errors.ts';
import type { AppStore, InstalledApp } from '../apps/app-store.ts';
import type { SessionMode } from '../apps/manifest-schema.ts';
import type { AppCaches } from '../cache/app-caches.ts';
import type { GatewaySource, OpenGateway } from '../cache/gateway-source.ts';
import { entryUrlOf, type LaneSettings, planLane } from '../cache/lane-plan.ts';
import { BrowserPool } from '../chromium/browser-pool.ts';
import { type LaunchSettings, launchChromium } from '../chromium/launch.ts';
import type { Profiles } from '../profiles.ts';
import { openApp } from './open-app.ts';
import { Session } from './session.ts';
import type { Sessions } from './sessions.ts';
import { Slots } from './slots.ts';

const DEFAULT_START_TIMEOUT_S = 60;

/** How a session is started. */
export interface StartOptions {
  /** Default `record`. */
  readonly mode?: SessionMode;
  /** Default: that of the manifest, else 60. */
  readonly timeoutS?: number;
  /** Name of the profile, or null for none. Default: that of the manifest. */
  readonly profile?: string | null;
  /** Whether the session fills the cache after the installation. Default false. */
  readonly isWarmUp?: boolean;
  /** The session that has crashed and is replaced by this one. */
  readonly restartOf?: Pick<Session, 'id'>;
  /** Called with the session before it is opened. */
  readonly onCreated?: (session: Pick<Session, 'id'>) => void;
  /** Ends the wait for a place. */
  readonly signal?: AbortSignal;
}

/** How long a start may take once it has a place. */
export function startTimeoutMs({ manifest }: InstalledApp, { timeoutS }: StartOptions): number {
  return (timeoutS ?? manifest.startup_config?.timeout ?? DEFAULT_START_TIMEOUT_S) * 1000;
}

/** What a {@link SessionStarter} works with. */
export interface SessionStarterParts {
  readonly apps: AppStore;
  readonly sessions: Sessions;
  readonly caches: AppCaches;
  readonly gateway: GatewaySource;
  readonly profiles: Profiles;
  readonly launch: LaunchSettings;
  readonly clock: Clock;
  /** BROWSER_MAX_SESSIONS. */
  readonly maxSessions: number;
  /** BROWSER_QUEUE_TIMEOUT_S. */
  readonly queueTimeoutS: number;
  /** BROWSER_EXECUTE. */
  readonly allowExecute: boolean;
  readonly laneSettings: (opened: OpenGateway) => LaneSettings;
  /** Called after each change of a session. */
  readonly onChange: (session: Session) => void;
  /** Called for errors that no caller gets. */
  readonly onError: (error: unknown, what: string) => void;
}

/** Starts sessions, as many at a time as there are places. */
export class SessionStarter {
  readonly #parts: SessionStarterParts;
  readonly #pool: BrowserPool;
  readonly #slots: Slots;
  readonly #closed = new AbortController();

  constructor(parts: SessionStarterParts) {
    this.#parts = parts;
    const { gateway, launch, maxSessions, clock } = parts;
    this.#pool = new BrowserPool(async () => {
      const opened = await gateway.open();
      return await launchChromium(launch, opened.gateway.launchOptions.args);
    });
    this.#slots = new Slots(maxSessions, clock);
  }

  /** Starts that wait for a place. */
  get waiting(): number {
    return this.#slots.waiting;
  }

  /** Running browsers that sessions share. */
  get browsers(): number {
    return this.#pool.size;
  }

  /**
   * Starts an app and waits until it is ready.
   * @throws RoundhouseError `too_many_sessions`, `app_start_failed`, `app_not_stored` and others
   */
  async start(app: InstalledApp, options: StartOptions = {}): Promise<Session> {
    const { apps, sessions, caches, gateway, clock, queueTimeoutS, onChange } = this.#parts;
    const { mode = 'record', profile = app.manifest.profile ?? null } = options;
    const { signal: closed } = this.#closed;
    const signal = options.signal ? AbortSignal.any([closed, options.signal]) : closed;
    const free = await this.#slots.take(queueTimeoutS * 1000, signal);
    try {
      const code = await apps.readCode(app);
      signal.throwIfAborted();
      const session = new Session({
        app,
        mode,
        profile,
        clock,
        allowExecute: this.#parts.allowExecute,
        isWarmUp: options.isWarmUp ?? false,
        restartOf: options.restartOf?.id ?? null,
        entry: entryUrlOf(app, app.manifest),
        onChange: (changed) => {
          onChange(changed);
          if (!changed.isLive) free();
        },
      });
      sessions.add(session);
      options.onCreated?.(session);
      onChange(session);
      await session.start(
        async () => {
          const opened = await gateway.open();
          const lane = planLane(app, app.manifest, code, this.#parts.laneSettings(opened));
          return await this.#open(session, opened, lane);
        },
        startTimeoutMs(app, options),
      );
      const { hits = 0, misses = 0 } = session.traffic ?? {};
      caches.startTimes(app).add(hits > 0 && misses === 0, session.startMs ?? 0);
      return session;
    } catch (error) {
      free();
      throw error;
    }
  }

  /** Ends the wait of all starts. Sessions are ended by the caller. */
  stop(): void {
    this.#closed.abort(new RoundhouseError('app_start_failed', 'The service is stopping'));
  }

  /** Resolves when the browsers that are being closed have ended. */
  async settled(): Promise<void> {
    await this.#pool.settled();
  }

  #open({ app, mode, profile }: Session, opened: OpenGateway, lane: ReturnType<typeof planLane>) {
    const { profiles, launch, clock, onError } = this.#parts;
    const { workspace, manifest } = app;
    return openApp({
      gateway: opened.gateway,
      pool: this.#pool,
      workspace,
      manifest,
      lane,
      mode: manifest.enable_cache === false ? 'off' : mode === 'record-start' ? 'record' : mode,
      profile,
      profiles,
      launch,
      clock,
      onError: (error) => onError(error, 'a browser profile was not saved'),
    });
  }
}
