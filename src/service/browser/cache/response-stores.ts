import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ResponseStore, StoreUsage, StoreWriter } from '../../../library/gateway/index.ts';
import type { RedisLink } from '../../../library/redis/index.ts';
import { DiskTotal } from './disk-total.ts';

/** Where the caches of apps are stored. */
export type StoreLocation =
  | {
      readonly kind: 'disk';
      readonly dir: string;
      /** BROWSER_CACHE_TOTAL_MAX_BYTES: for all namespaces together. */
      readonly totalMaxBytes: number;
    }
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
  /** Called for each use, and after each write. */
  used(): void;
  written(): void;
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
  readonly #close: () => Promise<void>;
  readonly #stores = new Map<string, Promise<NamespaceStore>>();
  /** Those that are open, for figures. */
  readonly #opened = new Map<string, NamespaceStore>();

  /** Use {@link openResponseStores}. */
  constructor(open: OpenStore, close: () => Promise<void>) {
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
    await this.#close();
    await Promise.all(stores.map((result) => result.status === 'fulfilled' && result.value.close()));
  }

  async get(namespace: string, key: string) {
    const opened = await this.#of(namespace);
    opened.used();
    return await opened.store.get(namespace, key);
  }

  async writer(...call: Parameters<ResponseStore['writer']>): Promise<StoreWriter> {
    const opened = await this.#of(call[0]);
    opened.used();
    const writer = await opened.store.writer(...call);
    const commit: StoreWriter['commit'] = async (metadata) => {
      const isStored = await writer.commit(metadata);
      opened.written();
      return isStored;
    };
    return { write: (chunk) => writer.write(chunk), commit, abort: () => writer.abort() };
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
  if (location.kind === 'disk') return await openDiskStores(location, options);
  const [{ RedisLink }, { RedisResponseStore }] = await Promise.all([
    import('../../../library/redis/index.ts'),
    import('../../../library/gateway/index.ts'),
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
        used: () => {},
        written: () => {},
        close: async () => {},
        remove: async () => {},
      };
    },
    async () => link.close(),
  );
}

async function openDiskStores(
  { dir, totalMaxBytes }: Extract<StoreLocation, { kind: 'disk' }>,
  { maxBytes, onError }: ResponseStoresOptions,
): Promise<ResponseStores> {
  const { openDiskStore } = await import('../../../library/disk-store/index.ts');
  const limits = { maxBytes: Math.min(maxBytes, totalMaxBytes), onError };
  const total = new DiskTotal({
    dir,
    maxBytes: totalMaxBytes,
    open: (folder) => openDiskStore({ dir: join(dir, folder), ...limits }),
    onError,
  });
  const open = async (namespace: string): Promise<NamespaceStore> => {
    const folder = createHash('sha256').update(namespace).digest('hex').slice(0, 32);
    const store = await total.open(folder, namespace);
    return {
      store,
      evictions: () => store.stats().evictions + total.evictionsOf(folder),
      used: () => total.used(folder),
      written: () => total.written(),
      close: async () => {
        total.closed(folder);
        await store.close();
      },
      remove: () => rm(join(dir, folder), { recursive: true, force: true, maxRetries: 3 }),
    };
  };
  return new ResponseStores(open, () => total.close());
}

/** Waits for the first connection, because commands fail without one. Without Redis, all requests are misses. */
async function connected(link: RedisLink, timeoutMs: number): Promise<void> {
  if (link.state === 'connected') return;
  await new Promise<void>((resolve) => {
    link.onConnected(resolve);
    link.clock.after(timeoutMs, resolve);
  });
}
