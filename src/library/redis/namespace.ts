import { randomUUID } from 'node:crypto';
import { type Freshness, isGlob } from '../cache/index.ts';
import { asBuffer, wholeMs } from './byte-store.ts';
import type { RedisReply } from './connection.ts';
import type { Invalidation } from './invalidation.ts';
import type { RedisLink } from './link.ts';
import { CHANGE, FETCH, LATEST, RENEW, STORE } from './scripts.ts';

/** A change sent so shortly before a connection ended may be missing where Redis has failed over. */
const UNSURE_MS = 10_000;

/** The right to load a key, and to store it, until the key is invalidated. */
export interface Lease {
  readonly key: string;
  readonly token: string;
  readonly generation: string;
}

export type Fetched =
  | { readonly kind: 'hit'; readonly bytes: Uint8Array; readonly freshness: Freshness }
  /** To be loaded by the caller. */
  | { readonly kind: 'lead'; readonly lease: Lease }
  /** Being loaded by another process, whose lease ends, unless renewed, in so many milliseconds. */
  | { readonly kind: 'wait'; readonly leaseMs: number }
  /** Redis cannot be used for this key now. */
  | { readonly kind: 'none' };

/** What became of the calls to Redis. */
export interface RedisCounters {
  /** Values found in Redis. */
  hits: number;
  /** Leases got, that is, loads done for all processes. */
  leads: number;
  /** Times that a load of another process was waited for. */
  waits: number;
  /** Times that Redis could not be used, and the source was read directly. */
  bypasses: number;
  /** Values that Redis took. */
  stored: number;
  /** Values that it did not take: the key was invalidated meanwhile, the lease lost, or Redis is full. */
  refused: number;
  /** Commands that failed. */
  faults: number;
}

/**
 * One namespace of values in Redis. No call of it rejects; a fault is counted and reported.
 *
 * A change that could not be sent for certain makes the tier doubtful: nothing is taken from Redis until
 * the whole namespace has been given a new generation.
 */
export class RedisNamespace {
  readonly channel: string;
  readonly id = randomUUID();
  readonly counters: RedisCounters = {
    hits: 0,
    leads: 0,
    waits: 0,
    bypasses: 0,
    stored: 0,
    refused: 0,
    faults: 0,
  };
  readonly #link: RedisLink;
  readonly #base: string;
  readonly #leaseMs: number;
  readonly #onError: (error: unknown, key: string) => void;
  readonly #stopListening: () => void;
  /** The highest number of a change that this process has seen. */
  #known = 0;
  #doubtful = false;
  #lastChangeAt = Number.NEGATIVE_INFINITY;
  #renewal: Promise<boolean> | undefined;
  /** Writes that Redis has not answered. */
  readonly #writes = new Set<Promise<unknown>>();

  constructor(parts: {
    link: RedisLink;
    namespace: string;
    leaseMs: number;
    onError: (error: unknown, key: string) => void;
  }) {
    this.#link = parts.link;
    this.#base = `${parts.link.prefix}:{${parts.namespace}}`;
    this.channel = `${this.#base}:bus`;
    this.#leaseMs = parts.leaseMs;
    this.#onError = parts.onError;
    this.#stopListening = parts.link.onUp(() => {
      if (parts.link.clock.now() - this.#lastChangeAt < UNSURE_MS) this.#doubtful = true;
      if (this.#doubtful) void this.#renew();
    });
  }

