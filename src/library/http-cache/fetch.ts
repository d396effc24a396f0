import {
  type Dispatcher,
  getGlobalDispatcher,
  Headers,
  Request,
  type RequestInfo,
  type RequestInit,
  fetch as undiciFetch,
} from 'undici';
import type { CacheMode } from './cache-mode.ts';
import { findFetchHit, type HitFinder } from './fetch-hit.ts';
import { toGlobalResponse } from './fetch-response.ts';

/** Options of {@link Fetch}: undici's, with Node's own FormData as a body too. */
export interface FetchInit extends Omit<RequestInit, 'body'> {
  body?: RequestInit['body'] | globalThis.FormData;
}

/**
 * The global `fetch`, which can be replaced by it. Requests are forwarded through `init.dispatcher`, if given.
 * `init.cache` has the modes of the Fetch standard; `only-if-cached` does not require the mode `same-origin`.
 */
export type Fetch = (
  input: RequestInfo | globalThis.Request | globalThis.URL,
  init?: FetchInit | globalThis.RequestInit,
) => Promise<globalThis.Response>;

interface ComposedDispatcher {
  readonly dispatcher: Dispatcher;
  /** Whether it sends each request to the request's own origin, unlike a `Client`. */
  readonly isForAnyOrigin: boolean;
}

/**
 * Creates a `fetch` whose requests pass through an interceptor.
 * @param interceptorFor returns the interceptor for requests with a cache mode
 * @param findHit answers requests from memory
 */
export function createFetch(
  interceptorFor: (mode: CacheMode) => Dispatcher.DispatcherComposeInterceptor,
  findHit: HitFinder,
): Fetch {
  const composed = new WeakMap<Dispatcher, Map<CacheMode, ComposedDispatcher>>();
  const compose = (dispatcher: Dispatcher, mode: CacheMode) => {
    const byMode = composed.get(dispatcher) ?? new Map<CacheMode, ComposedDispatcher>();
    composed.set(dispatcher, byMode);
    const existing = byMode.get(mode);
    if (existing) return existing;
    let own: string | null | undefined;
    const interceptor: Dispatcher.DispatcherComposeInterceptor = (dispatch, origin?: string | null) => {
      own = origin;
      return (interceptorFor(mode) as (...args: unknown[]) => Dispatcher.Dispatch)(dispatch, origin);
    };
    const created = { dispatcher: dispatcher.compose(interceptor), isForAnyOrigin: own === undefined };
    byMode.set(mode, created);
    return created;
  };
  return async (input, init = {}) => {
    const given = (init as RequestInit).dispatcher ?? getGlobalDispatcher();
    const hit =
      compose(given, 'default').isForAnyOrigin &&
      findFetchHit(input as RequestInfo, init as RequestInit, findHit);
    if (hit) return hit;
    const [target, own] = toUndici(input as RequestInfo, init as RequestInit);
    const { dispatcher = getGlobalDispatcher(), cache: mode = modeOf(target), ...rest } = own;
    // In other modes, undici adds fields that have the caller's own meaning for a cache. For example, it adds
    // no-cache to a request with a condition, which this cache can evaluate.
    const forced = {
      ...rest,
      cache: 'force-cache',
      dispatcher: compose(dispatcher, mode).dispatcher,
    } as const;
    return toGlobalResponse(await undiciFetch(target, MODES.has(mode) ? forced : { ...forced, cache: mode }));
  };
}

/** undici rejects any other. */
const MODES = new Set<CacheMode>([
  'default',
  'no-store',
  'reload',
  'no-cache',
  'force-cache',
  'only-if-cached',
]);

function modeOf(target: RequestInfo): CacheMode {
  return target instanceof Request ? target.cache : 'default';
}

/**
 * Converts Node's own Request and FormData. They belong to the copy of undici within Node; the undici package
 * does not recognise them and would use them as strings.
 */
function toUndici(
  input: RequestInfo | globalThis.Request,
  init: RequestInit,
): [target: RequestInfo, init: RequestInit] {
  const body: unknown = init.body;
  if (body instanceof globalThis.FormData) {
    const encoded = new globalThis.Response(body);
    const headers = new Headers(init.headers);
    headers.set('content-type', encoded.headers.get('content-type')!);
    return toUndici(input, { ...init, headers: [...headers], body: encoded.body, duplex: 'half' });
  }
  if (!(input instanceof globalThis.Request)) return [input, init];
  const { url, method, headers, signal, redirect, cache, credentials, mode } = input;
  const own: RequestInit = { method, headers: [...headers], signal, redirect, cache, credentials, mode };
  if (input.body) Object.assign(own, { body: input.body, duplex: 'half' });
  return [url, { ...own, ...init }];
}
