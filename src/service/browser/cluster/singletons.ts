import type { RedisLink } from '../../../library/redis/index.ts';
import { RoundhouseError } from '../../errors.ts';
import { type AppKey, hashOf } from '../apps/app-key.ts';
import { keyOf } from './channel.ts';
import type { Members } from './members.ts';
import { CLAIM, RELEASE } from './scripts.ts';
import type { RemoteSession } from './session-summary.ts';

const POLL_MS = 250;

/** What {@link Singletons} works with. */
export interface SingletonsOptions {
  readonly link: RedisLink;
  readonly members: Members;
  /** Returns the sessions of other orchestrators. */
  readonly readOthers: () => readonly RemoteSession[];
}

/** Which orchestrator runs an app that is a singleton. A claim ends with the lease of its orchestrator. */
export class Singletons {
  readonly #options: SingletonsOptions;
  readonly #claims: string;

  constructor(options: SingletonsOptions) {
    this.#options = options;
    this.#claims = keyOf(options.link, 'singletons');
  }

  /**
   * Claims an app for this orchestrator, or waits until the orchestrator that has claimed it runs it.
   * @returns the running session of another orchestrator, or undefined if this one has claimed the app
   * @throws RoundhouseError `cluster_unavailable` if Redis cannot be used, or `timeout`
   */
  async claim(key: AppKey, timeoutMs: number): Promise<RemoteSession | undefined> {
    const { link, members, readOthers } = this.#options;
    const endsAt = link.clock.now() + timeoutMs;
    const hash = hashOf(key);
    for (;;) {
      const holder = await this.holderOf(key);
      if (holder === members.id) return undefined;
      const session = readOthers().find(
        (each) =>
          each.owner === holder && each.status === 'running' && !each.isWarmUp && hashOf(each) === hash,
      );
      if (session) return session;
      if (link.clock.now() >= endsAt)
        throw new RoundhouseError(
          'timeout',
          'The app is a singleton, and its start on another orchestrator takes too long',
        );
      const { promise, resolve } = Promise.withResolvers<void>();
      link.clock.after(POLL_MS, resolve);
      await promise;
    }
  }

  /**
   * Claims an app unless it is claimed already.
   * @returns the id of the orchestrator that has claimed it
   * @throws RoundhouseError `cluster_unavailable`
   */
  async holderOf(key: AppKey): Promise<string> {
    const { link, members } = this.#options;
    const values = [this.#claims, keyOf(link, 'members'), hashOf(key), members.id];
    try {
      const holder = String(await link.send(['EVAL', CLAIM, '2', ...values]));
      if (holder !== '') return holder;
      await members.beat();
      return String(await link.send(['EVAL', CLAIM, '2', ...values]));
    } catch (cause) {
      throw new RoundhouseError(
        'cluster_unavailable',
        'Redis cannot be reached, so another orchestrator may already run this singleton',
        { cause },
      );
    }
  }

  /** Ends the claim of this orchestrator, if it has one. A failure is ignored: the next claim succeeds all the same. */
  release(key: AppKey): void {
    const { link, members } = this.#options;
    link.send(['EVAL', RELEASE, '1', this.#claims, hashOf(key), members.id]).catch(() => {});
  }
}
