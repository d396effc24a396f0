import { randomUUID } from 'node:crypto';
import type { ByteStore, StoredBytes } from '../cache/index.ts';
import { asBuffer, wholeMs } from './arguments.ts';
import { BatchedReads } from './batched-reads.ts';
import type { RedisLink } from './link.ts';
import { SERVER_TIME, SET_BYTES } from './scripts.ts';
import { ServerClock } from './server-clock.ts';
import { parseEntry, type StoredEntry, valueAt } from './stored-entry.ts';

/**
 * A {@link ByteStore} in Redis. Redis expires the entries. Each call is one round trip.
 *
 * Each entry carries the generation in which it was written, a random ID. Clearing the namespace replaces the
 * generation, however many entries there are. If Redis loses the generation, it gets a new one, so entries of
 * the lost one never become valid again.
 */
export class RedisByteStore implements ByteStore {
  readonly #link: RedisLink;
  readonly #base: string;
  readonly #serverClock: ServerClock;
  readonly #reads: BatchedReads<StoredEntry | undefined>;

  /**
   * @param link connection to Redis; it stays open when the store is no longer used
   * @param namespace separates the keys of this store from others under the same prefix
   */
  constructor(link: RedisLink, namespace: string) {
    this.#link = link;
    this.#base = `${link.prefix}:{${namespace}}`;
    this.#serverClock = new ServerClock(link.clock);
    link.onConnected(() => this.#serverClock.reset());
    this.#reads = new BatchedReads({
      commonKey: this.#generation,
      send: (args, weight) => link.send(args, weight),
      toRedisKey: (key) => this.#entry(key),
      onReply: (_key, generation, value) => {
        const entry = parseEntry(value);
        return entry?.generation === String(generation) ? entry : undefined;
      },
      onError: (_key, error) => {
        throw error;
      },
    });
  }

  /**
   * Reads an entry. Reads of the same turn of the event loop share one MGET.
   * @returns undefined if there is none, or if it has expired
   * @throws {@link RedisLink.send}'s errors
   */
  async get(key: string): Promise<StoredBytes | undefined> {
    if (this.#serverClock.now() === undefined) await this.#readServerTime();
    const entry = await this.#reads.read(key);
    const serverMs = this.#serverClock.now();
    if (entry === undefined || serverMs === undefined) return undefined;
    const value = valueAt(entry, serverMs);
    return value && { bytes: value.bytes, ttlMs: value.freshness.ttlS * 1000 };
  }

  /**
   * Writes an entry, replacing any previous one.
   * @throws RangeError if `ttlMs` is not above 0
   * @throws {@link RedisLink.send}'s errors
   */
  async set(key: string, bytes: Uint8Array, ttlMs: number): Promise<void> {
    await this.#write(key, bytes, ttlMs);
  }

  /**
   * Writes an entry if there is none.
   * @returns whether it was written
   * @throws RangeError if `ttlMs` is not above 0
   * @throws {@link RedisLink.send}'s errors
   */
  add(key: string, bytes: Uint8Array, ttlMs: number): Promise<boolean> {
    return this.#write(key, bytes, ttlMs, 'NX');
  }

  /**
   * Removes an entry.
   * @throws {@link RedisLink.send}'s errors
   */
  async delete(key: string): Promise<void> {
    await this.#link.send(['DEL', this.#entry(key)]);
  }

  /**
   * Removes all entries of this namespace, in constant time.
   * @throws {@link RedisLink.send}'s errors
   */
  async clear(): Promise<void> {
    await this.#link.send(['SET', this.#generation, randomUUID()]);
  }

  async #write(key: string, bytes: Uint8Array, ttlMs: number, ...flags: string[]): Promise<boolean> {
    if (!(ttlMs > 0)) throw new RangeError(`ttlMs must be above 0, not ${ttlMs}`);
    const keys = [this.#generation, this.#entry(key)];
    const sentAt = this.#link.clock.now();
    const args = [randomUUID(), wholeMs(ttlMs), asBuffer(bytes), ...flags];
    const reply = await SET_BYTES.run(this.#link, keys, args);
    const [written, serverMs] = Array.isArray(reply) ? reply : [];
    this.#serverClock.observe(Number(serverMs), sentAt);
    return written === 1;
  }

  /** An entry contains when it was written, by the clock of the server. */
  async #readServerTime(): Promise<void> {
    const sentAt = this.#link.clock.now();
    this.#serverClock.observe(Number(await SERVER_TIME.run(this.#link, [], [])), sentAt);
  }

  get #generation(): string {
    return `${this.#base}:generation`;
  }

  #entry(key: string): string {
    return `${this.#base}:bytes:${key}`;
  }
}
