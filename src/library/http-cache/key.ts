import { hash } from 'node:crypto';
import { memoize } from '../util/memo.ts';
import type { CacheMode } from './cache-mode.ts';
import { fieldValue, type HeaderFields } from './headers.ts';
import type { HttpCachePolicy } from './options.ts';

/** A client's request. */
export interface CacheRequest {
  readonly method: string;
  /** Origin, path and query; no fragment. */
  readonly url: string;
  readonly headers: HeaderFields;
  readonly hasBody: boolean;
  /** The body, if it is part of the key; see `ServiceOptions.keyByBody`. */
  readonly bodyBytes?: Uint8Array;
  /** How the request uses the cache; `default` if it is undefined. */
  readonly mode?: CacheMode;
}

/** The store's keys for a request. */
export interface RequestKey {
  readonly service: string;
  /** Record of the URL: its generation, and responses without credentials and keyed body. */
  readonly urlKey: string;
  /** Record for the request's credentials and keyed body; equal to `urlKey` without them. */
  readonly recordKey: string;
}

const NAMESPACE = 'roundhouse:http:1';

/**
 * The keys of a request. All parts are hashed, so that keys are short and expose neither credentials nor
 * tokens in queries to the store. They are hashed as JSON, so that different parts never yield the same text.
 */
export function requestKey(request: CacheRequest, policy: HttpCachePolicy): RequestKey {
  const { service } = policy;
  const keyOfUrl = urlKey(request.url, service);
  const credentials: [name: string, value: string][] = [];
  for (const name of policy.shared ? [] : policy.credentialHeaders) {
    const value = fieldValue(request.headers, name);
    if (value !== undefined) credentials.push([name, value]);
  }
  const { bodyBytes } = request;
  if (credentials.length === 0 && bodyBytes === undefined) {
    return { service, urlKey: keyOfUrl, recordKey: keyOfUrl };
  }
  const body = bodyBytes && [
    request.method,
    fieldValue(request.headers, 'content-type') ?? null,
    sha256(bodyBytes),
  ];
  const digest = sha256(JSON.stringify([credentials, body ?? null])).slice(0, 32);
  return { service, urlKey: keyOfUrl, recordKey: `${keyOfUrl}:${digest}` };
}

/** The key of a URL's record in one service. */
export function urlKey(url: string, service: string): string {
  return keysOf(service)(url);
}

/** Hashing a URL takes longer than the rest of a look-up in memory, and the URLs in use are few. */
const keysOf = memoize((service) =>
  memoize((url) => `${NAMESPACE}:${sha256(JSON.stringify([service, url])).slice(0, 32)}`),
);

function sha256(data: string | Uint8Array): string {
  return hash('sha256', data);
}
