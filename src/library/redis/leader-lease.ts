import { randomUUID } from 'node:crypto';
import { type Clock, createSystemClock } from '../cache/index.ts';
import { SerialTask } from '../util/serial-task.ts';
import type { RedisLink } from './link.ts';
import { ACQUIRE_LEADERSHIP, EXTEND_LEADERSHIP, RELEASE_LEADERSHIP } from './scripts.ts';

/** A period during which this process is the leader. */
export interface Term {
  /**
   * Fencing token: greater than that of every earlier term, so that a resource can reject requests of a former
   * leader.
   * @see https://martin.kleppmann.com/2016/02/08/how-to-do-distributed-locking.html
   */
  readonly fence: number;
  /** Aborted at the end of the term. */
  readonly signal: AbortSignal;
}

/** Options of a {@link LeaderLease}. */
export interface LeaderLeaseOptions {
  /** Name of the group; there is one leader per name and prefix. */
  name: string;
  /**
   * Duration of the lease, in seconds: how long a leader that died blocks the next one. About the same for all candidates
   * of a name: a lease of ten times as long is shortened, because the clock of Redis has been set back. Default 10.
   */
  leaseS?: number;
  /** Source of time. Default: `performance.now()`, which is never cached. */
  clock?: Clock;
  /** Called at the start of each term. */
  onGained?: (term: Term) => void;
  /** Called at the end of each term. */
  onLost?: (term: Term) => void;
  /** Called for each failed attempt to acquire or renew the lease, and for errors thrown by the callbacks. */
  onError?: (error: unknown) => void;
}

/** Fraction by which the lease ends earlier here than in Redis, because no two clocks run at the same speed. */
const SAFETY_MARGIN = 0.1;

/** The current term, as its holder tracks it. */
interface HeldTerm {
  readonly term: Term;
  /** Proves to Redis that this process is the leader. */
  readonly token: string;
  readonly controller: AbortController;
  /** Time by this process's clock until which the term is valid. */
  validUntil: number;
}

/**
 * Elects one leader among several processes, by a lease in Redis. A process is a candidate from construction until
 * {@link close}. Without Redis there is no leader: a leader that cannot renew its lease steps down before another
 * process can acquire it, by its own monotonic clock, which keeps running while the process is suspended.
 *
 * Read {@link term} right before each action; do not store it. A process that is suspended in between can still
 * act too late. Resources that support fencing tokens can reject such an action by {@link Term.fence};
 * {@link confirm} makes it less likely for others.
 */
export class LeaderLease implements AsyncDisposable {
  readonly #link: RedisLink;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #leaderKey: string;
  readonly #fenceKey: string;
  readonly #onGained: (term: Term) => void;
  readonly #onLost: (term: Term) => void;
  readonly #onError: (error: unknown) => void;
  readonly #campaign: SerialTask;
  readonly #removeListener: () => void;
  #current: HeldTerm | undefined;
  #cancelExpiry = () => {};
  #closed = false;

  constructor(link: RedisLink, options: LeaderLeaseOptions) {
    this.#link = link;
    // The system clock caches its reading, so that after a suspension it may return the time before it.
    this.#clock = options.clock ?? { ...createSystemClock(), now: () => performance.now() };
    this.#leaseMs = (options.leaseS ?? 10) * 1000;
    const base = `${link.prefix}:{${options.name}}`;
    this.#leaderKey = `${base}:leader`;
    this.#fenceKey = `${base}:fence`;
    this.#onGained = options.onGained ?? (() => {});
    this.#onLost = options.onLost ?? (() => {});
    this.#onError = options.onError ?? (() => {});
    this.#campaign = new SerialTask(() => this.#acquireOrExtend(), { clock: this.#clock });
    this.#removeListener = link.onConnected(() => this.#campaign.trigger());
    this.#campaign.trigger();
  }

  /** The current term of this process, or undefined if another process is the leader or there is none. */
  get term(): Term | undefined {
    const current = this.#current;
    if (current === undefined) return undefined;
    if (this.#clock.now() < current.validUntil) return current.term;
    this.#stepDown(current);
    return undefined;
  }

  /**
   * Asks Redis whether this process is the leader now. For actions on resources that do not check fencing tokens.
   * @throws {@link RedisLink.send}'s errors
   */
  async confirm(): Promise<boolean> {
    const current = this.#current;
    if (current === undefined || this.term === undefined) return false;
    await this.#extend(current);
    return this.term !== undefined;
  }

  /** Steps down and releases the lease, so that another process can lead at once. Never rejects. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#removeListener();
    await this.#campaign.close();
    const current = this.#current;
    if (current === undefined) return;
    this.#stepDown(current);
    try {
      await RELEASE_LEADERSHIP.run(this.#link, [this.#leaderKey], [current.token]);
    } catch (error) {
      this.#onError(error);
    }
  }

  /** Same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @returns the delay before the next attempt, in milliseconds */
  async #acquireOrExtend(): Promise<number> {
    try {
      if (await this.confirm()) return this.#leaseMs / 3;
      return await this.#acquire();
    } catch (error) {
      this.#onError(error);
      return this.#leaseMs / (this.#current ? 10 : 3);
    }
  }

  async #acquire(): Promise<number> {
    const sentAt = this.#clock.now();
    const token = randomUUID();
    const keys = [this.#leaderKey, this.#fenceKey];
    const reply = await ACQUIRE_LEADERSHIP.run(this.#link, keys, [token, String(this.#leaseMs)]);
    const [acquired, number] = Array.isArray(reply) ? reply.map(Number) : [];
    if (acquired === 1 && number !== undefined) {
      this.#startTerm(token, number, sentAt);
      return this.#leaseMs / 3;
    }
    // When the leader's lease ends, or earlier, because the leader may step down before that.
    return Math.min((number ?? this.#leaseMs) + 1, this.#leaseMs / 3);
  }

  async #extend(held: HeldTerm): Promise<void> {
    const sentAt = this.#clock.now();
    const args = [held.token, String(this.#leaseMs)];
    const extended = await EXTEND_LEADERSHIP.run(this.#link, [this.#leaderKey], args);
    if (extended !== 1) this.#stepDown(held);
    else if (held === this.#current) this.#extendValidity(held, sentAt);
  }

  #startTerm(token: string, fence: number, sentAt: number): void {
    const controller = new AbortController();
    const held: HeldTerm = {
      term: { fence, signal: controller.signal },
      token,
      controller,
      validUntil: 0,
    };
    this.#current = held;
    this.#extendValidity(held, sentAt);
    this.#notify(this.#onGained, held.term);
  }

  /** Counts from the time the command was sent; Redis counts from the later time it received it. */
  #extendValidity(held: HeldTerm, sentAt: number): void {
    held.validUntil = sentAt + this.#leaseMs * (1 - SAFETY_MARGIN);
    this.#cancelExpiry();
    const remainingMs = Math.max(0, held.validUntil - this.#clock.now());
    this.#cancelExpiry = this.#clock.after(remainingMs, () => this.#stepDown(held));
  }

  #stepDown(held: HeldTerm): void {
    if (held !== this.#current) return;
    this.#current = undefined;
    this.#cancelExpiry();
    held.controller.abort();
    this.#notify(this.#onLost, held.term);
  }

  #notify(callback: (term: Term) => void, term: Term): void {
    try {
      callback(term);
    } catch (error) {
      this.#onError(error);
    }
  }
}
