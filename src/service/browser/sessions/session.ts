import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../library/cache/index.ts';
import type { LaneMode, LaneStats } from '../../../library/gateway/index.ts';
import { withinDeadline } from '../../../library/util/deadline.ts';
import { type ErrorCode, RoundhouseError } from '../../errors.ts';
import type { InstalledApp } from '../apps/app-store.ts';
import type { SessionMode } from '../apps/manifest-schema.ts';
import { maskText, secretsOf } from '../apps/secrets.ts';
import { MemoryLimit } from '../chromium/memory-limit.ts';
import { executeInPage } from './execute.ts';
import { IdleTimer } from './idle-timer.ts';
import { loadApp, type OpenApp } from './open-app.ts';
import { clearBrowserCache, firstLine, observeConsole } from './page-events.ts';
import { type Screenshot, Screenshots, type ScreenshotType } from './screenshots.ts';
import { SessionLog } from './session-log.ts';
import type { EndStatus, SessionStatus } from './session-status.ts';

/** A stop of the service, whose steps take up to 5 s, waits for it. */
const FAILURE_SCREENSHOT_MS = 3000;
/** How long the end of a session waits for a Chromium that is still starting. */
const OPENING_TIMEOUT_MS = 2000;
/** A page that hangs does not delay the answer about its cache for longer. */
const CLEAR_TIMEOUT_MS = 2000;

/** What a session is made from. */
export interface SessionParts {
  readonly app: InstalledApp;
  readonly mode: SessionMode;
  /** Name of the profile, or null for none. */
  readonly profile: string | null;
  /** Whether it only fills the cache, after the installation. */
  readonly isWarmUp: boolean;
  /** Id of the session that has crashed and is replaced by this one, or null. */
  readonly restartOf: string | null;
  readonly clock: Clock;
  readonly entry: URL;
  /** Whether clients may execute scripts: BROWSER_EXECUTE. */
  readonly allowExecute: boolean;
  /** Called after each change of the status. */
  readonly onChange: (session: Session) => void;
}

/** An app in Chromium, from its start on. It stays readable when it has ended. */
export class Session {
  readonly id = randomBytes(8).toString('hex');
  readonly app: InstalledApp;
  readonly mode: SessionMode;
  /** Name of the profile, or null for none. */
  readonly profile: string | null;
  /** Whether it only fills the cache, after the installation. */
  readonly isWarmUp: boolean;
  /** Id of the session that has crashed and was replaced by this one, or null. */
  readonly restartOf: string | null;
  readonly log: SessionLog;
  /** Milliseconds since the epoch. */
  readonly createdAt = Date.now();
  #status: SessionStatus = 'starting';
  #reason: string | null = null;
  #code: ErrorCode | null = null;
  #readyAt: number | null = null;
  #endedAt: number | null = null;
  #startMs: number | null = null;
  readonly #parts: SessionParts;
  readonly #secrets: readonly string[];
  readonly #ended = new AbortController();
  readonly #screenshots: Screenshots;
  readonly #idle: IdleTimer;
  readonly #memory: MemoryLimit | undefined;
  #opening: Promise<OpenApp> | undefined;
  #open: OpenApp | undefined;
  #lastTraffic: LaneStats | undefined;
  #lastMisses: readonly string[] = [];
  #ending: Promise<void> | undefined;

