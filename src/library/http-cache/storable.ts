import { type Directives, parseCacheControl } from './cache-control.ts';
import { explicitLifetimeS, serviceLifetimeS } from './freshness.ts';
import { fieldList, type HeaderFields } from './headers.ts';
import type { HttpCachePolicy } from './options.ts';
import { isHeuristicallyCacheable, isKnownStatus } from './status.ts';
import type { ReceivedResponse } from './stored-response.ts';

/** Partial and 304 responses are not complete responses. */
const NEVER_STORED = new Set([206, 304]);

/** How a response is stored. */
export interface StorageDecision {
  /** The service's TTL in seconds, if it overrides the response's own lifetime. */
  readonly forcedTtlS?: number;
  /** Names of fields that must not be stored. */
  readonly droppedFields: readonly string[];
}

/**
 * Decides whether and how a response to GET, or to a POST keyed by its body, may be stored.
 * @returns undefined if it may not
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-3
 */
export function evaluateStorage(
  request: HeaderFields,
  response: ReceivedResponse,
  policy: HttpCachePolicy,
): StorageDecision | undefined {
  const { status, headers } = response;
  if (status < 200 || NEVER_STORED.has(status)) return undefined;
  if (parseCacheControl(request).flag('no-store')) return undefined;
  if (fieldList(headers, 'vary').includes('*')) return undefined;
  const directives = parseCacheControl(headers);
  if (policy.shared && !mayBeShared(request, headers, directives, policy)) return undefined;
  const forcedTtlS = policy.forceCache ? serviceLifetimeS(response, policy) : undefined;
  if (forcedTtlS !== undefined) return { forcedTtlS, droppedFields: [] };
  if (!allowsStoring(response, directives, policy)) return undefined;
  return { droppedFields: directives.fieldNames('no-cache') ?? [] };
}

/**
 * Whether a shared cache may store a response. Cookie and Set-Cookie are treated like Authorization and so
 * require an explicit directive: RFC 9111 §7.3 leaves it to origins to forbid the caching of cookies, which
 * many omit.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-3.5
 */
function mayBeShared(
  request: HeaderFields,
  headers: HeaderFields,
  directives: Directives,
  { credentialHeaders }: HttpCachePolicy,
): boolean {
  if (directives.flag('private')) return false;
  const isPublic = directives.flag('public') || directives.flag('s-maxage');
  if (headers['set-cookie'] !== undefined && !isPublic) return false;
  const hasCredentials = credentialHeaders.some((name) => request[name] !== undefined);
  return !hasCredentials || isPublic || directives.flag('must-revalidate');
}

function allowsStoring(response: ReceivedResponse, directives: Directives, policy: HttpCachePolicy): boolean {
  const { status, headers } = response;
  // must-understand overrides no-store: https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.3
  if (directives.flag('must-understand')) {
    if (!isKnownStatus(status)) return false;
  } else if (directives.flag('no-store')) return false;
  const lifetimeS = explicitLifetimeS(response, directives, policy);
  const isCacheable =
    lifetimeS !== undefined ||
    directives.flag('public') ||
    (directives.flag('private') && !policy.shared) ||
    isHeuristicallyCacheable(status);
  // A response that is never fresh and cannot be validated could never be reused.
  const isReusable =
    (lifetimeS ?? 0) > 0 ||
    serviceLifetimeS(response, policy) !== undefined ||
    headers.etag !== undefined ||
    headers['last-modified'] !== undefined ||
    directives.flag('stale-while-revalidate') ||
    directives.flag('stale-if-error');
  return isCacheable && isReusable;
}
