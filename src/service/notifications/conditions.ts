import type { NotifyLevel } from '../config/notify-urls.ts';
import { type Draft, durationText, type NotificationType } from './notification.ts';

/** Something that fails and recovers. */
export interface Condition {
  /** Identifies it, such as `vpn:gluetun`. */
  readonly key: string;
  readonly type: NotificationType;
  readonly level: NotifyLevel;
  /** Whether all orchestrators over the same engines observe the same, so that only the leader reports it. */
  readonly isShared: boolean;
  /** Null while it is not known. */
  readonly failing: boolean | null;
  /** How long it must have failed before it is reported, in milliseconds. */
  readonly afterMs: number;
  /** What is wrong, and what to do. */
  readonly failed: { readonly title: string; readonly message: string };
  /** Title of the notification that it is over. */
  readonly recovered: string;
}

interface State {
  /** Whether the failure has been reported, and its end has not. */
  reported: boolean;
  /** When it began to fail; null while it does not. */
  since: number | null;
  /** Failures that no notification has counted. */
  failures: number;
  /** Until then nothing is reported, because an end has been. */
  quietUntil: number;
}

/** The failures that have been reported and are not over: when each began, in milliseconds. */
export type Reported = Record<string, number>;

/**
 * Decides what is reported about conditions: their failure, once; their end, once; and after that, for a time, nothing.
 * If a condition fails again in this time, one notification follows at its end.
 */
export class Conditions {
  readonly #quietMs: () => number;
  readonly #states = new Map<string, State>();

  /** @param quietMs returns how long after an end nothing is reported */
  constructor(quietMs: () => number) {
    this.#quietMs = quietMs;
  }

  /** The failures that have been reported and are not over. */
  get reported(): Reported {
    const failing = [...this.#states].filter(([, { reported, since }]) => reported && since !== null);
    return Object.fromEntries(failing.map(([key, { since }]) => [key, since!]));
  }

  /** Continues after a previous run, or after another orchestrator. */
  adopt(reported: Reported): void {
    for (const [key, state] of this.#states) state.reported = Object.hasOwn(reported, key);
    for (const [key, since] of Object.entries(reported)) {
      const state = this.#stateOf(key);
      state.reported = true;
      state.failures = 0;
      state.since = since;
    }
  }

  /** @returns the notification that is due now, or null. @param mayReport whether this orchestrator reports it */
  evaluate(condition: Condition, now: number, mayReport: boolean): Draft | null {
    const { failing, afterMs } = condition;
    const state = this.#stateOf(condition.key);
    if (failing === null) return null;
    const lastedMs = state.since === null ? 0 : now - state.since;
    if (failing && state.since === null) {
      state.since = now;
      state.failures += 1;
    } else if (!failing && state.since !== null) {
      state.since = null;
      if (lastedMs < afterMs) state.failures = Math.max(0, state.failures - 1);
    }
    if (!mayReport) {
      if (!failing) state.failures = 0;
      return null;
    }
    if (now < state.quietUntil) return null;
    if (failing) return this.#failed(condition, state, now);
    if (!state.reported && state.failures === 0) return null;
    return this.#recovered(condition, state, now, lastedMs);
  }

  #failed({ type, level, failed, afterMs }: Condition, state: State, now: number): Draft | null {
    if (state.reported || now - state.since! < afterMs) return null;
    const count = Math.max(1, state.failures);
    const again = count > 1 ? ` It has failed ${count} times since it last recovered.` : '';
    state.reported = true;
    state.failures = 0;
    return { type, level, title: failed.title, message: `${failed.message}${again}`, count };
  }

  #recovered({ type, level, recovered }: Condition, state: State, now: number, lastedMs: number): Draft {
    const count = Math.max(1, state.failures);
    const message = state.reported
      ? `It was over after ${durationText(lastedMs)}.`
      : `It has failed ${count === 1 ? 'once' : `${count} times`} meanwhile, and works now.`;
    state.reported = false;
    state.failures = 0;
    state.quietUntil = now + this.#quietMs();
    return { type, level, title: recovered, message, count, resolved: true };
  }

  #stateOf(key: string): State {
    const known = this.#states.get(key);
    if (known) return known;
    const state: State = { reported: false, since: null, failures: 0, quietUntil: 0 };
    this.#states.set(key, state);
    return state;
  }
}
