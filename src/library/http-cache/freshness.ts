import type { Directives } from './cache-control.ts';
import { fieldValue } from './headers.ts';
import { parseHttpDate } from './http-date.ts';
import type { HttpCachePolicy } from './options.ts';
import { allowsServiceTtl, isHeuristicallyCacheable } from './status.ts';
import type { ReceivedResponse } from './stored-response.ts';
import { responseDirectives } from './targeted-field.ts';

/** Heuristic lifetime as a fraction of the time since Last-Modified. */
const HEURISTIC_FRACTION = 0.1;
const MAX_HEURISTIC_S = 24 * 3600;
const DATE_RESOLUTION_MS = 1000;

/**
 * The freshness lifetime of a response, in seconds.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2.1
 */
export function freshnessLifetimeS(response: ReceivedResponse, policy: HttpCachePolicy): number {
  if (response.forcedTtlS !== undefined) return response.forcedTtlS;
  const directives = responseDirectives(response.headers, policy);
  return explicitLifetimeS(response, directives, policy) ?? defaultLifetimeS(response, directives, policy);
}

/** The lifetime specified by max-age, s-maxage or Expires; undefined if the response has none of them. */
export function explicitLifetimeS(
  response: ReceivedResponse,
  directives: Directives,
  { shared }: Pick<HttpCachePolicy, 'shared'>,
): number | undefined {
  const maxAgeS = (shared ? directives.limitS('s-maxage') : undefined) ?? directives.limitS('max-age');
  if (maxAgeS !== undefined) return maxAgeS;
  const { expires } = response.headers;
  if (expires === undefined || directives.replacesExpires) return undefined;
  // An invalid or repeated Expires is a time in the past:
  // https://www.rfc-editor.org/rfc/rfc9111.html#section-5.3
  const time = typeof expires === 'string' ? parseHttpDate(expires, response.receivedAt) : undefined;
  return time === undefined ? 0 : Math.max(0, (time - dateOf(response)) / 1000);
}

/** The service's TTL, if it applies to the response: one with a suitable status that sets no cookies. */
export function serviceLifetimeS(
  { status, headers }: Pick<ReceivedResponse, 'status' | 'headers'>,
  { ttlS }: HttpCachePolicy,
): number | undefined {
  return allowsServiceTtl(status) && headers['set-cookie'] === undefined ? ttlS : undefined;
}

/**
 * The lifetime of a response that specifies none: the service's TTL, or a heuristic one.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2.2
 */
function defaultLifetimeS(
  response: ReceivedResponse,
  directives: Directives,
  policy: HttpCachePolicy,
): number {
  const serviceTtlS = serviceLifetimeS(response, policy);
  if (serviceTtlS !== undefined) return serviceTtlS;
  if (!isHeuristicallyCacheable(response.status) && !directives.isBare('public')) return 0;
  const lastModified = parseHttpDate(fieldValue(response.headers, 'last-modified'), response.receivedAt);
  if (!policy.heuristics || lastModified === undefined) return 0;
  const unchangedS = Math.max(0, (dateOf(response) - lastModified) / 1000);
  return Math.min(unchangedS * HEURISTIC_FRACTION, MAX_HEURISTIC_S);
}

/**
 * The age of a response when it was received, in seconds.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2.3
 */
export function correctedInitialAgeS(response: ReceivedResponse): number {
  const sinceDateMs = response.receivedAt - dateOf(response);
  const delayMs = Math.max(0, response.receivedAt - response.requestedAt);
  // Date has whole seconds, so even a response that was generated on request seems up to a second old. That would
  // leave nothing of a lifetime of one second.
  const apparentAgeS = sinceDateMs < DATE_RESOLUTION_MS + delayMs ? 0 : sinceDateMs / 1000;
  return Math.max(apparentAgeS, ageValueS(response) + delayMs / 1000);
}

/**
 * The first value of the Age field; 0 if it is missing or not a non-negative integer.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-5.1
 */
function ageValueS({ headers }: ReceivedResponse): number {
  const first = /^[^,]*/.exec(fieldValue(headers, 'age') ?? '')![0].trim();
  return /^\d+$/.test(first) ? Math.min(Number(first), 2 ** 31) : 0;
}

function dateOf({ headers, receivedAt }: ReceivedResponse): number {
  return parseHttpDate(fieldValue(headers, 'date'), receivedAt) ?? receivedAt;
}
