/**
 * `roundhouse/preset`: the HTTP cache and the result cache over one Redis, configured by the environment.
 *
 * @example
 * await using caches = openCaches();
 * const response = await caches.fetchFor('anilist', { keyByBody: true })(url, { method: 'POST', body });
 * const lookUp = caches.cachedResult(async (id: string) => await scrape(id), { ttlS: 3600 });
 */
import '../util/node-version.ts';

export { ConfigError } from '../settings/read.ts';
export {
  type Caches,
  type CachesOptions,
  type CachesStats,
  openCaches,
  type ResultOptions,
  type ServiceRequestOptions,
} from './open.ts';
export type { Interceptor, ServiceDefaults } from './service-defaults.ts';
export { CACHE_SETTINGS, type CacheArguments, type CacheSettings, readCacheSettings } from './settings.ts';
export { sharedCaches } from './shared.ts';
export type { StoreStats } from './stores.ts';
