import { createHash } from 'node:crypto';
import { fieldValue, type HeaderFields } from './headers.ts';
import type { HttpCachePolicy } from './options.ts';

/** A request as the engine sees it. */
export interface CacheRequest {
  readonly method: string;
  /** Origin, path and query; no fragment. */
  readonly url: string;
  readonly headers: HeaderFields;
  readonly hasBody: boolean;
  /** The body's bytes, where the service keys by them and they are at hand. */
  readonly bodyBytes?: Uint8Array;
}

/** Where responses to a request are kept. */
export interface RequestKey {
  /** The URL's own record: it holds what all may be served, and when the URL was last invalidated. */
  readonly base: string;
  /** The record of these credentials and this body; the same as `base` where there are none. */
  readonly own: string;
}

const NAMESPACE = 'roundhouse:http:1';

/**
 * Everything is hashed: keys stay short, and no store, log or operator sees a credential or a token in a
 * query. Parts are hashed as JSON, so none can be taken for another.
 */
export function requestKey(request: CacheRequest, policy: HttpCachePolicy): RequestKey {
  const base = baseKey(request.url, policy.service);
  const credentials = policy.shared
    ? []
    : policy.credentialHeaders
        .map((name) => [name, fieldValue(request.headers, name)])
        .filter(([, value]) => value !== undefined);
  const { bodyBytes } = request;
  if (credentials.length === 0 && bodyBytes === undefined) return { base, own: base };
  const body = bodyBytes && [
    request.method,
    fieldValue(request.headers, 'content-type') ?? null,
    sha256(bodyBytes),
  ];
  return { base, own: `${base}:${sha256(JSON.stringify([credentials, body ?? null])).slice(0, 32)}` };
}

export function baseKey(url: string, service: string): string {
  return `${NAMESPACE}:${sha256(JSON.stringify([service, url])).slice(0, 32)}`;
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
