import { fieldValue, type HeaderFields } from './headers.ts';
import type { CacheRequest } from './key.ts';
import type { HttpCachePolicy } from './options.ts';

/** Safe methods: https://www.iana.org/assignments/http-methods */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'REPORT', 'SEARCH', 'QUERY', 'PRI']);

/** Whether stored responses may be reused for requests with this method. */
export function isCacheableMethod(request: CacheRequest, policy: HttpCachePolicy): boolean {
  const { method } = request;
  return policy.methods.includes(method) || isKeyedPost(request, policy);
}

/**
 * Whether only the origin can handle a request: because of a precondition that protects state changes, or a
 * body that is not part of the key. A GET should have no body, but some origins' responses depend on it.
 * @see https://www.rfc-editor.org/rfc/rfc9110.html#section-13.1.1
 */
export function bypassesCache({ headers, hasBody, bodyBytes }: CacheRequest): boolean {
  const hasWriteCondition = headers['if-match'] !== undefined || headers['if-unmodified-since'] !== undefined;
  return hasWriteCondition || (hasBody && bodyBytes === undefined);
}

/**
 * Whether a successful response to a request invalidates stored responses.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4.4
 */
export function isUnsafe(request: CacheRequest, policy: HttpCachePolicy): boolean {
  return !SAFE.has(request.method) && !isKeyedPost(request, policy);
}

/** A POST of a service with `keyByBody` is a query that does not change state. */
function isKeyedPost({ method, bodyBytes }: CacheRequest, { keyByBody }: HttpCachePolicy): boolean {
  return keyByBody === true && method === 'POST' && bodyBytes !== undefined;
}

/**
 * The URLs that a response to an unsafe request invalidates: the target URL, and those of Location and
 * Content-Location if they have the same origin. An error response invalidates nothing.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4.4
 */
export function invalidatedUrls(
  { url }: CacheRequest,
  { status, headers }: { status: number; headers: HeaderFields },
): string[] {
  if (status < 200 || status >= 400) return [];
  const { origin } = new URL(url);
  const references = ['location', 'content-location'].flatMap((name) => fieldValue(headers, name) ?? []);
  const targets = references
    .map((reference) => URL.parse(reference, url))
    .filter((target) => target?.origin === origin)
    .map((target) => `${target!.origin}${target!.pathname}${target!.search}`);
  return [...new Set([url, ...targets])];
}
