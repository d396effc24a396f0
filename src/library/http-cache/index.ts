/**
 * `roundhouse/http-cache`: an RFC 9111 HTTP cache, as a `fetch` and as an interceptor for undici.
 *
 * @example
 * await using cache = createHttpCache();
 * const response = await cache.fetch('https://api.example/items');
 * response.headers.get('cache-status'); // roundhouse; fwd=uri-miss; fwd-status=200; stored
 */
import '../util/node-version.ts';

export type { Fetch, FetchInit } from './fetch.ts';
export { createHttpCache, type HttpCache, type HttpCacheClient } from './http-cache.ts';
export type { HttpCacheOptions, ServiceOptions } from './options.ts';
export type { HttpCacheCounters, HttpCacheStats } from './stats.ts';
