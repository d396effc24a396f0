import type { HeaderFields } from './headers.ts';
import type { ReuseDecision } from './reuse.ts';

/**
 * How a request uses the cache: the `cache` option of `fetch`.
 * @see https://fetch.spec.whatwg.org/#concept-request-cache-mode
 */
export type CacheMode = 'default' | 'no-store' | 'reload' | 'no-cache' | 'force-cache' | 'only-if-cached';

/** Not `no-cache`, which would also validate a fresh immutable response. */
const VALIDATE: HeaderFields = { 'cache-control': 'max-age=0' };

/** The header fields that decide whether a stored response is reused. The mode overrides the caller's own. */
export function decidingFields(headers: HeaderFields, mode: CacheMode | undefined): HeaderFields {
  return mode === 'no-cache' ? VALIDATE : headers;
}

/**
 * The header fields of a request, with those that its mode adds for other caches on the way.
 * @see https://fetch.spec.whatwg.org/#http-network-or-cache-fetch
 */
export function withModeFields(headers: HeaderFields, mode: CacheMode): HeaderFields {
  const added: HeaderFields = Object.create(null);
  if (mode === 'no-cache') Object.assign(added, VALIDATE);
  if (ignoresStored(mode)) Object.assign(added, { 'cache-control': 'no-cache', pragma: 'no-cache' });
  return Object.assign(added, headers);
}

/** Whether a request ignores stored responses. */
export function ignoresStored(mode: CacheMode | undefined): boolean {
  return mode === 'no-store' || mode === 'reload';
}

/** Whether a request may use the response to another one that was forwarded earlier. */
export function allowsReuse(mode: CacheMode | undefined): boolean {
  return !ignoresStored(mode) && mode !== 'no-cache';
}

/** The decision to reuse a stored response, if the mode of the request overrides it. */
export function inMode(reuse: ReuseDecision, mode: CacheMode | undefined): ReuseDecision {
  return mode === 'force-cache' || mode === 'only-if-cached' ? { ...reuse, action: 'serve' } : reuse;
}
