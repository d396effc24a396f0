import { type Directives, parseCacheControl } from './cache-control.ts';
import { hasValidator } from './conditional.ts';
import { explicitLifetimeS, serviceLifetimeS } from './freshness.ts';
import type { HeaderFields } from './headers.ts';
import type { HttpCachePolicy } from './options.ts';
import { isHeuristicallyCacheable, isKnownStatus } from './status.ts';
import type { ReceivedResponse } from './stored-response.ts';
import { responseDirectives } from './targeted-field.ts';
import { selectingNames } from './vary.ts';

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
  if (parseCacheControl(request).has('no-store')) return undefined;
  if (!selectingNames(headers)) return undefined;
  const directives = responseDirectives(headers, policy);
  if (policy.shared && !mayBeShared(request, headers, directives, policy)) return undefined;
  const forcedTtlS = policy.forceCache ? serviceLifetimeS(response, policy) : undefined;
  if (forcedTtlS !== undefined) return { forcedTtlS, droppedFields: [] };
  if (!allowsStoring(response, directives, policy)) return undefined;
  return { droppedFields: directives.fieldNames('no-cache') };
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
  if (directives.has('private')) return false;
  const isPublic = directives.isBare('public') || directives.allowanceS('s-maxage') !== undefined;
  if (headers['set-cookie'] !== undefined && !isPublic) return false;
  const hasCredentials = credentialHeaders.some((name) => request[name] !== undefined);
  return !hasCredentials || isPublic || directives.isBare('must-revalidate');
}

function allowsStoring(response: ReceivedResponse, directives: Directives, policy: HttpCachePolicy): boolean {
  const { status } = response;
  // must-understand overrides no-store: https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.3
  if (directives.has('must-understand') && !isKnownStatus(status)) return false;
  if (directives.has('no-store') && !directives.isBare('must-understand')) return false;
  const lifetimeS = explicitLifetimeS(response, directives, policy);
  const isCacheable =
    lifetimeS !== undefined ||
    directives.isBare('public') ||
    (directives.has('private') && !policy.shared) ||
    isHeuristicallyCacheable(status);
  // A response that is never fresh and cannot be validated could never be reused.
  const isReusable =
    (lifetimeS ?? 0) > 0 ||
    serviceLifetimeS(response, policy) !== undefined ||
    hasValidator(response) ||
    directives.allowanceS('stale-while-revalidate') !== undefined ||
    directives.allowanceS('stale-if-error') !== undefined;
  return isCacheable && isReusable;
}
