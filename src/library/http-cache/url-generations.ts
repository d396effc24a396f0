import { randomUUID } from 'node:crypto';
import type { ByteStore } from '../cache/index.ts';

/** How long an invalidation is kept: longer than any request that was sent before it takes. */
const INVALIDATION_TTL_MS = 3600 * 1000;
const MAX_NEW = 1000;

/**
 * The generations of URLs without a record. A URL's record contains its generation; an invalidation writes a new one
 * under a key of its own and deletes the record.
 */
export class UrlGenerations {
  readonly #store: ByteStore;
  /** Generations of URLs that were never stored, by URL key: requests sent at the same time have the same one. */
  readonly #new = new Map<string, string>();

  constructor(store: ByteStore) {
    this.#store = store;
  }

  /** The generation of a URL without a record, if it has one already. @throws the store's error */
  async known(urlKey: string): Promise<string | undefined> {
    return (await this.last(urlKey)) ?? this.#new.get(urlKey);
  }

  /** A generation for a URL that has none. */
  start(urlKey: string): string {
    const existing = this.#new.get(urlKey);
    if (existing !== undefined) return existing;
    if (this.#new.size >= MAX_NEW) this.#new.delete(this.#new.keys().next().value!);
    const generation = randomUUID();
    this.#new.set(urlKey, generation);
    return generation;
  }

  /** Call when the URL has a record, or a new generation. */
  forget(urlKey: string): void {
    this.#new.delete(urlKey);
  }

  /** The generation that the last invalidation started; undefined if it is long ago. @throws the store's error */
  async last(urlKey: string): Promise<string | undefined> {
    const stored = await this.#store.get(invalidationKey(urlKey));
    return stored && Buffer.from(stored.bytes).toString();
  }

  /** Like {@link last}, never from a copy in this process that another one may have replaced. @throws the store's error */
  async latest(urlKey: string): Promise<string | undefined> {
    const key = invalidationKey(urlKey);
    const stored = await (this.#store.getLatest?.(key) ?? this.#store.get(key));
    return stored && Buffer.from(stored.bytes).toString();
  }

  /** Writes the generation that an invalidation starts. @throws the store's error */
  async write(urlKey: string, generation: string): Promise<void> {
    await this.#store.set(invalidationKey(urlKey), Buffer.from(generation), INVALIDATION_TTL_MS);
  }
}

function invalidationKey(urlKey: string): string {
  return `${urlKey}:invalidated`;
}
