import { RedisByteStore, type RedisLink } from '../../redis/index.ts';
import { countRead, countWrite, createCounters } from '../counters.ts';
import type { SessionKeys } from '../keys.ts';
import type { SessionCache } from './session-cache.ts';

/** Larger objects are not cached, in bytes. */
const MAX_OBJECT_BYTES = 8 * 1024 * 1024;

/** Options of a {@link RedisCache}. */
export interface RedisCacheOptions {
  /** Connection to Redis. Its commands transfer packs of up to 8 MiB: set `commandTimeoutMs` accordingly. */
  link: RedisLink;
  /** How long an object is kept, in seconds. Default 3600. */
  ttlS?: number;
  /** Called for errors of Redis. They cost time, but fail nothing. */
  onError?: (error: unknown) => void;
}

/**
 * Manifests and packs in Redis, as bytes, in front of another storage. All objects of a session have the same hash tag.
 * While Redis is unavailable, every read is a miss.
 */
export class RedisCache implements SessionCache {
  readonly counters = createCounters();
  readonly #link: RedisLink;
  readonly #ttlMs: number;
  readonly #onError: (error: unknown) => void;

  /** @throws RangeError if `ttlS` is not above 0 */
  constructor({ link, ttlS = 3600, onError = () => {} }: RedisCacheOptions) {
    if (!(ttlS > 0)) throw new RangeError(`ttlS must be above 0 seconds, not ${ttlS}`);
    this.#link = link;
    this.#ttlMs = ttlS * 1000;
    this.#onError = onError;
  }

  async get(keys: SessionKeys, key: string): Promise<Uint8Array | undefined> {
    const read = async () => (await this.#objectsOf(keys).get(nameOf(keys, key)))?.bytes;
    try {
      return await countRead(this.counters, read);
    } catch (error) {
      this.#onError(error);
      return undefined;
    }
  }

  async set(keys: SessionKeys, key: string, bytes: Uint8Array): Promise<void> {
    if (bytes.length > MAX_OBJECT_BYTES) return;
    await this.#write(keys, bytes.length, (objects) => objects.set(nameOf(keys, key), bytes, this.#ttlMs));
  }

  async drop(keys: SessionKeys, key: string): Promise<void> {
    await this.#write(keys, 0, (objects) => objects.delete(nameOf(keys, key)));
  }

  async dropSession(keys: SessionKeys): Promise<void> {
    await this.#write(keys, 0, (objects) => objects.clear());
  }

  /** Does not close the connection, which may be shared. */
  async [Symbol.asyncDispose](): Promise<void> {}

  async #write(
    keys: SessionKeys,
    size: number,
    write: (objects: RedisByteStore) => Promise<void>,
  ): Promise<void> {
    try {
      await countWrite(this.counters, size, () => write(this.#objectsOf(keys)));
    } catch (error) {
      this.#onError(error);
    }
  }

  #objectsOf(keys: SessionKeys): RedisByteStore {
    return new RedisByteStore(this.#link, keys.cacheNamespace);
  }
}

function nameOf(keys: SessionKeys, key: string): string {
  return key.slice(keys.root.length);
}
