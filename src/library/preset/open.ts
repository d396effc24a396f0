import { createHttpCache, type Fetch, type HttpCache, type HttpCacheStats } from '../http-cache/index.ts';
import { type CachedFunction, type CachedResultOptions, cachedResult } from '../result-cache/index.ts';
import { type CacheSettings, readCacheSettings, serviceName, ttlOf } from './settings.ts';
import { type TierStats, Tiers } from './tiers.ts';

export interface CachesOptions {
  /** First part of every key in Redis; programs with the same one share what they cache. Default `roundhouse`. */
  prefix?: string;
  /**
   * Called with what the caches went on without: Redis as it is lost, once per outage; commands that it
   * refused; calls that could not be cached. `about` is a URL, a key, or a name.
   */
  onError?: (error: unknown, about: string) => void;
}

/** How one function's results are kept; what the settings say is left out. */
export type ResultOptions = Omit<CachedResultOptions, 'cache' | 'enabled' | 'maxKeyLength' | 'onFault'>;

export interface CachesStats {
  /** By service, in small letters: of those that were asked for. */
  readonly services: Readonly<Record<string, HttpCacheStats>>;
  /** What holds the responses of all services, and the results of all functions; null with the caches off. */
  readonly tiers: { readonly responses: TierStats; readonly results: TierStats } | null;
}

/** The HTTP cache and the result cache of one process. */
export interface Caches extends AsyncDisposable {
  /**
   * A `fetch` with the cache in front of it, the same one each time. `keyByBody` caches responses to POST as
   * well, with the body as part of the key: for POSTs that only read, as those of GraphQL.
   * @throws RangeError for a name that is not letters, digits, - and _
   */
  fetchFor(service: string, options?: { keyByBody?: boolean }): Fetch;
  /** {@link cachedResult}, with results that all processes share. */
  cachedResult<F extends (...args: never[]) => unknown>(fn: F, options?: ResultOptions): CachedFunction<F>;
  stats(): CachesStats;
  /** Forgets all responses and results: here at once, in other processes within seconds. */
  clear(): Promise<void>;
  /**
   * Ends what runs in the background, and the connections to Redis once that has taken what was stored, or has
   * not within the deadline of a command. From then on nothing is cached.
   */
  close(): Promise<void>;
}

/**
 * Opens the caches. Redis need not be there: nothing waits for it to come, and without it each process has
 * caches of its own.
 * @throws ConfigError where no settings are given and those of the environment have faults
 */
export function openCaches(
  settings: CacheSettings = readCacheSettings(),
  { prefix = 'roundhouse', onError }: CachesOptions = {},
): Caches {
  const tell = (error: unknown, about: string) => {
    try {
      onError?.(error, about);
    } catch {
      // Whoever listens must not fail a read.
    }
  };
  return new OpenCaches(settings, settings.enabled ? new Tiers(settings, prefix, tell) : undefined, tell);
}

class OpenCaches implements Caches {
  readonly #settings: CacheSettings;
  readonly #tiers: Tiers | undefined;
  readonly #onError: (error: unknown, about: string) => void;
  readonly #services = new Map<string, HttpCache>();
  #closed = false;

  constructor(
    settings: CacheSettings,
    tiers: Tiers | undefined,
    onError: (error: unknown, about: string) => void,
  ) {
    this.#settings = settings;
    this.#tiers = tiers;
    this.#onError = onError;
  }

  fetchFor(service: string, { keyByBody = false }: { keyByBody?: boolean } = {}): Fetch {
    const name = serviceName(service);
    const cache = this.#services.get(name) ?? this.#openService(name);
    return cache.service(keyByBody ? byBody(name) : name).fetch;
  }

  cachedResult<F extends (...args: never[]) => unknown>(fn: F, options: ResultOptions = {}) {
    return cachedResult(fn, {
      ...options,
      enabled: this.#tiers !== undefined,
      maxKeyLength: this.#settings.maxKeyLength,
      onFault: this.#onError,
      ...(this.#tiers && { cache: this.#tiers.results }),
    });
  }

  stats(): CachesStats {
    const services = [...this.#services].map(([name, cache]) => [name, cache.stats()] as const);
    return { services: Object.fromEntries(services), tiers: this.#tiers?.stats() ?? null };
  }

  async clear(): Promise<void> {
    this.#tiers?.results.clear();
    this.#tiers?.responses.clear();
    // These also keep responses that are on their way from being stored.
    await Promise.all([...this.#services.values()].map((cache) => cache.clear()));
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#services.values()].map((cache) => cache.close()));
    await this.#tiers?.[Symbol.asyncDispose]();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #openService(name: string): HttpCache {
    const { forceCache, alwaysRevalidate } = this.#settings;
    const policy = { ttlS: ttlOf(this.#settings, name), forceCache, alwaysRevalidate };
    const cache = createHttpCache({
      services: { [name]: policy, [byBody(name)]: { ...policy, keyByBody: true } },
      onError: this.#onError,
      ...(this.#tiers && { store: this.#tiers.responses }),
    });
    // A closed one passes requests on: its `fetch` behaves alike, cached or not.
    if (!this.#tiers || this.#closed) void cache.close();
    this.#services.set(name, cache);
    return cache;
  }
}

/** No service has such a name. */
function byBody(name: string): string {
  return `${name}:body`;
}
