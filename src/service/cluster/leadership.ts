import { LeaderLease, type RedisLink } from '../../library/redis/index.ts';
import type { EventBus } from '../events/events.ts';

/** Which of several orchestrators over the same engines acts on its own: scales, replaces, restarts. */
export interface Leadership {
  /** To be asked right before each act. */
  readonly leading: boolean;
}

/** Of an orchestrator that shares its engines with no other. */
export const ALONE: Leadership = { leading: true };

/** Leadership by a lease in Redis. Without Redis nobody leads: two leaders would undo each other's work. */
export class Election implements Leadership, AsyncDisposable {
  readonly #start: () => LeaderLease;
  #lease: LeaderLease | undefined;

  constructor(parts: {
    link: RedisLink;
    bus: EventBus;
    /** How long a leader that has died stays in office, in seconds. */
    leaseS: number;
    onError: (error: unknown) => void;
  }) {
    const { link, bus, leaseS, onError } = parts;
    this.#start = () =>
      new LeaderLease(link, {
        name: 'engines',
        leaseS,
        onGained: ({ fence }) => bus.publish({ type: 'leadership_changed', leading: true, term: fence }),
        onLost: ({ fence }) => bus.publish({ type: 'leadership_changed', leading: false, term: fence }),
        onError,
      });
  }

  /** Begins to stand for election. */
  start(): void {
    this.#lease = this.#start();
  }

  get leading(): boolean {
    return this.#lease?.term !== undefined;
  }

  /** Steps down, so that another can lead at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#lease?.close();
  }
}
