/**
 * `roundhouse/redis`: caches that processes share over Redis, and what only one of them does at a time.
 *
 * @example
 * using link = new RedisLink({ url: 'redis://localhost' });
 * using cache = new SharedCache({ ...})
 */
export { RedisByteStore } from './byte-store.ts';
export { type Codec, jsonCodec } from './codec.ts';
export { RedisAwayError, RedisTimeoutError } from './errors.ts';
export { type LinkState, RedisLink, type RedisOptions } from './link.ts';
export { SharedCache, type SharedCacheOptions } from './shared-cache.ts';
export type { TierCounters } from './tier.ts';
