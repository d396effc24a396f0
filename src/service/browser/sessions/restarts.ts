import type { Clock } from '../../../library/util/clock.ts';
import type { ErrorCode } from '../../errors.ts';
import type { Session } from './session.ts';
import type { StartOptions } from './session-starter.ts';

/** Failures of a running session after which it may be started again. */
const CRASHES: ReadonlySet<ErrorCode | null> = new Set([
  'browser_crashed',
  'page_crashed',
  'memory_limit_exceeded',
]);
const FIRST_DELAY_MS = 1000;
const MAX_DELAY_MS = 60_000;
/** A session that ran for this long starts the count anew. */
const STABLE_MS = 600_000;

/** A session that has ended. */
export type EndedSession = Pick<Session, 'id' | 'app' | 'mode' | 'profile' | 'code' | 'readyAt' | 'endedAt'>;

/** What {@link Restarts} work with. */
export interface RestartsParts {
  readonly clock: Clock;
  readonly start: (session: EndedSession, options: StartOptions) => Promise<unknown>;
  /** Called for starts that have failed. */
  readonly onError: (error: unknown, what: string) => void;
}

/** Starts sessions that have crashed again, where their manifest permits it, each time after a longer pause. */
export class Restarts {
  readonly #parts: RestartsParts;
  /** Attempts so far, by id of the session whose successor is waited for or runs. */
  readonly #attempts = new Map<string, number>();
  readonly #waiting = new Map<string, () => void>();

  constructor(parts: RestartsParts) {
    this.#parts = parts;
  }

  /** Called when a session has ended. */
  handleEnd(session: EndedSession): void {
    const former = this.#attempts.get(session.id) ?? 0;
    this.#attempts.delete(session.id);
    if (!CRASHES.has(session.code) || session.readyAt === null) return;
    const wasStable = session.endedAt! - session.readyAt >= STABLE_MS;
    this.#schedule(session, wasStable ? 0 : former);
  }

  /** Ends the wait for the start of a session's successor. */
  cancel(id: string): void {
    this.#waiting.get(id)?.();
    this.#waiting.delete(id);
  }

  /** Ends all waits. */
  cancelAll(): void {
    for (const id of [...this.#waiting.keys()]) this.cancel(id);
  }

  #schedule(session: EndedSession, former: number): void {
    const { clock } = this.#parts;
    if (former >= (session.app.manifest.max_restarts ?? 0)) return;
    const delayMs = Math.min(FIRST_DELAY_MS * 2 ** former, MAX_DELAY_MS);
    const cancel = clock.after(delayMs, () => void this.#restart(session, former + 1));
    this.#waiting.set(session.id, cancel);
  }

  async #restart(session: EndedSession, attempt: number): Promise<void> {
    const { start, onError } = this.#parts;
    const cancelled = new AbortController();
    this.#waiting.set(session.id, () => cancelled.abort());
    const { mode, profile } = session;
    const onCreated = ({ id }: Pick<Session, 'id'>) => this.#attempts.set(id, attempt);
    try {
      await start(session, { mode, profile, restartOf: session, onCreated, signal: cancelled.signal });
    } catch (error) {
      if (cancelled.signal.aborted) return;
      onError(error, `a session of the app ${JSON.stringify(session.app.appId)} could not be started again`);
      this.#schedule(session, attempt);
      return;
    }
    this.#waiting.delete(session.id);
  }
}
