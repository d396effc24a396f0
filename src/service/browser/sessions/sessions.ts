import { RoundhouseError } from '../../errors.ts';
import { type AppKey, hashOf } from '../apps/app-key.ts';
import type { Session } from './session.ts';

/** Sessions that have ended and are still listed. */
const MAX_ENDED = 100;

/** All sessions: those that run, and the latest of those that have ended. */
export class Sessions {
  readonly #sessions = new Map<string, Session>();

  /** Adds a session, and drops those that ended first if there are too many. */
  add(session: Session): void {
    this.#sessions.set(session.id, session);
    const ended = this.list().filter(({ isLive }) => !isLive);
    for (const old of ended.slice(0, Math.max(0, ended.length - MAX_ENDED))) this.#sessions.delete(old.id);
  }

  /** All sessions, the oldest first. */
  list(): Session[] {
    return [...this.#sessions.values()];
  }

  /** The sessions of an app, the oldest first. */
  ofApp(key: AppKey): Session[] {
    const hash = hashOf(key);
    return this.list().filter(({ app }) => hashOf(app) === hash);
  }

  /** Whether a session is listed. */
  has(id: string): boolean {
    return this.#sessions.has(id);
  }

  /** @throws RoundhouseError `session_not_found` */
  require(id: string): Session {
    const session = this.#sessions.get(id);
    if (session) return session;
    throw new RoundhouseError('session_not_found', `There is no session with the id ${JSON.stringify(id)}`);
  }

  /** Removes a session from the list. */
  remove(id: string): void {
    this.#sessions.delete(id);
  }
}
