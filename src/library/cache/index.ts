/**
 * `roundhouse/cache`: an in-process cache with single-flight loads, invalidation, refresh-ahead and
 * stale-if-error.
 *
 * @example
 * using cache = new Cache({ staleIfErrorS: 30, refreshAheadS: 15 });
 * const total = await cache.getOrLoad('stats:total', () => readTotal(), { ttlS: 3 });
 * cache.invalidate('stats:*');
 */
import '../util/node-version.ts';

export { type Clock, createSystemClock } from '../util/clock.ts';
export { isGlob, matchGlob } from '../util/glob.ts';
export type { AdaptiveTtl, AdaptiveTtlOptions } from './adaptive-ttl.ts';
export type { ByteStore, StoredBytes } from './byte-store.ts';
export { Cache } from './cache.ts';
export { CacheClosedError, LoadTimeoutError } from './errors.ts';
export { cacheKey } from './key.ts';
export type { Freshness, Load, LoadResult, TierLoad } from './load.ts';
export type { LoadingCache } from './loading-cache.ts';
export { MemoryByteStore, type MemoryByteStoreOptions } from './memory-byte-store.ts';
export { MemoryStore, type MemoryStoreLimits } from './memory-store.ts';
export type { CacheOptions, KeyFilter, LoadOptions, SettledLoad, StoreOptions } from './options.ts';
export type { CacheRead, ReadOutcome } from './read.ts';
export { estimateBytes } from './size.ts';
export type { CacheCounters, CacheStats, CacheTotals, EntryStats } from './stats.ts';
export type { CacheEntry, CacheStore } from './store.ts';
