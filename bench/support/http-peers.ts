import { Agent, cacheStores, type Dispatcher, interceptors } from 'undici';
import { RedisCacheStore } from 'undici-cache-redis';
import { createHttpCache } from '../../src/library/http-cache/index.ts';
import { RedisByteStore, RedisLink } from '../../src/library/redis/index.ts';
import { waitUntil } from '../../test/support/wait-until.ts';
import type { Cleanup } from './cleanup.ts';

const READY_DEADLINE_MS = 10_000;

type CacheOptions = NonNullable<Parameters<typeof interceptors.cache>[0]>;

/** Names of the caches in the results. */
export const OURS = 'Roundhouse';
export const OURS_REDIS = 'Roundhouse with Redis';
export const UNDICI = 'undici’s cache';
export const UNDICI_DEDUPLICATED = 'undici’s cache in front of its deduplication';
export const UNDICI_REDIS = 'undici-cache-redis without client-side caching';
export const UNDICI_REDIS_TRACKING = 'undici-cache-redis with client-side caching (its default)';

/** Opens the HTTP caches as interceptors, each with its own connections, and Roundhouse's also as a fetch. */
export async function openHttpCaches(redisUrl: string, cleanup: Cleanup) {
  const compose = (...steps: Dispatcher.DispatcherComposeInterceptor[]) => {
    const agent = new Agent();
    cleanup.add(() => agent.destroy());
    return agent.compose(...steps);
  };
  const redisStore = (tracking: boolean) => {
    const { hostname: host, port } = new URL(redisUrl);
    const clientOpts = { host, port: Number(port), keyPrefix: `peer-${tracking}:` };
    const store = new RedisCacheStore({ clientOpts, tracking, errorCallback() {} });
    cleanup.add(() => store.close());
    // Cast, because its types refer to an older version of undici.
    return interceptors.cache({ store } as CacheOptions);
  };
  const link = new RedisLink({ url: redisUrl });
  cleanup.add(() => link.close());
  await waitUntil('the link is up', () => link.state === 'connected', READY_DEADLINE_MS);
  const memory = createHttpCache();
  const shared = createHttpCache({ store: new RedisByteStore(link, 'bench') });
  cleanup.add(() => Promise.all([memory.close(), shared.close()]));
  const undiciCache = () => interceptors.cache({ store: new cacheStores.MemoryCacheStore() });
  const dispatchers = {
    [OURS]: compose(memory.interceptor()),
    [OURS_REDIS]: compose(shared.interceptor()),
    [UNDICI]: compose(undiciCache()),
    [UNDICI_DEDUPLICATED]: compose(interceptors.deduplicate(), undiciCache()),
    [UNDICI_REDIS]: compose(redisStore(false)),
    [UNDICI_REDIS_TRACKING]: compose(redisStore(true)),
  };
  return { dispatchers, fetch: memory.fetch };
}
