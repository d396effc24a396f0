import type { Dispatcher } from 'undici';
import { createSystemClock } from '../cache/index.ts';
import { hitRate } from '../util/hit-rate.ts';
import { CacheHandler } from './cache-handler.ts';
import type { CacheMode } from './cache-mode.ts';
import { createFetch, type Fetch } from './fetch.ts';
import { createInterceptor } from './interceptor.ts';
import { defaultStore, type HttpCacheOptions, toHttpCachePolicy } from './options.ts';
import { originOf } from './request-url.ts';
import { type HttpCacheStats, zeroHttpCounters } from './stats.ts';
import { Storage } from './storage.ts';

/** Sends requests through the cache. Both members use the same stored responses. */
export interface HttpCacheClient {
  /** Like the global `fetch`, whose place it can take. */
  readonly fetch: Fetch;
  /** For undici's `dispatcher.compose(…)`. */
  interceptor(): Dispatcher.DispatcherComposeInterceptor;
}

/** An HTTP cache made by {@link createHttpCache}. */
export interface HttpCache<Service extends string = string> extends HttpCacheClient, AsyncDisposable {
  /**
   * The client of a named service, which stores its responses separately.
   * @throws RangeError if `services` in the options does not have the name
   */
  service(name: Service): HttpCacheClient;
  /** Counters since the cache was created, and the number of requests in progress. */
  stats(): HttpCacheStats;
  /**
   * Invalidates the responses for one URL, those of one service, or all. In other processes with the same store, a
   * URL is invalid at once, all others within 5 s.
   * @throws RangeError for an unknown service
   */
  clear(target?: string | URL | { service: Service }): Promise<void>;
  /** Aborts background revalidations and waits for pending writes. Later requests bypass the cache. */
  close(): Promise<void>;
}

/**
 * Creates an HTTP cache.
 * @throws RangeError for invalid options
 * @see https://www.rfc-editor.org/rfc/rfc9111.html
 */
export function createHttpCache<Service extends string = string>(
  options: HttpCacheOptions<Service> = {},
): HttpCache<Service> {
  const counters = zeroHttpCounters();
  const clock = options.clock ?? createSystemClock();
  const wallClock = options.wallClock ?? Date.now;
  const onError = (error: unknown, url: string) => {
    try {
      options.onError?.(error, url);
    } catch {
      // A callback that throws must not fail the request.
    }
  };
  const store = options.store ?? defaultStore(clock);
  const storage = new Storage({ store, counters, wallClock, onError });
  const names = Object.keys(options.services ?? {});
  const handler = new CacheHandler({
    storage,
    counters,
    clock,
    wallClock,
    backgroundTimeoutMs: (options.backgroundTimeoutS ?? 30) * 1000,
    onError,
    services: ['', ...names],
  });
  const onBytes = (count: number) => {
    counters.bytesReceived += count;
  };
  const createClient = (service: string): HttpCacheClient => {
    const policy = toHttpCachePolicy(options, service);
    const interceptorFor = (mode: CacheMode, copies: boolean) =>
      createInterceptor(handler, policy, mode, onBytes, copies);
    const interceptor = interceptorFor('default', true);
    // undici's fetch copies each chunk itself.
    const fetch = createFetch(
      (mode) => interceptorFor(mode, false),
      (request, suits) =>
        policy.isCachedOrigin(originOf(request.url)) ? handler.handleSync(request, policy, suits) : undefined,
    );
    return { fetch, interceptor: () => interceptor };
  };
  const services = new Map(names.map((name) => [name, createClient(name)]));
  const close = () => handler.close();
  return {
    ...createClient(''),
    service(name) {
      const client = services.get(name);
      if (!client) throw new RangeError(`unknown service: ${name}`);
      return client;
    },
    stats() {
      return { ...counters, hitRate: hitRate(counters.hits, counters.misses), inFlight: handler.inFlight };
    },
    async clear(target) {
      if (target === undefined) return handler.clear();
      if (typeof target !== 'string' && !(target instanceof URL)) {
        if (!services.has(target.service)) throw new RangeError(`unknown service: ${target.service}`);
        return handler.clear(target.service);
      }
      const url = new URL(target);
      url.hash = '';
      await handler.invalidate(url.href);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
