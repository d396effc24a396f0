import type { ByteStore, Clock } from '../cache/index.ts';
import { MemoryByteStore } from '../cache/index.ts';

/** How responses of one service are cached beyond what they say themselves. */
export interface ServiceOptions {
  /**
   * How long responses are fresh, in seconds: with `forceCache` whatever they say, without it those that do not
   * say. It is for successful responses and permanent redirects (200, 203, 204, 301, 308) that set no cookies.
   */
  ttlS?: number;
  /**
   * Keeps them for `ttlS` even where their Cache-Control or Expires speak against it. All others, those that
   * vary on everything, and in shared mode private ones and those to requests with credentials, stay under the
   * rules of RFC 9111; so does what requests say.
   */
  forceCache?: boolean;
  /** Asks the origin before each reuse, fresh or not. */
  alwaysRevalidate?: boolean;
  /**
   * Caches responses to POST too, with the body as part of the key, as for GraphQL queries. Such a POST then
   * invalidates nothing. Requests with bodies over 1 MiB are passed uncached.
   */
  keyByBody?: boolean;
}

export interface HttpCacheOptions<Service extends string = string> {
  /** Where responses are kept. Default: {@link MemoryByteStore} with its own limits. */
  store?: ByteStore;
  /**
   * `private` (the default) keeps what is meant for one user, apart for each set of credentials. `shared`
   * keeps one copy for all, and so only what may be shown to all.
   */
  mode?: 'private' | 'shared';
  /** What counts as credentials. Default: authorization, cookie, x-api-key. */
  credentialHeaders?: readonly string[];
  /** For requests that go through the cache itself, not through one of its services. */
  defaults?: ServiceOptions;
  /** Named services, each with its own part of the cache. */
  services?: Readonly<Record<Service, ServiceOptions>>;
  /** Largest body that is kept, in bytes; larger ones are passed on. Default 5 MiB. */
  maxBodyBytes?: number;
  /**
   * Guesses how long a response without a lifetime is fresh from its Last-Modified, as RFC 9111 §4.2.2 allows.
   * Default true.
   */
  heuristics?: boolean;
  /** Deadline of a revalidation in the background, in seconds. Default 30. */
  backgroundTimeoutS?: number;
  /** Called for each fault of the store and each background revalidation that fails. */
  onError?: (error: unknown, url: string) => void;
  /** Monotonic time. Default: the process's clock. */
  clock?: Clock;
  /** Milliseconds since the epoch, which HTTP dates are read by. Default `Date.now`. */
  wallClock?: () => number;
}

/** What one request is handled by. */
export interface HttpCachePolicy extends ServiceOptions {
  /** Names the part of the cache; empty for requests that go through no service. */
  readonly service: string;
  readonly shared: boolean;
  readonly heuristics: boolean;
  readonly maxBodyBytes: number;
  readonly credentialHeaders: readonly string[];
}

export function toHttpCachePolicy(options: HttpCacheOptions, service = ''): HttpCachePolicy {
  const own = service === '' ? options.defaults : options.services?.[service];
  if (service !== '' && own === undefined) throw new RangeError(`the cache has no service ${service}`);
  const { ttlS, forceCache } = own ?? {};
  const { maxBodyBytes = 5 * 1024 * 1024, backgroundTimeoutS } = options;
  for (const [name, value] of Object.entries({ ttlS, maxBodyBytes, backgroundTimeoutS })) {
    if (value !== undefined && !(value >= 0)) throw new RangeError(`${name} must be 0 or more, not ${value}`);
  }
  if (forceCache && ttlS === undefined) throw new RangeError('forceCache needs a ttlS');
  return {
    ...own,
    service,
    shared: options.mode === 'shared',
    heuristics: options.heuristics ?? true,
    maxBodyBytes,
    credentialHeaders: (options.credentialHeaders ?? ['authorization', 'cookie', 'x-api-key']).map((name) =>
      name.toLowerCase(),
    ),
  };
}

export function defaultStore(clock: Clock): ByteStore {
  return new MemoryByteStore({ clock });
}
