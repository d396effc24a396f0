import {
  type Dispatcher,
  getGlobalDispatcher,
  type RequestInfo,
  type RequestInit,
  type Response,
  fetch as undiciFetch,
} from 'undici';

/** The signature of the global fetch; `init.dispatcher` is where requests go that the cache cannot answer. */
export type Fetch = (
  input: RequestInfo | globalThis.Request,
  init?: RequestInit | globalThis.RequestInit,
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
  return (input, init) => {
    const { dispatcher = getGlobalDispatcher(), ...rest } = (init ?? {}) as RequestInit;
    return undiciFetch(input as RequestInfo, { ...rest, dispatcher: through(dispatcher) });
  };
}
