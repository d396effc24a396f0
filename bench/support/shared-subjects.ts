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

/** A cache over Redis, seen as all of them can be seen. */
export interface Subject {
  read(key: string): Promise<Value>;
  /** Resolves when it is connected. */
  ready(): Promise<unknown>;
  close(): Promise<unknown>;
}

/** Opens a cache over the Redis at a URL; nothing waits for its connection. */
export type OpenSubject = (url: string, load: LoadKey) => Subject;

const WARM_UP_KEY = 'warm-up';

export const OURS = 'ours';
export const BENTO = 'BentoCache';
export const DEDUPE = 'async-cache-dedupe';
export const CACHEABLE = 'cacheable';
export const KEYV = 'keyv';

/** As they come. */
export const SUBJECTS: Readonly<Record<string, OpenSubject>> = {
  [OURS](url, load) {
    const { cache, ready, close } = openOurs(url);
    return { read: (key) => cache.getOrLoad(key, () => load(key), { ttlS: TTL_S }), ready, close };
  },
  [BENTO]: (url, load) => bento(url, load, { deadline: false }),
  [DEDUPE]: (url, load) => dedupe(url, load, { deadline: false }),
  [CACHEABLE]: (url, load) => cacheable(url, load, { deadline: false }),
};

/** The peers with what they offer against a Redis that does not answer; ours comes with it. */
export const GUARDED_SUBJECTS: Readonly<Record<string, OpenSubject>> = {
  [`${BENTO}, commands given 500 ms, circuit breaker`]: (url, load) => bento(url, load, { deadline: true }),
  [`${DEDUPE}, commands given 500 ms`]: (url, load) => dedupe(url, load, { deadline: true }),
  [`${CACHEABLE}, non-blocking, socket given 500 ms`]: (url, load) =>
    cacheable(url, load, { deadline: true }),
};

/** keyv has no loading of its own: done around it, as its users do. */
export const openKeyvSubject: OpenSubject = (url, load) => {
  const keyv = openKeyv(url);
  const read = async (key: string) => {
    const held = await keyv.get(key);
    if (held !== undefined) return held;
    const value = await load(key);
    await keyv.set(key, value, TTL_S * 1000);
    return value;
  };
  return { read, ready: () => keyv.get(WARM_UP_KEY), close: () => keyv.disconnect() };
};

function bento(url: string, load: LoadKey, options: { deadline: boolean }): Subject {
  const cache = openBento(url, options);
  const read = (key: string) => cache.getOrSet({ key, ttl: TTL_S * 1000, factory: () => load(key) });
  return { read, ready: () => cache.get({ key: WARM_UP_KEY }), close: () => cache.disconnectAll() };
}

function dedupe(url: string, load: LoadKey, options: { deadline: boolean }): Subject {
  const { cache, client } = openDedupe(url, load, options);
  return { read: (key) => cache.read(key), ready: () => client.ping(), close: () => client.quit() };
}

function cacheable(url: string, load: LoadKey, options: { deadline: boolean }): Subject {
  const cache = openCacheable(url, options);
  const read = async (key: string) => {
    const value = await cache.getOrSet(key, () => load(key), { ttl: TTL_S * 1000 });
    if (value === undefined) throw new Error('cacheable gave no value');
    return value;
  };
  return { read, ready: () => cache.get(WARM_UP_KEY), close: () => cache.disconnect() };
}
