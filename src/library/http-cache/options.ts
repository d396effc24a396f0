import type { ByteStore, Clock } from '../cache/index.ts';
import { MemoryByteStore } from '../cache/index.ts';
import { memoize } from '../util/memo.ts';
import { originOf } from './request-url.ts';

/** How responses of one service are cached, beyond what their header fields specify. */
export interface ServiceOptions {
  /**
   * Freshness lifetime in seconds of responses that specify none; with `forceCache`, of all. Applies to
   * responses with status 200, 203, 204, 301 or 308 and without Set-Cookie.
   */
  ttlS?: number;
  /**
   * Stores responses for `ttlS` even if their Cache-Control or Expires forbids it. Responses that `ttlS` does
   * not apply to, that have `Vary: *`, and in shared mode private ones and those to requests with credentials
   * remain subject to RFC 9111, and so do request directives. Defaults to false.
   */
  forceCache?: boolean;
  /** Validates stored responses with the origin before each reuse, even fresh ones. Defaults to false. */
  alwaysRevalidate?: boolean;
  /**
   * Also caches responses to POST, with the request body as part of the key, as for GraphQL queries. Such a
   * POST invalidates nothing. Requests with bodies over 1 MiB bypass the cache. Defaults to false.
   */
  keyByBody?: boolean;
}

/** Options of `createHttpCache`. */
export interface HttpCacheOptions<Service extends string = string> {
  /** Where responses are stored. Defaults to a {@link MemoryByteStore} with its default limits. */
  store?: ByteStore;
  /**
   * `private` (the default) also stores responses meant for a single user, separately for each set of
   * credentials. `shared` stores one copy for all users, and only responses that may be shared.
   * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-1
   */
  mode?: 'private' | 'shared';
  /**
   * Response header fields that take precedence over Cache-Control and Expires, the most preferred one first.
   * Defaults to CDN-Cache-Control in shared mode, and to none in private mode.
   * @see https://www.rfc-editor.org/rfc/rfc9213.html
   */
  targetedFields?: readonly string[];
  /** Request header fields that hold credentials. Defaults to authorization, cookie and x-api-key. */
  credentialHeaders?: readonly string[];
  /** For requests that are not sent through a named service. */
  defaults?: ServiceOptions;
  /** Named services, each with separate stored responses. */
  services?: Readonly<Record<Service, ServiceOptions>>;
  /** Methods for which stored responses are reused. Defaults to both. */
  methods?: readonly ('GET' | 'HEAD')[];
  /**
   * Origins whose responses are cached: strings in any case, such as `https://api.example`, or patterns, which are
   * tested on origins in lower case. Requests to others are passed on unchanged. Defaults to all.
   */
  origins?: readonly (string | RegExp)[];
  /** Largest body that is stored, in bytes; responses with larger ones are passed on. Defaults to 5 MiB. */
  maxBodyBytes?: number;
  /**
   * Whether responses without an explicit lifetime are fresh for a tenth of the time since their
   * Last-Modified, up to a day. Defaults to true.
   * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2.2
   */
  heuristics?: boolean;
  /** Timeout of a background revalidation, in seconds. Defaults to 30. */
  backgroundTimeoutS?: number;
  /** Called for each failed operation of the store and each failed background revalidation. */
  onError?: (error: unknown, url: string) => void;
  /** Monotonic time. Defaults to the system clock. */
  clock?: Clock;
  /** Milliseconds since the epoch, which HTTP dates are compared with. Defaults to `Date.now`. */
  wallClock?: () => number;
}

/** The options that apply to the requests of one service. */
export interface HttpCachePolicy extends ServiceOptions {
  /** Name of the service; empty for requests without one. */
  readonly service: string;
  /** Whether `mode` is `shared`. */
  readonly shared: boolean;
  readonly heuristics: boolean;
  readonly maxBodyBytes: number;
  readonly methods: readonly string[];
  /** Takes an origin in its normal form. */
  readonly isCachedOrigin: (origin: string) => boolean;
  /** In lower case. */
  readonly targetedFields: readonly string[];
  /** In lower case. */
  readonly credentialHeaders: readonly string[];
}

/**
 * Validates options and returns those that apply to a service.
 * @throws RangeError for an unknown service or invalid options
 * @throws TypeError if `origins` is not an array of strings and patterns
 */
export function toHttpCachePolicy(options: HttpCacheOptions, service = ''): HttpCachePolicy {
  const own = service === '' ? options.defaults : options.services?.[service];
  if (service !== '' && own === undefined) throw new RangeError(`unknown service: ${service}`);
  const { ttlS, forceCache } = own ?? {};
  const unknown = (options.methods ?? []).find((method) => method !== 'GET' && method !== 'HEAD');
  if (unknown !== undefined) throw new RangeError(`methods must be GET and HEAD, not ${unknown}`);
  const { maxBodyBytes = 5 * 1024 * 1024, backgroundTimeoutS } = options;
  for (const [name, value] of Object.entries({ ttlS, maxBodyBytes, backgroundTimeoutS })) {
    if (value !== undefined && !(value >= 0)) throw new RangeError(`${name} must be 0 or more, not ${value}`);
  }
  if (forceCache && ttlS === undefined) throw new RangeError('forceCache requires ttlS');
  const shared = options.mode === 'shared';
  const lowerCase = (names: readonly string[]) => names.map((name) => name.toLowerCase());
  return {
    ...own,
    service,
    shared,
    heuristics: options.heuristics ?? true,
    methods: options.methods ?? ['GET', 'HEAD'],
    isCachedOrigin: originTest(options.origins),
    maxBodyBytes,
    targetedFields: lowerCase(options.targetedFields ?? (shared ? ['cdn-cache-control'] : [])),
    credentialHeaders: lowerCase(options.credentialHeaders ?? ['authorization', 'cookie', 'x-api-key']),
  };
}

function originTest(origins: HttpCacheOptions['origins']): (origin: string) => boolean {
  if (origins === undefined) return () => true;
  if (!Array.isArray(origins)) throw new TypeError(`origins must be an array, not ${typeof origins}`);
  for (const one of origins) {
    if (typeof one === 'string' ? originOf(one) : one instanceof RegExp) continue;
    throw new TypeError(`origins must contain only origins and patterns, not ${String(one)}`);
  }
  const names = new Set(origins.filter((one) => typeof one === 'string').map(originOf));
  const patterns = origins.filter((one) => one instanceof RegExp);
  // `search`, because `test` of a global pattern continues where the last one ended.
  return memoize((origin) => names.has(origin) || patterns.some((pattern) => origin.search(pattern) >= 0));
}

/** The store of a cache whose options name none. */
export function defaultStore(clock: Clock): ByteStore {
  return new MemoryByteStore({ clock });
}
