import { hostname } from 'node:os';
import type { RedisLink } from '../../../library/redis/index.ts';
import type { ClusterChannel } from './channel.ts';
import { keyOf } from './channel.ts';
import type { Member, MemberRecords } from './member-record.ts';
import { BEAT } from './scripts.ts';

/** How long after the death of an orchestrator the others wait before its sessions count as failed. */
export const LEASE_MS = 10_000;

/** Why a session has failed whose orchestrator has died. */
export const OWNER_DIED = 'the orchestrator that ran it has died, or lost its connection to Redis';

/** Where this orchestrator is reached. */
export interface OwnAddress {
  readonly url: string | null;
  readonly loopbackOf: string | null;
}

/** What {@link Members} works with. */
export interface MembersOptions {
  readonly link: RedisLink;
  readonly channel: ClusterChannel;
  readonly records: MemberRecords;
  /** Unique for each run of the service. */
  readonly id: string;
  readonly readAddress: () => OwnAddress;
  /** Called for records that cannot be used, once for each orchestrator. */
  readonly onError: (error: unknown) => void;
}

/** The orchestrators that share browser apps, by their leases in Redis. */
export class Members {
  readonly #options: MembersOptions;
  readonly #reported = new Set<string>();
  #others = new Map<string, Member>();
  #lost = new Map<string, AbortController>();

  constructor(options: MembersOptions) {
    this.#options = options;
  }

  /** Id of this orchestrator. */
  get id(): string {
    return this.#options.id;
  }

  /** The other orchestrators. */
  get others(): readonly Member[] {
    return [...this.#others.values()];
  }

  /** Finds another orchestrator. */
  get(id: string): Member | undefined {
    return this.#others.get(id);
  }

  /** Aborted when another orchestrator has left or died. */
  lossOf(id: string): AbortSignal {
    let lost = this.#lost.get(id);
    if (!lost) {
      lost = new AbortController();
      this.#lost.set(id, lost);
    }
    return lost.signal;
  }

  /**
   * Extends the lease, and reads the others. Rejects if Redis fails.
   * @returns whether this orchestrator had no lease: others may have marked its sessions as failed
   */
  async beat(): Promise<boolean> {
    const { link, channel, records, id, readAddress } = this.#options;
    const record = records.encode({ id, name: hostname(), ...readAddress(), at: Date.now() });
    const keys = [keyOf(link, 'members'), keyOf(link, 'sessions'), channel.name];
    const reply = await link.send(['EVAL', BEAT, '3', ...keys, id, record, String(LEASE_MS), OWNER_DIED]);
    const [isNew, ...fields] = Array.isArray(reply) ? reply.map(String) : [];
    this.#adopt(fields);
    return isNew === '1';
  }

  /** Ends the lease, so that the others need not wait for its end. Rejects if Redis fails. */
  async leave(): Promise<void> {
    await this.#options.link.send(['HDEL', keyOf(this.#options.link, 'members'), this.id]);
  }

  #adopt(fields: readonly string[]): void {
    const now = Date.now();
    const others = new Map<string, Member>();
    for (let index = 0; index < fields.length; index += 2) {
      const [id, record] = [fields[index]!, fields[index + 1]!];
      if (id === this.id) continue;
      const member = this.#options.records.decode(record, now);
      if (member?.id === id) others.set(id, member);
      else this.#report(id);
    }
    for (const [id, lost] of this.#lost)
      if (!others.has(id)) {
        lost.abort();
        this.#lost.delete(id);
      }
    this.#others = others;
  }

  #report(id: string): void {
    if (this.#reported.has(id)) return;
    this.#reported.add(id);
    this.#options.onError(
      new Error(
        `The record of the orchestrator ${id.slice(0, 64)} cannot be used: all orchestrators need the same API_KEY, and clocks that differ by less than 10 minutes`,
      ),
    );
  }
}
