import { fieldValue, type HeaderFields } from './headers.ts';
import type { CacheRequest } from './key.ts';
import type { HttpCachePolicy } from './options.ts';

/** Methods that change nothing: https://www.iana.org/assignments/http-methods */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'REPORT', 'SEARCH', 'QUERY', 'PRI']);

/** Whether a request of this method may be answered from the cache. */
export function isCacheable(request: CacheRequest, policy: HttpCachePolicy): boolean {
  const { method } = request;
  return method === 'GET' || method === 'HEAD' || isQuery(request, policy);
}

/**
 * Whether a request asks for more than can be told from stored responses: by conditions that are about changing
 * something, or by a body that is no part of the key. A GET should have none, but some origins answer by it.
 */
export function isForOriginAlone({ headers, hasBody, bodyBytes }: CacheRequest): boolean {
  const hasWriteCondition = headers['if-match'] !== undefined || headers['if-unmodified-since'] !== undefined;
  return hasWriteCondition || (hasBody && bodyBytes === undefined);
}

/** Whether responses to a request make others out of date. */
export function isUnsafe(request: CacheRequest, policy: HttpCachePolicy): boolean {
  return !SAFE.has(request.method) && !isQuery(request, policy);
}

/** A POST that the service keys by its body asks, and changes nothing. */
function isQuery({ method, bodyBytes }: CacheRequest, { keyByBody }: HttpCachePolicy): boolean {
  return keyByBody === true && method === 'POST' && bodyBytes !== undefined;
}

/**
 * The URLs that a response to an unsafe request makes out of date: its own, and those of the same origin that
 * it names. An error changes nothing.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4.4
 */
export function invalidatedUrls(
  { url }: CacheRequest,
  { status, headers }: { status: number; headers: HeaderFields },
): string[] {
  if (status < 200 || status >= 400) return [];
  const { origin } = new URL(url);
  const named = ['location', 'content-location'].flatMap((name) => fieldValue(headers, name) ?? []);
  const targets = named
    .map((reference) => URL.parse(reference, url))
    .filter((target) => target?.origin === origin)
    .map((target) => `${target!.origin}${target!.pathname}${target!.search}`);
  return [...new Set([url, ...targets])];
}