  constructor(parts: SessionParts) {
    const { app, mode, clock } = parts;
    this.app = app;
    this.mode = mode;
    this.profile = parts.profile;
    this.isWarmUp = parts.isWarmUp;
    this.restartOf = parts.restartOf;
    this.#parts = parts;
    this.#secrets = secretsOf(app.manifest);
    this.log = new SessionLog(this.#secrets);
    this.#screenshots = new Screenshots(clock);
    const idleS = app.manifest.startup_config?.stop_after_inactive ?? 0;
    this.#idle = new IdleTimer({
      clock,
      idleMs: idleS * 1000,
      readActivity: () => this.traffic?.requests ?? 0,
      onIdle: () => void this.#end('stopped', `inactive for ${idleS} s`),
    });
    const { memory_limit_mib: limitMib } = app.manifest;
    if (limitMib !== undefined) this.#memory = new MemoryLimit(limitMib, clock);
  }

  get status(): SessionStatus {
    return this.#status;
  }

  /** Why the session has failed or ended, or null. */
  get reason(): string | null {
    return this.#reason;
  }

  /** Code of the failure, or null. */
  get code(): ErrorCode | null {
    return this.#code;
  }

  /** Memory of its Chromium when it was last read; null unless it has a limit. */
  get memoryBytes(): number | null {
    return this.#memory?.usedBytes ?? null;
  }

  /** When the app was ready, in milliseconds since the epoch, or null. */
  get readyAt(): number | null {
    return this.#readyAt;
  }

  /** When the session ended, in milliseconds since the epoch, or null. */
  get endedAt(): number | null {
    return this.#endedAt;
  }

  /** How long the start took, in milliseconds, or null before its end. */
  get startMs(): number | null {
    return this.#startMs;
  }

  /** Whether the session uses Chromium, or is about to. */
  get isLive(): boolean {
    return this.#status === 'starting' || this.#status === 'running' || this.#status === 'stopping';
  }

  /** Whether clients can execute scripts in the page now. */
  get canExecute(): boolean {
    return this.#parts.allowExecute && this.#status === 'running';
  }

  /** Aborted when the session begins to end. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Figures of the session's lane; undefined before it is open. */
  get traffic(): LaneStats | undefined {
    return this.#open ? this.#open.lane.stats() : this.#lastTraffic;
  }

  /** URLs that were missing in the mode `offline`. */
  get misses(): readonly string[] {
    return this.#open ? this.#open.lane.misses() : this.#lastMisses;
  }

  /** What the lane does with the cache; undefined while the session has no lane. */
  get laneMode(): LaneMode | undefined {
    return this.#open?.lane.mode;
  }

  /** Explains how the session's lane handles a URL; undefined while it has no lane. */
  explain(url: string) {
    return this.#open?.lane.explain(url);
  }

  /**
   * Opens the app and loads it until it is ready.
   * @throws RoundhouseError `app_start_failed` and others, if the start fails, takes too long or is stopped
   */
  async start(open: () => Promise<OpenApp>, timeoutMs: number): Promise<void> {
    const { clock, entry } = this.#parts;
    const startedAt = clock.now();
    try {
      const deadline = { clock, timeoutMs, subject: 'The app', signal: this.#ended.signal };
      await withinDeadline(deadline, async (signal) => {
        this.#opening = open();
        const opened = await this.#opening;
        // The end of the session closes it.
        if (signal.aborted) return;
        this.#open = opened;
        this.#observe(opened);
        await loadApp(opened.page, entry, this.app.manifest);
      });
    } catch (error) {
      // A timer may fire a fraction of a millisecond early.
      throw await this.#failStart(error, timeoutMs, Math.ceil(clock.now() - startedAt) >= timeoutMs);
    }
    this.#startMs = clock.now() - startedAt;
    this.#readyAt = Date.now();
    if (this.mode === 'record-start') this.#open?.lane.setMode('replay');
    this.#setStatus('running');
    this.#idle.start();
    // Kept in case the browser crashes before anybody asks for one.
    void this.#screenshots.take(this.#open!.page, 'jpeg').catch(() => {});
  }

  /** Ends the session. Resolves when its pages and its lane are closed. */
  async stop(reason: string | null = null): Promise<void> {
    await this.#end('stopped', reason);
  }

  /** Ends the session, because it has done what it was started for. */
  async complete(reason: string): Promise<void> {
    await this.#end('completed', reason);
  }

  /** Changes what the lane does with the cache. @throws RoundhouseError `session_not_running` */
  setMode(mode: LaneMode): void {
    this.#requireOpen().lane.setMode(mode);
    this.#parts.onChange(this);
  }

  /**
   * Takes a screenshot; of a session that has ended, returns the last one. Not an activity: a panel that shows the page
   * would keep the session from ending.
   * @throws RoundhouseError `session_not_running` if there is none, or `timeout`
   */
  async screenshot(type: ScreenshotType): Promise<Screenshot> {
    if (this.#open && this.#status === 'running') return await this.#screenshots.take(this.#open.page, type);
    const { last } = this.#screenshots;
    if (last) return last;
    throw new RoundhouseError('session_not_running', `The session is ${this.#status}, and has no screenshot`);
  }

  /** Evaluates JavaScript in the page. @throws RoundhouseError `session_not_running`, `script_failed`, `timeout` */
  async execute(script: string, timeoutMs: number): Promise<unknown> {
    this.#idle.touch();
    const { page } = this.#requireOpen();
    try {
      return await executeInPage(page, script, timeoutMs);
    } catch (error) {
      if (error instanceof RoundhouseError) throw error;
      throw new RoundhouseError('session_not_running', 'The page was closed or left', { cause: error });
    }
  }

  /** Clears the HTTP cache of the session's browser context. */
  async clearBrowserCache(): Promise<void> {
    if (!this.#open) return;
    const { page } = this.#open;
    const deadline = { clock: this.#parts.clock, timeoutMs: CLEAR_TIMEOUT_MS, subject: 'The page' };
    await withinDeadline(deadline, () => clearBrowserCache(page)).catch(() => {});
  }

  #requireOpen(): OpenApp {
    if (this.#open && this.#status === 'running') return this.#open;
    throw new RoundhouseError('session_not_running', `The session is ${this.#status}`);
  }

  #observe({ context, page, own }: OpenApp): void {
    observeConsole(context, this.log);
    page.once(
      'crash',
      () => void this.#end('failed', 'the page crashed: it may have used too much memory', 'page_crashed'),
    );
    page.once('close', () => {
      // The context is closed with the browser, and then the reason is the browser's end.
      setImmediate(() => void this.#end('completed', 'the page closed itself'));
    });
    context
      .browser()
      ?.once(
        'disconnected',
        () => void this.#end('failed', 'Chromium ended unexpectedly', 'browser_crashed'),
      );
    if (!own) return;
    this.#memory?.watch(own.pid, (reason) => {
      // At once: a graceful end takes seconds, in which the page may use all memory of the machine.
      own.kill();
      void this.#end('failed', reason, 'memory_limit_exceeded');
    });
  }

  async #failStart(error: unknown, timeoutMs: number, isTimeout: boolean): Promise<RoundhouseError> {
    if (this.#ending) {
      await this.#ending;
      const why = this.#reason ? `: ${this.#reason}` : '';
      const code = this.#code ?? 'app_start_failed';
      return new RoundhouseError(code, `The session ended before the app was ready${why}`);
    }
    const message = isTimeout
      ? `the app was not ready after ${timeoutMs / 1000} s`
      : maskText(firstLine(error), this.#secrets);
    const code = error instanceof RoundhouseError ? error.code : 'app_start_failed';
    await this.#end('failed', message, code);
    if (error instanceof RoundhouseError)
      return new RoundhouseError(error.code, maskText(error.message, this.#secrets));
    return new RoundhouseError('app_start_failed', `The app could not be started: ${message}`, {
      cause: error,
    });
  }

  #end(status: EndStatus, reason: string | null, code: ErrorCode | null = null): Promise<void> {
    this.#ending ??= this.#close(status, reason, code);
    return this.#ending;
  }

  async #close(status: EndStatus, reason: string | null, code: ErrorCode | null): Promise<void> {
    const wasStarting = this.#status === 'starting';
    this.#reason = reason;
    this.#code = code;
    this.#idle.stop();
    this.#memory?.stop();
    this.#setStatus('stopping');
    const open = this.#open;
    // The last screenshot shows what went wrong with a start.
    if (open && status === 'failed' && wasStarting && !open.page.isClosed())
      await this.#screenshots.take(open.page, 'jpeg', FAILURE_SCREENSHOT_MS).catch(() => {});
    this.#ended.abort();
    if (open) {
      this.#lastMisses = open.lane.misses();
      await open.close();
      this.#lastTraffic = open.lane.stats();
      this.#open = undefined;
    } else {
      await this.#closeWhenOpen();
    }
    this.#endedAt = Date.now();
    this.#setStatus(status);
    this.log.end();
  }

  /** A program that hangs in place of Chromium is killed later, by the deadline of its launch. */
  async #closeWhenOpen(): Promise<void> {
    const closing = this.#opening?.then((opened) => opened.close());
    const deadline = { clock: this.#parts.clock, timeoutMs: OPENING_TIMEOUT_MS, subject: 'Chromium' };
    await withinDeadline(deadline, async () => await closing).catch(() => {});
  }

  #setStatus(status: SessionStatus): void {
    this.#status = status;
    this.#parts.onChange(this);
  }
}
