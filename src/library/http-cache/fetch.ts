import {
  type Dispatcher,
  getGlobalDispatcher,
  Headers,
  type RequestInfo,
  type RequestInit,
  type Response,
  fetch as undiciFetch,
} from 'undici';

export interface FetchInit extends Omit<RequestInit, 'body'> {
  body?: RequestInit['body'] | globalThis.FormData;
}

/** The signature of the global fetch; `init.dispatcher` is where requests go that the cache cannot answer. */
export type Fetch = (
  input: RequestInfo | globalThis.Request,
  init?: FetchInit | globalThis.RequestInit,
) => Promise<Response>;

/** fetch with an interceptor between it and the network. */
export function createFetch(interceptor: Dispatcher.DispatcherComposeInterceptor): Fetch {
  const composed = new WeakMap<Dispatcher, Dispatcher>();
  const through = (dispatcher: Dispatcher) => {
    const known = composed.get(dispatcher);
    if (known) return known;
    const made = dispatcher.compose(interceptor);
    composed.set(dispatcher, made);
    return made;
  };
  return async (input, init = {}) => {
    const [target, own] = understood(input, init as RequestInit);
    const { dispatcher = getGlobalDispatcher(), ...rest } = own;
    return undiciFetch(target, { ...rest, dispatcher: through(dispatcher) });
  };
}

/**
 * Node's own Request and FormData are of the copy of undici within Node. The package takes neither for what
 * it is, and would send their names.
 */
function understood(
  input: RequestInfo | globalThis.Request,
  init: RequestInit,
): [target: RequestInfo, init: RequestInit] {
  const body: unknown = init.body;
  if (body instanceof globalThis.FormData) {
    const encoded = new globalThis.Response(body);
    const headers = new Headers(init.headers);
    headers.set('content-type', encoded.headers.get('content-type')!);
    return understood(input, { ...init, headers: [...headers], body: encoded.body, duplex: 'half' });
  }
  if (!(input instanceof globalThis.Request)) return [input, init];
  const { url, method, headers, signal, redirect, cache, credentials, mode } = input;
  const own: RequestInit = { method, headers: [...headers], signal, redirect, cache, credentials, mode };
  if (input.body) Object.assign(own, { body: input.body, duplex: 'half' });
  return [url, { ...own, ...init }];
}
