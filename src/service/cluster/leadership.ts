import { LeaderLease, type RedisLink } from '../../library/redis/index.ts';
import type { EventBus } from '../events/events.ts';

/** Which of several orchestrators over the same engines acts on its own: scales, replaces, restarts. */
export interface Leadership {
  /** Whether this orchestrator leads. Check it right before each action. */
  readonly leading: boolean;
}

/** Leadership of an orchestrator that shares its engines with no other. */
export const ALONE: Leadership = { leading: true };

/** Options of an {@link Election}. */
export interface ElectionOptions {
  /** Connection to the Redis that the orchestrators share. */
  link: RedisLink;
  /** Where `leadership_changed` is published. */
  bus: EventBus;
  /** How long after a leader has died another one can lead, in seconds. */
  leaseS: number;
  /** Called when a command to Redis fails. */
  onError: (error: unknown) => void;
}

/**
 * Leadership by a lease in Redis. Without Redis no orchestrator leads: two leaders would undo each other's
 * work.
 */
export class Election implements Leadership, AsyncDisposable {
  readonly #createLease: () => LeaderLease;
  #lease: LeaderLease | undefined;

  constructor({ link, bus, leaseS, onError }: ElectionOptions) {
    this.#createLease = () =>
      new LeaderLease(link, {
        name: 'engines',
        leaseS,
        onGained: ({ fence }) => bus.publish({ type: 'leadership_changed', leading: true, term: fence }),
        onLost: ({ fence }) => bus.publish({ type: 'leadership_changed', leading: false, term: fence }),
        onError,
      });
  }

  /** Becomes a candidate. */
  start(): void {
    this.#lease = this.#createLease();
  }

  get leading(): boolean {
    return this.#lease?.term !== undefined;
  }

  /** Releases the lease, so that another orchestrator can lead at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lease?.close();
  }
}
