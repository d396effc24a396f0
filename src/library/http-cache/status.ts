/** @see https://www.rfc-editor.org/rfc/rfc9110.html#section-15.1 */
const HEURISTICALLY_CACHEABLE = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]);

/** All final statuses of RFC 9110 except 206 and 304, whose caching requirements are not implemented. */
const KNOWN = new Set([
  200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408,
  409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 426, 500, 501, 502, 503, 504, 505,
]);

/** Successful responses and permanent redirects. */
const SERVICE_TTL = new Set([200, 203, 204, 301, 308]);

/** @see https://www.rfc-editor.org/rfc/rfc5861.html#section-4 */
const STALE_IF_ERROR = new Set([500, 502, 503, 504]);

/** Whether responses with this status may have a heuristic freshness lifetime. */
export const isHeuristicallyCacheable = (status: number) => HEURISTICALLY_CACHEABLE.has(status);

/**
 * Whether the cache understands the caching requirements of this status.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.3
 */
export const isKnownStatus = (status: number) => KNOWN.has(status);

/** Whether the `ttlS` of a service applies to responses with this status. */
export const allowsServiceTtl = (status: number) => SERVICE_TTL.has(status);

/** Whether `stale-if-error` allows serving a stale response in place of one with this status. */
export const isStaleIfErrorStatus = (status: number) => STALE_IF_ERROR.has(status);
