import type { Value } from './peers.ts';
import {
  type LoadKey,
  openBento,
  openCacheable,
  openDedupe,
  openKeyv,
  openOurs,
  TTL_S,
} from './shared-peers.ts';

/** Common interface of the caches with Redis. */
export interface Subject {
  read(key: string): Promise<Value>;
  /** Resolves when the cache is connected. */
  ready(): Promise<unknown>;
  close(): Promise<unknown>;
}

/** Opens a cache with the Redis at `url`, without waiting for the connection. */
export type OpenSubject = (url: string, load: LoadKey) => Subject;

const WARM_UP_KEY = 'warm-up';

/** Names of the caches in the results. */
export const OURS = 'Roundhouse';
export const BENTO = 'BentoCache';
export const DEDUPE = 'async-cache-dedupe';
export const CACHEABLE = 'cacheable';
export const KEYV = 'keyv';

/** Caches with default settings. */
export const SUBJECTS: Readonly<Record<string, OpenSubject>> = {
  [OURS](url, load) {
    const { cache, ready, close } = openOurs(url);
    return { read: (key) => cache.getOrLoad(key, () => load(key), { ttlS: TTL_S }), ready, close };
  },
  [BENTO]: (url, load) => bento(url, load, { withTimeout: false }),
  [DEDUPE]: (url, load) => dedupe(url, load, { withTimeout: false }),
  [CACHEABLE]: (url, load) => cacheable(url, load, { withTimeout: false }),
};

/** Peers configured for a Redis that does not respond. Roundhouse needs no configuration for that. */
export const GUARDED_SUBJECTS: Readonly<Record<string, OpenSubject>> = {
  [`${BENTO}, command timeout 500 ms, circuit breaker`]: (url, load) =>
    bento(url, load, { withTimeout: true }),
  [`${DEDUPE}, command timeout 500 ms`]: (url, load) => dedupe(url, load, { withTimeout: true }),
  [`${CACHEABLE}, non-blocking, socket timeout 500 ms`]: (url, load) =>
    cacheable(url, load, { withTimeout: true }),
};

/** keyv does not load values, so the loading is added around it. */
export const openKeyvSubject: OpenSubject = (url, load) => {
  const keyv = openKeyv(url);
  const read = async (key: string) => {
    const cached = await keyv.get(key);
    if (cached !== undefined) return cached;
    const value = await load(key);
    await keyv.set(key, value, TTL_S * 1000);
    return value;
  };
  return { read, ready: () => keyv.get(WARM_UP_KEY), close: () => keyv.disconnect() };
};

function bento(url: string, load: LoadKey, options: { withTimeout: boolean }): Subject {
  const cache = openBento(url, options);
  const read = (key: string) => cache.getOrSet({ key, ttl: TTL_S * 1000, factory: () => load(key) });
  return { read, ready: () => cache.get({ key: WARM_UP_KEY }), close: () => cache.disconnectAll() };
}

function dedupe(url: string, load: LoadKey, options: { withTimeout: boolean }): Subject {
  const { cache, client } = openDedupe(url, load, options);
  return { read: (key) => cache.read(key), ready: () => client.ping(), close: () => client.quit() };
}

function cacheable(url: string, load: LoadKey, options: { withTimeout: boolean }): Subject {
  const cache = openCacheable(url, options);
  const read = async (key: string) => {
    const value = await cache.getOrSet(key, () => load(key), { ttl: TTL_S * 1000 });
    if (value === undefined) throw new Error('cacheable returned no value');
    return value;
  };
  return { read, ready: () => cache.get(WARM_UP_KEY), close: () => cache.disconnect() };
}
