/** What happened since the cache was created. */
export interface HttpCacheCounters {
  /** Requests served from stored responses without contacting the origin, stale ones included. */
  hits: number;
  /** Requests that were forwarded or collapsed with a forwarded one. */
  misses: number;
  /** Requests that the cache only passed on, because of their method, header fields or range. */
  bypassed: number;
  /** Validation requests sent to origins. */
  revalidations: number;
  /** Validation requests answered with 304. */
  revalidated: number;
  /** Stale responses served: during a background revalidation, by max-stale, or because the origin failed. */
  stale: number;
  /** Misses that waited for the response to another request. */
  collapsed: number;
  /** Responses written to the store. */
  stores: number;
  /** Responses that were not stored because their body exceeds `maxBodyBytes`. */
  tooLarge: number;
  /** URLs invalidated by unsafe requests or `clear(url)`; any other clear counts as one. */
  invalidations: number;
  /** Forwarded requests that failed. */
  originErrors: number;
  /** Failed operations of the store, each treated as a miss, and corrupt records. */
  storeErrors: number;
  /** Bytes of bodies served from the cache. */
  bytesServed: number;
  /** Bytes of bodies received from origins. */
  bytesReceived: number;
}

/** Counters and current state of the cache. */
export interface HttpCacheStats extends HttpCacheCounters {
  /** Hits as a percentage of hits and misses, with two decimals; 0 before the first request. */
  hitRate: number;
  /** Forwarded requests in progress that others may be collapsed with. */
  inFlight: number;
}

/** Counters that are all 0. */
export function zeroHttpCounters(): HttpCacheCounters {
  return {
    hits: 0,
    misses: 0,
    bypassed: 0,
    revalidations: 0,
    revalidated: 0,
    stale: 0,
    collapsed: 0,
    stores: 0,
    tooLarge: 0,
    invalidations: 0,
    originErrors: 0,
    storeErrors: 0,
    bytesServed: 0,
    bytesReceived: 0,
  };
}
