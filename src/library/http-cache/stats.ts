/** What happened since the cache was made. */
export interface HttpCacheCounters {
  /** Requests answered from the cache without asking the origin, stale ones included. */
  hits: number;
  /** Requests that had to ask the origin, or to wait for another that did. */
  misses: number;
  /** Requests that the cache had no part in: by method, by their own headers, or for ranges of a body. */
  bypassed: number;
  /** Times the origin was asked whether a stored response is still good. */
  revalidations: number;
  /** Of these, those that it answered with 304. */
  revalidated: number;
  /** Answers past their time: while revalidating, because the request allows it, or because the origin failed. */
  stale: number;
  /** Misses that shared the origin's answer to another request. */
  collapsed: number;
  /** Responses written to the store. */
  stores: number;
  /** Complete bodies that were too large to keep. */
  tooLarge: number;
  /** URLs made out of date by unsafe requests or by `clear`. */
  invalidations: number;
  /** Requests of the cache to its origins that failed. */
  originErrors: number;
  /** Faults of the store; each was treated as a miss. */
  storeErrors: number;
  /** Bytes of bodies served from the cache. */
  bytesServed: number;
  /** Bytes of bodies received from origins by way of the cache. */
  bytesReceived: number;
}

/** A snapshot of the cache. */
export interface HttpCacheStats extends HttpCacheCounters {
  /** Hits in percent of hits and misses, to two decimals; 0 before the first. */
  hitRate: number;
  /** Requests to origins that others may share, under way. */
  inFlight: number;
}

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
