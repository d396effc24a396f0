import type { Dispatcher } from 'undici';
import { createSystemClock } from '../cache/index.ts';
import { CacheHandler } from './cache-handler.ts';
import { createFetch, type Fetch } from './fetch.ts';
import { createInterceptor } from './interceptor.ts';
import { defaultStore, type HttpCacheOptions, toHttpCachePolicy } from './options.ts';
import { type HttpCacheStats, zeroHttpCounters } from './stats.ts';
import { Storage } from './storage.ts';

/** The two ways into the cache; both lead to the same responses. */
export interface HttpCacheClient {
  /** Like the global fetch. */
  readonly fetch: Fetch;
  /** For `dispatcher.compose(…)` of undici. */
  interceptor(): Dispatcher.DispatcherComposeInterceptor;
}

export interface HttpCache<Service extends string = string> extends HttpCacheClient, AsyncDisposable {
  /**
   * The faces of a named service, which keeps its responses apart.
   * @throws RangeError for a name that the options do not have
   */
  service(name: Service): HttpCacheClient;
  stats(): HttpCacheStats;
  /** Makes everything out of date, or what is held for one URL. Other processes see the former within 5 s. */
  clear(url?: string | URL): Promise<void>;
  /** Ends revalidations in the background, and waits for what is being stored. Then requests pass uncached. */
  close(): Promise<void>;
}

/**
 * Makes an HTTP cache by RFC 9111.
 * @throws RangeError for options that make no sense
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
      // Whoever listens must not fail a request.
    }
  };
  const store = options.store ?? defaultStore(clock);
  const storage = new Storage({ store, counters, wallClock, onError });
  const names = Object.keys(options.services ?? {});
  const engine = new CacheHandler({
    storage,
    counters,
    clock,
    wallClock,
    backgroundTimeoutMs: (options.backgroundTimeoutS ?? 30) * 1000,
    onError,
    services: ['', ...names],
  });
  const faces = (name: string): HttpCacheClient => {
    const interceptor = createInterceptor(engine, toHttpCachePolicy(options, name), (count) => {
      counters.bytesReceived += count;
    });
    return { fetch: createFetch(interceptor), interceptor: () => interceptor };
  };
  const services = new Map(names.map((name) => [name, faces(name)]));
  const close = () => engine.close();
  return {
    ...faces(''),
    service(name) {
      const found = services.get(name);
      if (!found) throw new RangeError(`the cache has no service ${name}`);
      return found;
    },
    stats() {
      const { hits, misses } = counters;
      const asked = hits + misses;
      const hitRate = asked === 0 ? 0 : Math.round((hits / asked) * 10_000) / 100;
      return { ...counters, hitRate, inFlight: engine.inFlight };
    },
    async clear(url) {
      if (url === undefined) return engine.clear();
      const target = new URL(url);
      target.hash = '';
      await engine.invalidate(target.href);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
