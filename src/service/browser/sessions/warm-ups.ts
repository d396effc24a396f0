import type { EventBus } from '../../events/events.ts';
import { type AppKey, hashOf } from '../apps/app-key.ts';
import type { InstalledApp } from '../apps/app-store.ts';
import type { Session } from './session.ts';
import type { StartOptions } from './session-starter.ts';

/** States of the start that fills the cache of an app after its installation. */
export const WARM_UP_STATUSES = ['waiting', 'completed', 'failed'] as const;

/** The start that fills the cache of an app after its installation. */
export interface WarmUp {
  /** `waiting` until the app is ready. */
  readonly status: (typeof WARM_UP_STATUSES)[number];
  /** Why it has failed, or null. */
  readonly reason: string | null;
}

interface Run {
  state: WarmUp;
  readonly cancel: AbortController;
}

/** What {@link WarmUps} work with. */
export interface WarmUpsParts {
  readonly bus: EventBus;
  readonly start: (app: InstalledApp, options: StartOptions) => Promise<Pick<Session, 'complete'>>;
  /** Called for warm-ups that have failed. */
  readonly onError: (error: unknown, what: string) => void;
}

/**
 * Starts apps once in the background after their installation, so that the cache is filled before the first user waits.
 * One app after another: all places must not be taken by them.
 */
export class WarmUps {
  readonly #parts: WarmUpsParts;
  readonly #runs = new Map<string, Run>();
  #last: Promise<void> = Promise.resolve();

  constructor(parts: WarmUpsParts) {
    this.#parts = parts;
  }

  /** Starts an app in the background. It ends when it is ready. */
  begin(app: InstalledApp): void {
    this.cancel(app);
    const run: Run = { state: { status: 'waiting', reason: null }, cancel: new AbortController() };
    this.#runs.set(hashOf(app), run);
    this.#last = this.#last.then(() => this.#warm(app, run));
  }

  /** Ends the wait for the start of an app that is replaced or removed, and forgets it. */
  cancel(key: AppKey): void {
    this.#runs.get(hashOf(key))?.cancel.abort();
    this.#runs.delete(hashOf(key));
  }

  /** Ends all waits. */
  stop(): void {
    for (const { cancel } of this.#runs.values()) cancel.abort();
  }

  /** State of an app's warm-up since the start of the service; null if there was none. */
  stateOf(key: AppKey): WarmUp | null {
    return this.#runs.get(hashOf(key))?.state ?? null;
  }

  async #warm(app: InstalledApp, run: Run): Promise<void> {
    const { bus, start, onError } = this.#parts;
    const { signal } = run.cancel;
    const { workspace, appId } = app;
    if (signal.aborted) return;
    try {
      // Without a profile: one that exists belongs to the users of the app.
      const session = await start(app, { profile: null, isWarmUp: true, signal });
      await session.complete('the cache is warm');
      run.state = { status: 'completed', reason: null };
    } catch (error) {
      if (signal.aborted) return;
      run.state = { status: 'failed', reason: (error as Error).message };
      onError(error, `the cache of the app ${JSON.stringify(appId)} could not be warmed`);
    }
    if (signal.aborted) return;
    bus.publish({ type: 'app_warmed', workspace, appId, succeeded: run.state.status === 'completed' });
  }
}
