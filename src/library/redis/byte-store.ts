import { randomUUID } from 'node:crypto';
import type { ByteStore, StoredBytes } from '../cache/index.ts';
import type { RedisLink } from './link.ts';
import { GET_BYTES, SET_BYTES } from './scripts.ts';

/**
 * Bytes in Redis, which also ends their life. One round trip a call. Each entry carries the generation in
 * which it was written, a random one: to clear the namespace is to change that, whatever it holds. If Redis
 * loses the generation, all entries are lost with it; the next one is another.
 */
export class RedisByteStore implements ByteStore {
  readonly #link: RedisLink;
  readonly #base: string;

  /** @param namespace what tells this store's keys from those of others under the same prefix */
  constructor(link: RedisLink, namespace: string) {
    this.#link = link;
    this.#base = `${link.prefix}:{${namespace}}`;
  }

  async get(key: string): Promise<StoredBytes | undefined> {
    const reply = await GET_BYTES.run(this.#link, [this.#generation, this.#entry(key)], []);
    if (!Array.isArray(reply)) return undefined;
    const [bytes, ttlMs] = reply;
    return bytes instanceof Uint8Array && Number(ttlMs) > 0 ? { bytes, ttlMs: Number(ttlMs) } : undefined;
  }

  /** @throws RangeError for a time to live that is not above 0. */
  async set(key: string, bytes: Uint8Array, ttlMs: number): Promise<void> {
    if (!(ttlMs > 0)) throw new RangeError(`ttlMs must be above 0, not ${ttlMs}`);
    const keys = [this.#generation, this.#entry(key)];
    await SET_BYTES.run(this.#link, keys, [randomUUID(), wholeMs(ttlMs), asBuffer(bytes)]);
  }

  async delete(key: string): Promise<void> {
    await this.#link.send(['DEL', this.#entry(key)]);
  }

  /** Forgets everything in this namespace, in constant time. */
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

/** Up to what Redis takes for a time: more than 285 years are as good as for ever. */
const MAX_MS = 2 ** 53 - 1 - 8.64e15 / 2;

/** Whole, and no shorter than a millisecond: Redis refuses a fraction, and takes 0 for a removal. */
export function wholeMs(ms: number): string {
  return String(Math.max(1, Math.floor(Math.min(ms, MAX_MS))));
}

export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
