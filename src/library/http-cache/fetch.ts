import {
  type Dispatcher,
  getGlobalDispatcher,
  Headers,
  type RequestInfo,
  type RequestInit,
  type Response,
  fetch as undiciFetch,
} from 'undici';

/** Options of {@link Fetch}: undici's, with Node's own FormData as a body too. */
export interface FetchInit extends Omit<RequestInit, 'body'> {
  body?: RequestInit['body'] | globalThis.FormData;
}

/** The signature of the global `fetch`. Requests are forwarded through `init.dispatcher`, if given. */
export type Fetch = (
  input: RequestInfo | globalThis.Request,
  init?: FetchInit | globalThis.RequestInit,
) => Promise<Response>;

/** Creates a `fetch` whose requests pass through an interceptor. */
export function createFetch(interceptor: Dispatcher.DispatcherComposeInterceptor): Fetch {
  const composed = new WeakMap<Dispatcher, Dispatcher>();
  const compose = (dispatcher: Dispatcher) => {
    const existing = composed.get(dispatcher);
    if (existing) return existing;
    const created = dispatcher.compose(interceptor);
    composed.set(dispatcher, created);
    return created;
  };
  return async (input, init = {}) => {
    const [target, own] = toUndici(input, init as RequestInit);
    const dispatcher = compose(own.dispatcher ?? getGlobalDispatcher());
    // Not awaited twice: a promise of a promise takes three more turns of the microtask queue.
    return await undiciFetch(target, { ...own, dispatcher });
  };
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
