import { randomUUID } from 'node:crypto';
import { isGlob, type KeyFilter } from '../cache/index.ts';
import { asBuffer, wholeMs } from './arguments.ts';
import { BatchedReads } from './batched-reads.ts';
import type { CommandArgument, RedisReply } from './connection.ts';
import { CorruptValueError } from './errors.ts';
import type { Invalidation } from './invalidation.ts';
import type { RedisLink } from './link.ts';
import { type RedisCounters, zeroRedisCounters } from './redis-counters.ts';
import type { Script } from './script.ts';
import { CHANGE, LATEST, READ, READ_OR_LEASE, RENEW, STORE } from './scripts.ts';
import { ServerClock } from './server-clock.ts';
import { createStateParser, parseEntry, type StoredValue, valueAt } from './stored-entry.ts';

/** A change sent within this time before the connection was lost may be missing after a failover. */
const FAILOVER_WINDOW_MS = 10_000;

/** The right to load a key and to store its value. It ends early if the key is invalidated. */
export interface Lease {
  readonly key: string;
  readonly token: string;
  /** Generation of the namespace in which the lease was acquired. */
  readonly generation: string;
}

/** Result of {@link RedisNamespace.readOrLease}. */
export type ReadOrLeaseResult =
  /** The caller decodes the value, and then calls `countHit` or `removeCorrupt`. */
  | { readonly kind: 'hit'; readonly stored: StoredValue }
  /** The caller has acquired the lease and loads the value. */
  | { readonly kind: 'lead'; readonly lease: Lease }
  /** Another process is loading the value. Its lease ends in `leaseMs` unless renewed. */
  | { readonly kind: 'wait'; readonly leaseMs: number }
  /** Redis cannot be used for this key now. */
  | { readonly kind: 'unavailable' };

/** Result of a read without a script. `undecided`: only a script can find out. */
export type PlainRead =
  | { readonly kind: 'hit'; readonly stored: StoredValue }
  | { readonly kind: 'miss' | 'undecided' | 'failed' };

const MISS: PlainRead = { kind: 'miss' };
const UNDECIDED: PlainRead = { kind: 'undecided' };
const FAILED: PlainRead = { kind: 'failed' };

/**
 * The entries, leases and change numbers of one namespace in Redis. No method rejects: a failed command is counted
 * and passed to `onError`.
 *
 * After a change that may not have reached Redis, no value is read from Redis until the whole namespace has a
 * new generation.
 */
export class RedisNamespace {
  /** Name of the channel on which changes are published. */
  readonly channel: string;
  /** Identifies this process as the sender of a change. */
  readonly id = randomUUID();
  /** Incremented by each call. */
  readonly counters: RedisCounters = zeroRedisCounters();
  readonly #link: RedisLink;
  /** The link for scripts that read. */
  readonly #reads: Pick<RedisLink, 'send'>;
  readonly #plainReads: BatchedReads<PlainRead>;
  readonly #base: string;
  readonly #onError: (error: unknown, key: string) => void;
  readonly #removeListener: () => void;
  readonly #serverClock: ServerClock;
  /** Highest change number that this process has seen. */
  #latestSeen = 0;
  #needsNewGeneration = false;
  #startingGeneration: Promise<boolean> | undefined;
  readonly #parseState = createStateParser();
  #lastChangeAt = Number.NEGATIVE_INFINITY;
  /** The latest change sent, until it is answered. */
  #latestChange: Promise<unknown> | undefined;
  /** Writes without a reply. */
  readonly #pendingWrites = new Set<Promise<unknown>>();

