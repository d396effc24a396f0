/**
 * `roundhouse/cache`: a cache for values that are slow to read and must not be wrong.
 *
 * @example
 * using cache = new Cache({ staleIfErrorS: 30, refreshAheadS: 15 });
 * const total = await cache.getOrLoad('stats:total', () => readTotal(), { ttlS: 3 });
 * cache.invalidate('stats:*');
 */

export { type Clock, createSystemClock } from '../util/clock.ts';
export { isGlob, matchGlob } from '../util/glob.ts';
export type { ByteStore, StoredBytes } from './byte-store.ts';
export { Cache } from './cache.ts';
export { CacheClosedError, LoadTimeoutError } from './errors.ts';
export type { Freshness, Load } from './flight.ts';
export { cacheKey } from './key.ts';
export type { LoadingCache } from './loading-cache.ts';
export { MemoryByteStore, type MemoryByteStoreOptions } from './memory-byte-store.ts';
export { MemoryStore } from './memory-store.ts';
export type { CacheOptions, EndedLoad, LoadOptions } from './options.ts';
export type { CacheRead, ReadOutcome } from './read.ts';
export { estimateBytes } from './size.ts';
export type { CacheStats, CacheTotals, Counters, EntryStats } from './stats.ts';
export type { Entry, Store } from './store.ts';
