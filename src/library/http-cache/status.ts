/** https://www.rfc-editor.org/rfc/rfc9110.html#section-15.1 */
const HEURISTICALLY_CACHEABLE = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501]);

/** Final statuses whose caching needs nothing that this cache lacks: all that RFC 9110 defines but 206 and 304. */
const UNDERSTOOD = new Set([
  200, 201, 202, 203, 204, 205, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408,
  409, 410, 411, 412, 413, 414, 415, 416, 417, 421, 422, 426, 500, 501, 502, 503, 504, 505,
]);

/** What forced caching keeps: never an error, and no redirect that its origin calls temporary. */
const FORCIBLE = new Set([200, 203, 204, 301, 308]);

/** What stale-if-error stands in for: https://www.rfc-editor.org/rfc/rfc5861.html#section-4 */
const ERRORS = new Set([500, 502, 503, 504]);

export const isHeuristicallyCacheable = (status: number) => HEURISTICALLY_CACHEABLE.has(status);
export const isUnderstood = (status: number) => UNDERSTOOD.has(status);
export const isForcible = (status: number) => FORCIBLE.has(status);
export const isServerError = (status: number) => ERRORS.has(status);
