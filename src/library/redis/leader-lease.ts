import { randomUUID } from 'node:crypto';
import { type Clock, createSystemClock } from '../cache/index.ts';
import type { RedisLink } from './link.ts';
import { ACQUIRE_LEADERSHIP, EXTEND_LEADERSHIP, RELEASE_LEADERSHIP } from './scripts.ts';

/** A time of leading. */
export interface Term {
  /** Higher than that of every term before it: whoever is acted upon can refuse those who come late. */
  readonly fence: number;
  /** Aborts when the term is over. */
  readonly signal: AbortSignal;
}

export interface LeaderLeaseOptions {
  /** What is led; one leader for each name under a prefix. */
  name: string;
  /** How long a leader that has died stays in office, in seconds. Default 10. */
  leaseS?: number;
  /** Where time comes from. Default: the process's monotonic clock, read anew each time. */
  clock?: Clock;
  onGained?: (term: Term) => void;
  onLost?: (term: Term) => void;
  /** Called for each attempt that failed, and for errors of the callbacks above. */
  onError?: (error: unknown) => void;
}

/**
 * The lease ends here so much earlier than in Redis, as a part of it: no two clocks run quite alike.
 */
const SAFETY = 0.1;

interface HeldTerm {
  readonly term: Term;
  readonly token: string;
  readonly controller: AbortController;
  validUntil: number;
}

/**
 * Lets one of several processes lead, from its construction until it is closed. Without Redis nobody leads:
 * a leader that cannot renew its lease steps down before another could get it, by its own clock, which runs
 * on while a process is suspended.
 *
 * `term` is to be asked right before each act, not kept. A process that is suspended between asking and
 * acting can still come late; {@link Term.fence} is for those who can tell, {@link confirm} makes it rarer.
 */
export class LeaderLease implements AsyncDisposable {
  readonly #link: RedisLink;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #keys: readonly [string, string];
  readonly #onGained: (term: Term) => void;
  readonly #onLost: (term: Term) => void;
  readonly #onError: (error: unknown) => void;
  readonly #stopListening: () => void;
  #office: HeldTerm | undefined;
  #attempt: Promise<void> | undefined;
  #cancelAttempt = () => {};
  #cancelExpiry = () => {};
  #closed = false;

  constructor(link: RedisLink, options: LeaderLeaseOptions) {
    this.#link = link;
    // A coarse clock may show, for a moment after a suspension, the time before it.
    this.#clock = options.clock ?? { ...createSystemClock(), now: () => performance.now() };
    this.#leaseMs = (options.leaseS ?? 10) * 1000;
    const base = `${link.prefix}:{${options.name}}`;
    this.#keys = [`${base}:leader`, `${base}:fence`];
    this.#onGained = options.onGained ?? (() => {});
    this.#onLost = options.onLost ?? (() => {});
    this.#onError = options.onError ?? (() => {});
    this.#stopListening = link.onUp(() => void this.#run());
    void this.#run();
  }

  /** The term under way, or undefined: some other process leads, or nobody does. */
  get term(): Term | undefined {
    const office = this.#office;
    if (office === undefined) return undefined;
    if (this.#clock.now() < office.validUntil) return office.term;
    this.#stepDown(office);
    return undefined;
  }

  /** Asks Redis whether this process leads now, for acts that nobody checks the fence of. */
  async confirm(): Promise<boolean> {
    const office = this.#office;
    if (office === undefined || this.term === undefined) return false;
    await this.#extend(office);
    return this.term !== undefined;
  }

  /** Steps down, and lets the next one lead at once if Redis can be told. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelAttempt();
    this.#stopListening();
    await this.#attempt;
    const office = this.#office;
    if (office === undefined) return;
    this.#stepDown(office);
    try {
      await RELEASE_LEADERSHIP.run(this.#link, [this.#keys[0]], [office.token]);
    } catch (error) {
      this.#onError(error);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** One attempt at a time, and the next one in due course. */
  #run(): Promise<void> {
    this.#cancelAttempt();
    this.#attempt ??= this.#try()
      .catch((error) => {
        this.#onError(error);
        return this.#leaseMs / (this.#office ? 10 : 3);
      })
      .then((nextMs) => {
        this.#attempt = undefined;
        if (!this.#closed) this.#cancelAttempt = this.#clock.after(nextMs, () => void this.#run());
      });
    return this.#attempt;
  }

  /** @returns in how many milliseconds to try again */
  async #try(): Promise<number> {
    const office = this.#office;
    if (office !== undefined && this.term !== undefined) {
      await this.#extend(office);
      if (this.term !== undefined) return this.#leaseMs / 3;
    }
    const sentAt = this.#clock.now();
    const token = randomUUID();
    const reply = await ACQUIRE_LEADERSHIP.run(this.#link, this.#keys, [token, String(this.#leaseMs)]);
    const [gained, number] = Array.isArray(reply) ? reply.map(Number) : [];
    if (gained !== 1 || number === undefined) {
      // As the lease of the one in office ends, and before, since it may resign.
      return Math.min((number ?? this.#leaseMs) + 1, this.#leaseMs / 3);
    }
    this.#takeOffice(token, number, sentAt);
    return this.#leaseMs / 3;
  }

  async #extend(office: HeldTerm): Promise<void> {
    const sentAt = this.#clock.now();
    const args = [office.token, String(this.#leaseMs)];
    const extended = await EXTEND_LEADERSHIP.run(this.#link, [this.#keys[0]], args);
    if (extended !== 1) this.#stepDown(office);
    else if (office === this.#office) this.#holdUntil(office, sentAt);
  }

  #takeOffice(token: string, fence: number, sentAt: number): void {
    const controller = new AbortController();
    const office: HeldTerm = {
      term: { fence, signal: controller.signal },
      token,
      controller,
      validUntil: 0,
    };
    this.#office = office;
    this.#holdUntil(office, sentAt);
    this.#tell(this.#onGained, office.term);
  }

  /** Counted from when the command was sent: Redis counts from when it got it. */
  #holdUntil(office: HeldTerm, sentAt: number): void {
    office.validUntil = sentAt + this.#leaseMs * (1 - SAFETY);
    this.#cancelExpiry();
    const leftMs = Math.max(0, office.validUntil - this.#clock.now());
    this.#cancelExpiry = this.#clock.after(leftMs, () => this.#stepDown(office));
  }

  #stepDown(office: HeldTerm): void {
    if (office !== this.#office) return;
    this.#office = undefined;
    this.#cancelExpiry();
    office.controller.abort();
    this.#tell(this.#onLost, office.term);
  }

  #tell(callback: (term: Term) => void, term: Term): void {
    try {
      callback(term);
    } catch (error) {
      this.#onError(error);
    }
  }
}