  async fetch(key: string): Promise<Fetched> {
    const token = randomUUID();
    try {
      if (this.#doubtful && !(await this.#renew())) return this.#bypass();
      const args = [...this.#stateArgs(), token, String(this.#leaseMs)];
      const reply = await FETCH.run(this.#link, this.#keysOf(key), args);
      // Doubt that came while this was under way applies to its answer.
      if (this.#doubtful || !Array.isArray(reply)) return this.#bypass();
      return this.#fetched(key, token, reply);
    } catch (error) {
      this.#fault(error, key);
      return this.#bypass();
    }
  }

  /** Ends a lease, with the value that was loaded or without one. */
  store(lease: Lease, value?: { bytes: Uint8Array; freshness: Freshness }): Promise<void> {
    return this.#written(this.#store(lease, value));
  }

  async #store(lease: Lease, value?: { bytes: Uint8Array; freshness: Freshness }): Promise<void> {
    const ttlMs = (value?.freshness.ttlS ?? 0) * 1000;
    const lifeMs = ttlMs + (value?.freshness.ageS ?? 0) * 1000;
    const args = [
      this.channel,
      lease.token,
      lease.generation,
      wholeMs(ttlMs),
      wholeMs(lifeMs),
      this.#message('loaded', lease.key),
      ...(value && ttlMs > 0 ? [asBuffer(value.bytes)] : []),
    ];
    try {
      const stored = await STORE.run(this.#link, this.#keysOf(lease.key), args);
      if (value) this.counters[stored === 1 ? 'stored' : 'refused'] += 1;
    } catch (error) {
      this.#fault(error, lease.key);
    }
  }

  /** @returns false once the lease is lost. A fault says nothing. */
  async renew(lease: Lease): Promise<boolean> {
    try {
      const keys = [this.#keysOf(lease.key)[2]!];
      return (await RENEW.run(this.#link, keys, [lease.token, String(this.#leaseMs)])) !== 0;
    } catch (error) {
      this.#fault(error, lease.key);
      return true;
    }
  }

  /**
   * Makes what Redis holds for a key or a glob not count any more, in every process, nor what loads under
   * way would store. Commands sent later find it done. For a glob everything in the namespace goes: too
   * much is right where too little is wrong, and Redis cannot be asked which keys match.
   */
  async change(op: Exclude<Invalidation['op'], 'loaded'>, pattern: string): Promise<void> {
    const many = op !== 'delete' && isGlob(pattern);
    const keys = many ? [this.#stateKey] : this.#keysOf(pattern);
    await this.#change(keys, [this.#message(op, pattern)]);
  }

  /** Puts a value in place of whatever is there or being loaded. */
  async replace(key: string, bytes: Uint8Array, ttlS: number): Promise<void> {
    if (ttlS === 0) return await this.change('delete', key);
    const args = [this.#message('delete', key), wholeMs(ttlS * 1000), asBuffer(bytes)];
    await this.#change(this.#keysOf(key), args);
  }

  /** The number of the latest change; undefined if Redis does not say. */
  async latestChange(): Promise<number | undefined> {
    try {
      const number = await LATEST.run(this.#link, [this.#stateKey], this.#stateArgs());
      this.#learn(number);
      return Number(number);
    } catch (error) {
      this.#fault(error, '*');
    }
  }

  /** Waits until all that was written so far has been answered, or given up at the deadline of a command. */
  async flush(): Promise<void> {
    await Promise.all(this.#writes);
  }

  close(): void {
    this.#stopListening();
  }

  #written<T>(write: Promise<T>): Promise<T> {
    this.#writes.add(write);
    return write.finally(() => this.#writes.delete(write));
  }

  #change(keys: readonly string[], args: readonly (string | Buffer)[]): Promise<boolean> {
    return this.#written(this.#send(keys, args));
  }

  async #send(keys: readonly string[], args: readonly (string | Buffer)[]): Promise<boolean> {
    this.#lastChangeAt = this.#link.clock.now();
    try {
      const all = [...this.#stateArgs(), ...args];
      this.#learn(await CHANGE.runInOrder(this.#link, keys, all));
      return true;
    } catch (error) {
      this.#doubtful = true;
      this.#fault(error, keys[1] ?? '*');
      return false;
    }
  }

  /** One at a time; whoever needs Redis meanwhile waits for it. */
  #renew(): Promise<boolean> {
    this.#renewal ??= this.#change([this.#stateKey], [this.#message('invalidate', '*')])
      .then((done) => {
        if (done) this.#doubtful = false;
        return done;
      })
      .finally(() => {
        this.#renewal = undefined;
      });
    return this.#renewal;
  }

  #fetched(key: string, token: string, [kind, generation, number, ...rest]: RedisReply[]): Fetched {
    this.#learn(number);
    switch (String(kind)) {
      case 'hit': {
        const [bytes, leftMs, lifeMs] = rest;
        if (!(bytes instanceof Uint8Array)) return this.#bypass();
        this.counters.hits += 1;
        const ageS = Math.max(0, Number(lifeMs) - Number(leftMs)) / 1000;
        return { kind: 'hit', bytes, freshness: { ageS, ttlS: Number(leftMs) / 1000 } };
      }
      case 'lead':
        this.counters.leads += 1;
        return { kind: 'lead', lease: { key, token, generation: String(generation) } };
      case 'wait':
        this.counters.waits += 1;
        return { kind: 'wait', leaseMs: Math.max(0, Number(rest[0])) };
      default:
        return this.#bypass();
    }
  }

  #bypass(): Fetched {
    this.counters.bypasses += 1;
    return { kind: 'none' };
  }

  #learn(number: RedisReply | undefined): void {
    this.#known = Math.max(this.#known, Number(number) || 0);
  }

  #message(op: Invalidation['op'], pattern: string): string {
    return JSON.stringify({ op, pattern, from: this.id } satisfies Invalidation);
  }

  #stateArgs(): string[] {
    return [String(this.#known), randomUUID(), this.channel];
  }

  get #stateKey(): string {
    return `${this.#base}:state`;
  }

  #keysOf(key: string): string[] {
    return [this.#stateKey, `${this.#base}:entry:${key}`, `${this.#base}:lease:${key}`];
  }

  #fault(error: unknown, key: string): void {
    this.counters.faults += 1;
    this.#onError(error, key);
  }
}