  constructor(link: RedisLink, namespace: string, onError: (error: unknown, key: string) => void) {
    this.#link = link;
    this.#reads = { send: (args, weight) => this.#sendRead(args, weight) };
    this.#base = `${link.prefix}:{${namespace}}`;
    this.#plainReads = new BatchedReads({
      commonKey: this.#stateKey,
      send: this.#reads.send,
      toRedisKey: (key) => this.#entryKey(key),
      onReply: (_key, state, entry) => this.#toPlainRead(state, entry),
      onError: (key, error) => {
        this.#reportFault(error, key);
        return FAILED;
      },
    });
    this.channel = `${this.#base}:invalidations`;
    this.#onError = onError;
    this.#serverClock = new ServerClock(link.clock);
    this.#removeListener = link.onConnected(() => {
      this.#serverClock.reset();
      if (link.clock.now() - this.#lastChangeAt < FAILOVER_WINDOW_MS) this.#needsNewGeneration = true;
      if (this.#needsNewGeneration) void this.#startGeneration();
    });
  }

  /**
   * Reads the value of a key. The caller decodes it, and then calls {@link countHit} or {@link removeCorrupt}.
   * @returns undefined if there is none or Redis cannot be used
   */
  async read(key: string): Promise<StoredValue | undefined> {
    const plain = await this.readPlain(key);
    if (plain.kind === 'hit') return plain.stored;
    let { kind }: { kind: string } = plain;
    if (kind === 'undecided') {
      const reply = await this.#query(READ, key, this.#keysOf(key).slice(0, 2));
      const stored = reply?.kind === 'hit' ? this.#toStoredValue(reply.rest[0], reply.serverMs) : undefined;
      if (stored) return stored;
      kind = reply?.kind ?? 'failed';
    }
    this.counters[kind === 'miss' ? 'misses' : 'bypasses'] += 1;
    return undefined;
  }

  /**
   * Reads the value of a key, or acquires the lease to load it.
   * @param known the result of {@link readPlain} just before, if the caller has it
   */
  async readOrLease(key: string, leaseMs: number, known?: PlainRead): Promise<ReadOrLeaseResult> {
    const plain = known ?? (await this.readPlain(key));
    if (plain.kind === 'hit') return plain;
    const token = randomUUID();
    const args = [token, String(leaseMs)];
    const reply =
      plain.kind === 'failed' ? undefined : await this.#query(READ_OR_LEASE, key, this.#keysOf(key), args);
    const stored = reply?.kind === 'hit' ? this.#toStoredValue(reply.rest[0], reply.serverMs) : undefined;
    if (stored) return { kind: 'hit', stored };
    switch (reply?.kind) {
      case 'lead':
        this.counters.misses += 1;
        this.counters.leads += 1;
        return { kind: 'lead', lease: { key, token, generation: reply.generation } };
      case 'wait':
        this.counters.misses += 1;
        this.counters.waits += 1;
        return { kind: 'wait', leaseMs: Math.max(0, Number(reply.rest[0])) };
      default:
        this.counters.bypasses += 1;
        return { kind: 'unavailable' };
    }
  }

  /** Counts a value that has been read and decoded. */
  countHit(): void {
    this.counters.hits += 1;
  }

  /** Counts a value that has been read and cannot be decoded, and removes it, so that not every process fails on it. */
  removeCorrupt(key: string, cause: unknown): void {
    this.counters.misses += 1;
    this.counters.corrupt += 1;
    this.#onError(new CorruptValueError(cause), key);
    void this.invalidate('delete', key);
  }

  /** Ends a lease, and stores the loaded value if there is one. */
  store(lease: Lease, value?: StoredValue): Promise<void> {
    return this.#trackWrite(this.#store(lease, value));
  }

  /**
   * Extends a lease to `leaseMs` from now.
   * @returns false if the lease is lost; true also if the command failed, which does not show that it is
   */
  async renew(lease: Lease, leaseMs: number): Promise<boolean> {
    try {
      const keys = [this.#keysOf(lease.key)[2]!];
      return (await RENEW.run(this.#link, keys, [lease.token, String(leaseMs)])) !== 0;
    } catch (error) {
      this.#reportFault(error, lease.key);
      return true;
    }
  }

  /**
   * Invalidates the entries that match a key, a glob or tags, in every process, and the leases to load them. Commands
   * sent afterwards see the result. A glob and tags invalidate the whole namespace: Redis cannot list the keys that
   * match without scanning all of them, and invalidating too much is safe.
   */
  async invalidate(op: Exclude<Invalidation['op'], 'loaded'>, filter: KeyFilter): Promise<void> {
    const one = typeof filter === 'string' && (op === 'delete' || !isGlob(filter));
    const keys = one ? this.#keysOf(filter) : [this.#stateKey];
    await this.#change(keys, [this.#message(op, filter)]);
  }

  /** Replaces the value of a key, and invalidates the lease to load it. A TTL of 0 deletes the value. */
  async replace(key: string, bytes: Uint8Array, ttlS: number): Promise<void> {
    if (ttlS === 0) return await this.invalidate('delete', key);
    const args = [this.#message('delete', key), wholeMs(ttlS * 1000), asBuffer(bytes)];
    await this.#change(this.#keysOf(key), args);
  }

  /**
   * Stores the value of a key that has none.
   * @returns whether it was stored, or undefined if the command failed
   */
  async add(key: string, bytes: Uint8Array, ttlS: number): Promise<boolean | undefined> {
    const args = [this.#message('delete', key), wholeMs(ttlS * 1000), asBuffer(bytes), 'NX'];
    const number = await this.#change(this.#keysOf(key), args);
    return number === undefined ? undefined : number > 0;
  }

  /** Reads the number of the latest change. @returns undefined if the command failed */
  async latestChange(): Promise<number | undefined> {
    try {
      const sentAt = this.#link.clock.now();
      const reply = await LATEST.run(this.#link, [this.#stateKey], this.#stateArgs());
      const [number, serverMs] = Array.isArray(reply) ? reply : [];
      this.#serverClock.observe(Number(serverMs), sentAt);
      this.#noteChangeNumber(number);
      return Number(number);
    } catch (error) {
      this.#reportFault(error, '*');
    }
  }

  /** Resolves when each write so far has been answered or has timed out. */
  async flush(): Promise<void> {
    await Promise.all(this.#pendingWrites);
  }

  /** Stops listening to the link. */
  close(): void {
    this.#removeListener();
  }

  /**
   * Reads the value of a key by an MGET of the state and the entry, which takes Redis a sixth of the time of a script.
   * Reads of the same turn of the event loop share the MGET.
   *
   * This gives the same guarantee as the scripts: a reader never gets a value whose load started before an invalidation
   * that Redis has executed, whichever process sent it and whether or not this process has received its message. Redis
   * executes MGET at one moment between other commands, and the reply contains the generation of that moment. An
   * invalidation of many keys has replaced the generation, so that the entry has another one; an invalidation of one
   * key has removed the entry; and STORE writes a value only with the lease and in the generation of its load. So an
   * entry of the current generation is a value that no invalidation until that moment applies to. All reads that share an
   * MGET were called before it was sent. This would not hold if the generation were one that this process has stored:
   * then it would only hold after the message has arrived.
   *
   * Three cases are left to the scripts, as \`undecided\`: a change of this process has failed; Redis has lost changes,
   * since its number is lower than one that this process has seen, or has no state; or the time of the server is
   * unknown.
   */
  readPlain(key: string): Promise<PlainRead> {
    const usable = !this.#needsNewGeneration && this.#serverClock.now() !== undefined;
    return usable ? this.#plainReads.read(key) : Promise.resolve(UNDECIDED);
  }

  #toPlainRead(stateText: RedisReply | undefined, entryText: RedisReply | undefined): PlainRead {
    const state = this.#parseState(stateText);
    const serverMs = this.#serverClock.now();
    if (state === undefined || state.number < this.#latestSeen) return UNDECIDED;
    // A change may have failed, or the connection may have been replaced, since the command was sent.
    if (this.#needsNewGeneration || serverMs === undefined) return UNDECIDED;
    this.#noteChangeNumber(state.number);
    const entry = parseEntry(entryText);
    if (entryText instanceof Uint8Array && entry === undefined) this.counters.corrupt += 1;
    if (entry?.generation !== state.generation) return MISS;
    const stored = valueAt(entry, serverMs);
    return stored ? { kind: 'hit', stored } : UNDECIDED;
  }

  /**
   * Sends a command that reads. The reply of a change that was sent before precedes its reply, but both may arrive
   * together: the read waits until a failure of the change has been noted.
   */
  #sendRead(args: readonly CommandArgument[], weight?: number): Promise<RedisReply> {
    const change = this.#latestChange;
    const reply = this.#link.read(args, weight);
    return change === undefined ? reply : reply.then((value) => change.then(() => value));
  }

  /** Executes a script that reads. @returns undefined if Redis cannot be used for this key now */
  async #query(script: Script, key: string, keys: readonly string[], args: readonly string[] = []) {
    try {
      if (this.#needsNewGeneration && !(await this.#startGeneration())) return undefined;
      const sentAt = this.#link.clock.now();
      const reply = await script.run(this.#reads, keys, [...this.#stateArgs(), ...args]);
      // A change may have failed since the command was sent. Then the reply may be out of date.
      if (this.#needsNewGeneration || !Array.isArray(reply)) return undefined;
      const [kind, generation, number, time, ...rest] = reply;
      this.#noteChangeNumber(number);
      const serverMs = Number(time);
      this.#serverClock.observe(serverMs, sentAt);
      return { kind: String(kind), generation: String(generation), serverMs, rest };
    } catch (error) {
      this.#reportFault(error, key);
    }
  }

  /** @returns undefined if the entry has expired at `serverMs`, a time of the server */
  #toStoredValue(entryBytes: RedisReply | undefined, serverMs: number): StoredValue | undefined {
    const entry = parseEntry(entryBytes);
    return entry && valueAt(entry, serverMs);
  }

  async #store(lease: Lease, value?: StoredValue): Promise<void> {
    const ttlMs = (value?.freshness.ttlS ?? 0) * 1000;
    const lifetimeMs = ttlMs + (value?.freshness.ageS ?? 0) * 1000;
    const args = [
      this.channel,
      lease.token,
      lease.generation,
      wholeMs(ttlMs),
      wholeMs(lifetimeMs),
      this.#message('loaded', lease.key),
      ...(value && ttlMs > 0 ? [asBuffer(value.bytes)] : []),
    ];
    try {
      const stored = await STORE.run(this.#link, this.#keysOf(lease.key), args);
      if (value) this.counters[stored === 1 ? 'stored' : 'refused'] += 1;
    } catch (error) {
      this.#reportFault(error, lease.key);
    }
  }

  /** @returns the number of the change, 0 if it was not made, undefined if the command failed */
  #change(keys: readonly string[], args: readonly (string | Buffer)[]): Promise<number | undefined> {
    const change = this.#trackWrite(this.#sendChange(keys, args)).finally(() => {
      if (this.#latestChange === change) this.#latestChange = undefined;
    });
    this.#latestChange = change;
    return change;
  }

  async #sendChange(
    keys: readonly string[],
    args: readonly (string | Buffer)[],
  ): Promise<number | undefined> {
    this.#lastChangeAt = this.#link.clock.now();
    try {
      const number = await CHANGE.runInOrder(this.#link, keys, [...this.#stateArgs(), ...args]);
      this.#noteChangeNumber(number);
      return Number(number);
    } catch (error) {
      this.#needsNewGeneration = true;
      this.#reportFault(error, keys[1] ?? '*');
      return undefined;
    }
  }

  /** Gives the namespace a new generation. Concurrent callers share one attempt. @returns whether it succeeded */
  #startGeneration(): Promise<boolean> {
    this.#startingGeneration ??= this.#change([this.#stateKey], [this.#message('invalidate', '*')])
      .then((number) => {
        const succeeded = number !== undefined;
        if (succeeded) this.#needsNewGeneration = false;
        return succeeded;
      })
      .finally(() => {
        this.#startingGeneration = undefined;
      });
    return this.#startingGeneration;
  }

  #trackWrite<T>(write: Promise<T>): Promise<T> {
    this.#pendingWrites.add(write);
    return write.finally(() => this.#pendingWrites.delete(write));
  }

  #noteChangeNumber(number: RedisReply | undefined): void {
    this.#latestSeen = Math.max(this.#latestSeen, Number(number) || 0);
  }

  #message(op: Invalidation['op'], filter: KeyFilter): string {
    const selected = typeof filter === 'string' ? { pattern: filter } : { pattern: '*', tags: filter.tags };
    return JSON.stringify({ op, ...selected, from: this.id } satisfies Invalidation);
  }

  #stateArgs(): string[] {
    return [String(this.#latestSeen), randomUUID(), this.channel];
  }

  get #stateKey(): string {
    return `${this.#base}:state`;
  }

  /** Keys of the state, the entry and the lease. */
  #keysOf(key: string): string[] {
    return [this.#stateKey, this.#entryKey(key), `${this.#base}:lease:${key}`];
  }

  #entryKey(key: string): string {
    return `${this.#base}:entry:${key}`;
  }

  #reportFault(error: unknown, key: string): void {
    this.counters.faults += 1;
    this.#onError(error, key);
  }
}
