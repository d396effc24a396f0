import { createContext } from 'preact';
import { useContext, useEffect, useLayoutEffect, useState } from 'preact/hooks';
import type { Polled, Poller } from './lib/poller.ts';
import { parseRoute, type Route } from './lib/router.ts';
import type { Service } from './lib/service.ts';
import { Store } from './lib/store.ts';

export const ServiceContext = createContext<Service | null>(null);

export function useService(): Service {
  const service = useContext(ServiceContext);
  if (!service) throw new Error('no service');
  return service;
}

export function useStore<T>(store: Store<T>): T {
  const [, redraw] = useState({});
  // Within the same turn: what changed before a later effect would never be shown.
  useLayoutEffect(() => store.subscribe(() => redraw({})), [store]);
  return store.value;
}

/** What a feed knows; it is polled for as long as the component is there. */
export function useFeed<T>(feed: Poller<T>): Polled<T> {
  useEffect(() => feed.watch(), [feed]);
  return useStore(feed.state);
}

const seconds = new Store(Date.now());
setInterval(() => {
  if (document.visibilityState === 'visible') seconds.value = Date.now();
}, 1000);

/** The time, in milliseconds since the epoch, told every second. */
export function useNow(): number {
  return useStore(seconds);
}

export function useRoute(): Route {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const follow = () => setHash(location.hash);
    addEventListener('hashchange', follow);
    return () => removeEventListener('hashchange', follow);
  }, []);
  return parseRoute(hash);
}
