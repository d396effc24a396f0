import type { RedisLink } from '../../../library/redis/index.ts';
import { type ClusterChannel, keyOf } from './channel.ts';
import type { Members } from './members.ts';
import { readHash } from './read-hash.ts';
import { decodeSession, type RemoteSession, type SessionSummary } from './session-summary.ts';

/** Sessions of orchestrators that are gone, which stay listed with their reason. */
const MAX_ORPHANS = 100;

/** What a {@link SessionExchange} works with. */
export interface SessionExchangeOptions {
  readonly link: RedisLink;
  readonly channel: ClusterChannel;
  readonly members: Members;
  /** Returns the sessions of this orchestrator. */
  readonly readOwn: () => readonly SessionSummary[];
  /** Called when the status of a session of another orchestrator has changed, or when it was removed. */
  readonly onChange: (session: RemoteSession) => void;
  /** Called for values in Redis that are not sessions, once for each. */
  readonly onError: (error: unknown) => void;
}

/**
 * Publishes the sessions of this orchestrator, and holds those of all others. Changes of a status are published at once,
 * figures with the next synchronization.
 */
export class SessionExchange {
  readonly #options: SessionExchangeOptions;
  readonly #hash: string;
  readonly #others = new Map<string, RemoteSession>();
  /** What was published last, as JSON by id. */
  readonly #published = new Map<string, string>();
  #skipped = new Set<string>();
  #revision = 0;

  constructor(options: SessionExchangeOptions) {
    this.#options = options;
    this.#hash = keyOf(options.link, 'sessions');
    options.channel.on('session', (json) => {
      const session = decodeSession(json);
      if (session) this.#adopt(session);
    });
    options.channel.on('removed', (id) => this.#remove(id));
  }

  /** The sessions of other orchestrators, the oldest first. */
  get others(): readonly RemoteSession[] {
    return [...this.#others.values()].sort((a, b) => a.createdAt - b.createdAt);
  }

  /** Number of values in Redis that are not sessions, at the last synchronization. */
  get skipped(): number {
    return this.#skipped.size;
  }

  /** Publishes a session of this orchestrator. A failure is ignored: the next synchronization repairs it. */
  publish(session: SessionSummary): void {
    void this.#options.channel.publish('session', this.#store(session));
  }

  /** Finds a session of another orchestrator, in Redis if it was started just now. */
  async locate(id: string): Promise<RemoteSession | undefined> {
    const known = this.#others.get(id);
    if (known || this.#options.link.state !== 'connected') return known;
    const reply = await this.#options.link.send(['HGET', this.#hash, id]).catch(() => null);
    const session = reply === null ? undefined : decodeSession(String(reply));
    if (session?.id === id && session.owner !== this.#options.members.id) this.#adopt(session);
    return this.#others.get(id);
  }

  /** Publishes that a session is not listed any more. */
  publishRemoval(id: string): void {
    // The events of other orchestrators' sessions arrive here too.
    if (!this.#published.delete(id)) return;
    this.#send(['HDEL', this.#hash, id]);
    void this.#options.channel.publish('removed', id);
  }

  /** Removes a session of an orchestrator that is gone. Rejects if Redis fails. */
  async removeOrphan(id: string): Promise<void> {
    await this.#options.link.send(['HDEL', this.#hash, id]);
    this.#remove(id);
    void this.#options.channel.publish('removed', id);
  }

  /**
   * Publishes what has changed here, and reads what others have published. Rejects if Redis fails.
   * @param isNew whether everything has to be published again
   */
  async synchronize(isNew: boolean): Promise<void> {
    const own = this.#options.readOwn();
    if (isNew) this.#published.clear();
    for (const session of own)
      if (isNew) this.publish(session);
      else if (this.#published.get(session.id) !== JSON.stringify(session)) this.#store(session);
    const ids = new Set(own.map(({ id }) => id));
    for (const id of [...this.#published.keys()]) if (!ids.has(id)) this.publishRemoval(id);
    this.#reconcile(await readHash(this.#options.link, this.#hash), ids);
  }

  /** Removes the sessions of this orchestrator from Redis. Rejects if Redis fails. */
  async leave(): Promise<void> {
    const ids = [...this.#published.keys()];
    if (ids.length > 0) await this.#options.link.send(['HDEL', this.#hash, ...ids]);
    for (const id of ids) this.#options.channel.publish('removed', id);
  }

  /** @returns the record of the session */
  #store(session: SessionSummary): string {
    const { link, members } = this.#options;
    this.#published.set(session.id, JSON.stringify(session));
    this.#revision += 1;
    const remote: RemoteSession = { ...session, owner: members.id, revision: this.#revision };
    const record = JSON.stringify(remote);
    link.send(['HSET', this.#hash, session.id, record]).catch(() => this.#published.delete(session.id));
    return record;
  }

  #reconcile(fields: readonly [string, string][], ownIds: ReadonlySet<string>): void {
    const seen = new Set<string>();
    const skipped = new Set<string>();
    const { members } = this.#options;
    for (const [id, text] of fields) {
      const session = decodeSession(text);
      if (session?.id !== id) skipped.add(id);
      else if (session.owner !== members.id && !ownIds.has(id)) {
        seen.add(id);
        this.#adopt(session);
      }
    }
    this.#report(skipped);
    for (const id of [...this.#others.keys()]) if (!seen.has(id)) this.#remove(id);
    const orphans = this.others.filter(({ owner }) => !members.get(owner));
    for (const { id } of orphans.slice(0, Math.max(0, orphans.length - MAX_ORPHANS)))
      this.#send(['HDEL', this.#hash, id]);
  }

  #adopt(session: RemoteSession): void {
    if (session.owner === this.#options.members.id) return;
    const known = this.#others.get(session.id);
    // Messages and replies of Redis arrive on two connections.
    if (known && known.revision > session.revision) return;
    this.#others.set(session.id, session);
    if (known?.status !== session.status || known.mode !== session.mode) this.#options.onChange(session);
  }

  #remove(id: string): void {
    const session = this.#others.get(id);
    if (!session) return;
    this.#others.delete(id);
    this.#options.onChange(session);
  }

  #report(skipped: Set<string>): void {
    for (const id of skipped)
      if (!this.#skipped.has(id))
        this.#options.onError(new Error(`the field ${id.slice(0, 64)} of ${this.#hash} is not a session`));
    this.#skipped = skipped;
  }

  #send(command: string[]): void {
    this.#options.link.send(command).catch(() => {});
  }
}
