import { randomUUID } from 'node:crypto';
import type { ByteStore, StoredBytes } from '../cache/index.ts';
import { asBuffer, wholeMs } from './arguments.ts';
import type { RedisLink } from './link.ts';
import { GET_BYTES, SET_BYTES } from './scripts.ts';

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

  /**
   * @param link connection to Redis; it stays open when the store is no longer used
   * @param namespace separates the keys of this store from others under the same prefix
   */
  constructor(link: RedisLink, namespace: string) {
    this.#link = link;
    this.#base = `${link.prefix}:{${namespace}}`;
  }

  /**
   * Reads an entry.
   * @returns undefined if there is none, or if it has expired
   * @throws {@link RedisLink.send}'s errors
   */
  async get(key: string): Promise<StoredBytes | undefined> {
    const reply = await GET_BYTES.run(this.#link, [this.#generation, this.#entry(key)], []);
    if (!Array.isArray(reply)) return undefined;
    const [bytes, ttlMs] = reply;
    return bytes instanceof Uint8Array && Number(ttlMs) > 0 ? { bytes, ttlMs: Number(ttlMs) } : undefined;
  }

  /**
   * Writes an entry, replacing any previous one.
   * @throws RangeError if `ttlMs` is not above 0
   * @throws {@link RedisLink.send}'s errors
   */
  async set(key: string, bytes: Uint8Array, ttlMs: number): Promise<void> {
    if (!(ttlMs > 0)) throw new RangeError(`ttlMs must be above 0, not ${ttlMs}`);
    const keys = [this.#generation, this.#entry(key)];
    await SET_BYTES.run(this.#link, keys, [randomUUID(), wholeMs(ttlMs), asBuffer(bytes)]);
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

  get #generation(): string {
    return `${this.#base}:generation`;
  }

  #entry(key: string): string {
    return `${this.#base}:bytes:${key}`;
  }
}
