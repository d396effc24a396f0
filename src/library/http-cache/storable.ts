import { type Directives, parseCacheControl } from './cache-control.ts';
import { assumedLifetimeS, explicitLifetimeS } from './freshness.ts';
import { fieldList, type HeaderFields } from './headers.ts';
import type { HttpCachePolicy } from './options.ts';
import { isHeuristicallyCacheable, isUnderstood } from './status.ts';
import type { ReceivedResponse } from './stored-response.ts';

/** Statuses that are not the whole of a representation, or no final answer about one. */
const NEVER_STORED = new Set([206, 304]);

export interface StorageDecision {
  /** Set where the service's TTL overrides what the response says. */
  readonly forcedTtlS?: number;
  /** Fields that must not be kept. */
  readonly droppedFields: readonly string[];
}

/**
 * Whether and how a response to GET, or to a POST keyed by its body, may be stored.
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
  const forcedTtlS = policy.forceCache ? assumedLifetimeS(response, policy) : undefined;
  if (forcedTtlS !== undefined) return { forcedTtlS, droppedFields: [] };
  if (!allowsStoring(response, directives, policy)) return undefined;
  return { droppedFields: directives.fieldNames('no-cache') ?? [] };
}

/**
 * What one copy for all may hold. Set-Cookie and a Cookie are treated as Authorization is: RFC 9111 §7.3
 * leaves them to origins, which forget them; so they need an explicit word.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-3.5
 */
function mayBeShared(
  request: HeaderFields,
  headers: HeaderFields,
  directives: Directives,
  { credentialHeaders }: HttpCachePolicy,
): boolean {
  if (directives.flag('private')) return false;
  const forAll = directives.flag('public') || directives.flag('s-maxage');
  if (headers['set-cookie'] !== undefined && !forAll) return false;
  const personal = credentialHeaders.some((name) => request[name] !== undefined);
  return !personal || forAll || directives.flag('must-revalidate');
}

function allowsStoring(response: ReceivedResponse, directives: Directives, policy: HttpCachePolicy): boolean {
  const { status, headers } = response;
  // https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.3: who understands the status ignores the no-store
  if (directives.flag('must-understand')) {
    if (!isUnderstood(status)) return false;
  } else if (directives.flag('no-store')) return false;
  const stated = explicitLifetimeS(response, directives, policy);
  const mayBeKept =
    stated !== undefined ||
    directives.flag('public') ||
    (directives.flag('private') && !policy.shared) ||
    isHeuristicallyCacheable(status);
  // What is neither fresh for a while nor can be validated would never be of use.
  const hasUse =
    (stated ?? 0) > 0 ||
    assumedLifetimeS(response, policy) !== undefined ||
    headers.etag !== undefined ||
    headers['last-modified'] !== undefined ||
    directives.flag('stale-while-revalidate') ||
    directives.flag('stale-if-error');
  return mayBeKept && hasUse;
}
