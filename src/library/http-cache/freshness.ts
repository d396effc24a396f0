import { type Directives, parseCacheControl } from './cache-control.ts';
import { fieldValue } from './headers.ts';
import { parseHttpDate } from './http-date.ts';
import type { HttpCachePolicy } from './options.ts';
import { isForcible, isHeuristicallyCacheable } from './status.ts';
import type { ReceivedResponse } from './stored-response.ts';

const HEURISTIC_SHARE = 0.1;
const MAX_HEURISTIC_S = 24 * 3600;

/**
 * How long a response is fresh, counted from its origin's clock.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2.1
 */
export function freshnessLifetimeS(response: ReceivedResponse, policy: HttpCachePolicy): number {
  if (response.forcedTtlS !== undefined) return response.forcedTtlS;
  const directives = parseCacheControl(response.headers);
  return explicitLifetimeS(response, directives, policy) ?? impliedLifetimeS(response, directives, policy);
}

/** The lifetime that the response states; undefined if it states none. */
export function explicitLifetimeS(
  response: ReceivedResponse,
  directives: Directives,
  { shared }: Pick<HttpCachePolicy, 'shared'>,
): number | undefined {
  const stated = (shared ? directives.seconds('s-maxage') : undefined) ?? directives.seconds('max-age');
  if (stated !== undefined) return stated;
  const { expires } = response.headers;
  if (expires === undefined) return undefined;
  // No date, or several of them, is a date in the past: https://www.rfc-editor.org/rfc/rfc9111.html#section-5.3
  const time = typeof expires === 'string' ? parseHttpDate(expires, response.receivedAt) : undefined;
  return time === undefined ? 0 : Math.max(0, (time - dateOf(response)) / 1000);
}

/** The service's TTL, for a response that says nothing: no error, and none that is for one client. */
export function assumedLifetimeS(
  { status, headers }: Pick<ReceivedResponse, 'status' | 'headers'>,
  { ttlS }: HttpCachePolicy,
): number | undefined {
  return isForcible(status) && headers['set-cookie'] === undefined ? ttlS : undefined;
}

/** @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2.2 */
function impliedLifetimeS(
  response: ReceivedResponse,
  directives: Directives,
  policy: HttpCachePolicy,
): number {
  const assumed = assumedLifetimeS(response, policy);
  if (assumed !== undefined) return assumed;
  if (!isHeuristicallyCacheable(response.status) && !directives.flag('public')) return 0;
  const lastModified = parseHttpDate(fieldValue(response.headers, 'last-modified'), response.receivedAt);
  if (!policy.heuristics || lastModified === undefined) return 0;
  const unchangedS = Math.max(0, (dateOf(response) - lastModified) / 1000);
  return Math.min(unchangedS * HEURISTIC_SHARE, MAX_HEURISTIC_S);
}

/**
 * How old a response was when it came.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2.3
 */
export function correctedInitialAgeS(response: ReceivedResponse): number {
  const apparentAge = Math.max(0, (response.receivedAt - dateOf(response)) / 1000);
  const delay = Math.max(0, (response.receivedAt - response.requestedAt) / 1000);
  return Math.max(apparentAge, ageField(response) + delay);
}

/**
 * Of several values the first counts, and one that is no whole number does not count.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-5.1
 */
function ageField({ headers }: ReceivedResponse): number {
  const first = /^[^,]*/.exec(fieldValue(headers, 'age') ?? '')![0].trim();
  return /^\d+$/.test(first) ? Math.min(Number(first), 2 ** 31) : 0;
}

function dateOf({ headers, receivedAt }: ReceivedResponse): number {
  return parseHttpDate(fieldValue(headers, 'date'), receivedAt) ?? receivedAt;
}
