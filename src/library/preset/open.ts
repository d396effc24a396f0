import {
  createHttpCache,
  type Fetch,
  type HttpCache,
  type HttpCacheClient,
  type HttpCacheStats,
} from '../http-cache/index.ts';
import type { RedisClientLike } from '../redis/index.ts';
import { type CachedFunction, type CachedResultOptions, cachedResult } from '../result-cache/index.ts';
import {
  fetchWithDefaults,
  type Interceptor,
  interceptorWithDefaults,
  type ServiceDefaults,
} from './service-defaults.ts';
import { type CacheSettings, readCacheSettings, serviceName, ttlOf } from './settings.ts';
import { type StoreStats, Stores } from './stores.ts';

/** Options of {@link openCaches}. */
export interface CachesOptions {
  /** First part of every key in Redis. Programs with the same prefix share their caches. Default `roundhouse`. */
  prefix?: string;
  /**
   * A client of `@redis/client` or `redis` that the program has: the caches connect with its address, TLS settings and
   * credentials instead of REDIS_URL. They open connections of their own and neither use nor close that of the client.
   */
  client?: RedisClientLike;
  /**
   * Called for errors that the caches recover from: a connection to Redis was lost (once per outage), a command
   * failed, a call could not be cached. `subject` is a URL, a key, the name of a function or of a connection.
   */
  onError?: (error: unknown, subject: string) => void;
}

/** {@link CachedResultOptions} of one function, without those that the settings determine. */
export type ResultOptions<F extends (...args: never[]) => unknown = (...args: never[]) => unknown> = Omit<
  CachedResultOptions<F>,
  'cache' | 'enabled' | 'maxKeyLength' | 'onError'
>;

/** Options of a service in {@link Caches.fetchFor} and {@link Caches.interceptorFor}. */
export interface ServiceRequestOptions extends ServiceDefaults {
  /**
   * Whether to cache responses to POST too, by the request body. For requests that only read, such as GraphQL queries.
   * Default false, because a POST that changes something must reach the service.
   */
  keyByBody?: boolean;
}

/** Statistics of {@link Caches}. */
export interface CachesStats {
  /** By name in lower case, for the services that {@link Caches.fetchFor} was called with. */
  readonly services: Readonly<Record<string, HttpCacheStats>>;
  /** The stores of all responses and all results. Null if the caches are disabled. */
  readonly stores: { readonly responses: StoreStats; readonly results: StoreStats } | null;
}

/** The HTTP cache and the result cache of one process. */
export interface Caches extends AsyncDisposable {
  /**
   * Returns the `fetch` of a service, which caches its responses.
   * @throws RangeError unless the name is letters, digits, - and _, starting with a letter
   */
  fetchFor(service: string, options?: ServiceRequestOptions): Fetch;
  /**
   * Returns the undici interceptor of a service, with the same cache as its `fetch`, for a dispatcher of its own:
   * `new Agent(…).compose(caches.interceptorFor('anilist', { headers, timeoutS: 10 }))`.
   * @throws RangeError unless the name is letters, digits, - and _, starting with a letter
   */
  interceptorFor(service: string, options?: ServiceRequestOptions): Interceptor;
  /** {@link cachedResult}, with results shared over Redis. */
  cachedResult<F extends (...args: never[]) => unknown>(fn: F, options?: ResultOptions<F>): CachedFunction<F>;
  /** Current statistics. */
  stats(): CachesStats;
  /** Removes all responses and results: here at once, in other processes within seconds. */
  clear(): Promise<void>;
  /**
   * Ends background revalidations, waits until Redis has what was stored or its commands have timed out, and closes
   * the connections. Afterwards calls and requests pass through uncached.
   */
  close(): Promise<void>;
}

/**
 * Opens the caches. Does not wait for Redis; while it is unavailable, the caches of each process are its own.
 * @param settings default: {@link readCacheSettings}
 * @throws ConfigError if no settings are given and those in the environment are invalid
 */
export function openCaches(
  settings: CacheSettings = readCacheSettings(),
  { prefix = 'roundhouse', client, onError }: CachesOptions = {},
): Caches {
  const reportError = (error: unknown, subject: string) => {
    try {
      onError?.(error, subject);
    } catch {
      // An error of the callback must not fail a read.
    }
  };
  const stores = settings.enabled
    ? new Stores({ settings, prefix, client, onError: reportError })
    : undefined;
  return new OpenCaches(settings, stores, reportError);
}

class OpenCaches implements Caches {
  readonly #settings: CacheSettings;
  readonly #stores: Stores | undefined;
  readonly #onError: (error: unknown, subject: string) => void;
  readonly #services = new Map<string, HttpCache>();
  #closed = false;

  constructor(
    settings: CacheSettings,
    stores: Stores | undefined,
    onError: (error: unknown, subject: string) => void,
  ) {
    this.#settings = settings;
    this.#stores = stores;
    this.#onError = onError;
  }

  fetchFor(service: string, options: ServiceRequestOptions = {}): Fetch {
    return fetchWithDefaults(this.#clientOf(service, options).fetch, options);
  }

  interceptorFor(service: string, options: ServiceRequestOptions = {}): Interceptor {
    return interceptorWithDefaults(this.#clientOf(service, options).interceptor(), options);
  }

  cachedResult<F extends (...args: never[]) => unknown>(fn: F, options: ResultOptions<F> = {}) {
    return cachedResult(fn, {
      ...options,
      enabled: this.#stores !== undefined,
      maxKeyLength: this.#settings.maxKeyLength,
      onError: this.#onError,
      ...(this.#stores && { cache: this.#stores.results }),
    });
  }

  stats(): CachesStats {
    const services = [...this.#services].map(([name, cache]) => [name, cache.stats()] as const);
    return { services: Object.fromEntries(services), stores: this.#stores?.stats() ?? null };
  }

  async clear(): Promise<void> {
    this.#stores?.results.clear();
    this.#stores?.responses.clear();
    // Also prevents responses in progress from being stored.
    await Promise.all([...this.#services.values()].map((cache) => cache.clear()));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#services.values()].map((cache) => cache.close()));
    await this.#stores?.[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #clientOf(service: string, { keyByBody = false }: ServiceRequestOptions): HttpCacheClient {
    const name = serviceName(service);
    const cache = this.#services.get(name) ?? this.#openService(name);
    return cache.service(keyByBody ? byBody(name) : name);
  }

  #openService(name: string): HttpCache {
    const { forceCache, alwaysRevalidate } = this.#settings;
    const policy = { ttlS: ttlOf(this.#settings, name), forceCache, alwaysRevalidate };
    const cache = createHttpCache({
      services: { [name]: policy, [byBody(name)]: { ...policy, keyByBody: true } },
      onError: this.#onError,
      ...(this.#stores && { store: this.#stores.responses }),
    });
    // A closed HTTP cache passes requests through, so that `fetch` behaves the same with and without caching.
    if (!this.#stores || this.#closed) void cache.close();
    this.#services.set(name, cache);
    return cache;
  }
}

/** Name of the second policy of a service. A colon is not allowed in the name of a service. */
function byBody(name: string): string {
  return `${name}:body`;
}
