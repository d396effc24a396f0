/**
 * `roundhouse/redis`: caches that processes share over Redis, and leader election.
 *
 * @example
 * using link = new RedisLink({ url: 'redis://localhost' });
 * using cache = new TieredCache(link, { namespace: 'stats' });
 * const total = await cache.getOrLoad('stats:total', () => readTotal(), { ttlS: 3 });
 * cache.invalidate('stats:*');
 */
import '../util/node-version.ts';

export { RedisByteStore } from './byte-store.ts';
export { type Codec, jsonCodec } from './codec.ts';
export { CorruptValueError, RedisTimeoutError, RedisUnavailableError } from './errors.ts';
export { LeaderLease, type LeaderLeaseOptions, type Term } from './leader-lease.ts';
export { type LinkState, RedisLink, type RedisOptions } from './link.ts';
export type { RedisCounters } from './redis-counters.ts';
export type { RedisClientLike } from './server-options.ts';
export { TieredByteStore, type TieredByteStoreOptions } from './tiered-byte-store.ts';
export { TieredCache, type TieredCacheOptions } from './tiered-cache.ts';
