import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResponseStore, StoreUsage } from '../../library/gateway/index.ts';
import type { RedisLink } from '../../library/redis/index.ts';

/** Where the caches of apps are stored. */
export type StoreLocation =
  | { readonly kind: 'disk'; readonly dir: string }
  | {
      readonly kind: 'redis';
      readonly url: string;
      /** First part of every key. */
      readonly prefix: string;
      readonly connectTimeoutMs: number;
    };

/** How stores are opened. */
export interface ResponseStoresOptions {
  readonly location: StoreLocation;
  /** BROWSER_CACHE_MAX_BYTES: for each namespace. */
  readonly maxBytes: number;
  /** Called for errors that fail no request. */
  readonly onError: (error: unknown) => void;
}

/** The store of one namespace. */
interface NamespaceStore {
  readonly store: ResponseStore;
  evictions(): number;
  close(): Promise<void>;
  /** Removes what remains when the namespace has been cleared. */
  remove(): Promise<void>;
}

type OpenStore = (namespace: string) => Promise<NamespaceStore>;

/** Body blocks have up to 512 KiB, so commands may take longer than those of the other caches. */
const COMMAND_TIMEOUT_MS = 2000;

/**
 * The stored responses of all apps: one store for each namespace, so that each is bounded by itself and an app that
 * loads a lot does not push out the responses of others. Stores are opened when they are first used.
 */
export class ResponseStores implements ResponseStore {
  readonly #open: OpenStore;
  readonly #close: () => void;
  readonly #stores = new Map<string, Promise<NamespaceStore>>();
  /** Those that are open, for figures. */
  readonly #opened = new Map<string, NamespaceStore>();

  /** Use {@link openResponseStores}. */
  constructor(open: OpenStore, close: () => void = () => {}) {
    this.#open = open;
    this.#close = close;
  }

  /** Responses that this process has removed to make room, in all stores that are open. */
  get evictions(): number {
    return [...this.#opened.values()].reduce((sum, store) => sum + store.evictions(), 0);
  }

  /** Responses that this process has removed from a namespace to make room. */
  evictionsOf(namespace: string): number {
    return this.#opened.get(namespace)?.evictions() ?? 0;
  }

  /** Whether a namespace was used since the start. */
  has(namespace: string): boolean {
    return this.#opened.has(namespace);
  }

  /** How much a namespace contains; undefined if it contains nothing. */
  async usageOf(namespace: string): Promise<StoreUsage | undefined> {
    const { store } = await this.#of(namespace);
    return (await store.usage()).find((usage) => usage.namespace === namespace);
  }

  /** Closes the store of a namespace that was cleared, and removes what remains of it. */
  async remove(namespace: string): Promise<void> {
    const store = await this.#of(namespace);
    this.#stores.delete(namespace);
    this.#opened.delete(namespace);
    await store.close();
    await store.remove();
  }

  /** Closes all stores. */
  async close(): Promise<void> {
    const stores = await Promise.allSettled(this.#stores.values());
    await Promise.all(stores.map((result) => result.status === 'fulfilled' && result.value.close()));
    this.#close();
  }

  async get(namespace: string, key: string) {
    return await (await this.#of(namespace)).store.get(namespace, key);
  }

  async writer(...call: Parameters<ResponseStore['writer']>) {
    return await (await this.#of(call[0])).store.writer(...call);
  }

  async delete(namespace: string, key: string) {
    return await (await this.#of(namespace)).store.delete(namespace, key);
  }

  async clearNamespace(namespace: string) {
    await (await this.#of(namespace)).store.clearNamespace(namespace);
  }

  async list(...call: Parameters<ResponseStore['list']>) {
    return await (await this.#of(call[0])).store.list(...call);
  }

  /** How much the namespaces contain that were used since the start. */
  async usage() {
    const usages = await Promise.all([...this.#stores.keys()].map((namespace) => this.usageOf(namespace)));
    return usages.filter((usage) => usage !== undefined);
  }

  async tryLease(namespace: string, key: string) {
    return await (await this.#of(namespace)).store.tryLease?.(namespace, key);
  }

  async leaseEnded(...call: Parameters<NonNullable<ResponseStore['leaseEnded']>>) {
    return (await (await this.#of(call[0])).store.leaseEnded?.(...call)) ?? true;
  }

  async #of(namespace: string): Promise<NamespaceStore> {
    let opening = this.#stores.get(namespace);
    if (!opening) {
      opening = this.#open(namespace);
      this.#stores.set(namespace, opening);
      opening.then(
        (store) => this.#stores.get(namespace) === opening && this.#opened.set(namespace, store),
        // The next use tries again.
        () => this.#stores.get(namespace) === opening && this.#stores.delete(namespace),
      );
    }
    return await opening;
  }
}

/** Loads the library of the stores and returns them. */
export async function openResponseStores(options: ResponseStoresOptions): Promise<ResponseStores> {
  const { location, maxBytes, onError } = options;
  if (location.kind === 'disk') {
    const { openDiskStore } = await import('../../library/disk-store/index.ts');
    return new ResponseStores(async (namespace) => {
      const dir = join(location.dir, createHash('sha256').update(namespace).digest('hex').slice(0, 32));
      const store = await openDiskStore({ dir, maxBytes, onError });
      return {
        store,
        evictions: () => store.stats().evictions,
        close: () => store.close(),
        remove: () => rm(dir, { recursive: true, force: true, maxRetries: 3 }),
      };
    });
  }
  const [{ RedisLink }, { RedisResponseStore }] = await Promise.all([
    import('../../library/redis/index.ts'),
    import('../../library/gateway/index.ts'),
  ]);
  // A connection of its own: commands about engines must not wait behind bodies.
  const link = new RedisLink({
    url: location.url,
    prefix: location.prefix,
    commandTimeoutMs: COMMAND_TIMEOUT_MS,
    connectTimeoutMs: location.connectTimeoutMs,
    onLost: onError,
  });
  await connected(link, location.connectTimeoutMs);
  return new ResponseStores(
    async () => {
      const store = new RedisResponseStore(link, { maxBytes });
      return {
        store,
        evictions: () => store.evictions,
        close: async () => {},
        remove: async () => {},
      };
    },
    () => link.close(),
  );
}

/** Waits for the first connection, because commands fail without one. Without Redis, all requests are misses. */
async function connected(link: RedisLink, timeoutMs: number): Promise<void> {
  if (link.state === 'connected') return;
  await new Promise<void>((resolve) => {
    link.onConnected(resolve);
    link.clock.after(timeoutMs, resolve);
  });
}
