import { createContext } from 'preact';
import { useContext, useEffect, useLayoutEffect, useState } from 'preact/hooks';
import { currentHash, parseParameters } from './lib/address.ts';
import type { Polled, Poller } from './lib/poller.ts';
import { findProblems, type Problem } from './lib/problems.ts';
import type { ReadOperation } from './lib/resources.ts';
import { parseRoute, type Route } from './lib/router.ts';
import type { ServiceClient } from './lib/service-client.ts';
import { Store } from './lib/store.ts';
import type { Input, Node, Reply } from './lib/wire.ts';

/** Provides the client of the service to all components. */
export const ClientContext = createContext<ServiceClient | null>(null);

/** Returns the client of the service. @throws Error outside of a {@link ClientContext} */
export function useClient(): ServiceClient {
  const client = useContext(ClientContext);
  if (!client) throw new Error('ClientContext has no value');
  return client;
}

/** Returns the value of a store and renders the component again when it changes. */
export function useStore<T>(store: Store<T>): T {
  const [, render] = useState({});
  // A layout effect, because a change between the first render and a later effect would be missed.
  useLayoutEffect(() => store.subscribe(() => render({})), [store]);
  return store.value;
}

/** Returns the state of a resource and polls it while the component is mounted. */
export function usePolled<T>(poller: Poller<T>): Polled<T> {
  useEffect(() => poller.watch(), [poller]);
  return useStore(poller.state);
}

/** Returns the problems of the service, the worst first, and keeps what they are derived from up to date. */
export function useProblems(): Problem[] {
  const { resources } = useClient();
  const status = usePolled(resources.status).value;
  const health = usePolled(resources.health).value;
  const vpn = usePolled(resources.vpn).value;
  // Only pages that show engines poll them.
  const engines = useStore(resources.engines.state).value;
  const nodes = useNodes().value;
  return findProblems({ status, health, vpn, engines, nodes, now: Date.now() });
}

/** Whether engines run on the nodes of a Docker Swarm. */
export function useIsSwarm(): boolean {
  return useStore(useClient().resources.health.state).value?.runtime.name === 'swarm';
}

/** Returns the nodes of a Swarm, and polls them while the component is mounted. Other runtimes have none. */
export function useNodes(): Polled<Node[]> {
  const { nodes } = useClient().resources;
  const isSwarm = useIsSwarm();
  useEffect(() => (isSwarm ? nodes.watch() : undefined), [nodes, isSwarm]);
  const state = useStore(nodes.state);
  return isSwarm ? state : NO_NODES;
}

const NO_NODES: Polled<Node[]> = { value: [], generatedAt: null, stale: false, error: null };

/**
 * Polls an operation that needs the API key while the component is mounted.
 * @param cacheKey the operation is repeated when a notice invalidates this key of the service's cache
 */
export function useRead<O extends ReadOperation>(
  operation: O,
  input: Input<O>,
  cacheKey: string,
  minIntervalS?: () => number,
): Polled<Reply<O>> {
  const { api, resources } = useClient();
  const name = `${operation} ${JSON.stringify(input)}`;
  const read = (etag: string | null) => api.read(operation, input, etag);
  return usePolled(resources.keyed(name, cacheKey, read, minIntervalS));
}

const currentTime = new Store(Date.now());
setInterval(() => {
  if (document.visibilityState === 'visible') currentTime.value = Date.now();
}, 1000);

/** Returns the time in milliseconds since the epoch, and renders the component again every second. */
export function useNow(): number {
  return useStore(currentTime);
}

/** Returns the page that the URL names, and follows its changes. */
export function useRoute(): Route {
  const hash = useStore(currentHash);
  useEffect(() => {
    const onHashChange = () => {
      currentHash.value = location.hash;
    };
    addEventListener('hashchange', onHashChange);
    return () => removeEventListener('hashchange', onHashChange);
  }, []);
  return parseRoute(hash);
}

/** Returns the parameters of the page in the URL, and follows their changes. */
export function useParameters(): URLSearchParams {
  return parseParameters(useStore(currentHash));
}
