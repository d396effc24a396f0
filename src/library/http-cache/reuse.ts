import { type Directives, parseCacheControl } from './cache-control.ts';
import { correctedInitialAgeS, freshnessLifetimeS } from './freshness.ts';
import { fieldValue, type HeaderFields } from './headers.ts';
import type { HttpCachePolicy } from './options.ts';
import type { StoredResponse } from './stored-response.ts';

/** How much longer than fresh a response is of use where nothing says so: to be validated, or for max-stale. */
const KEPT_STALE_S = 3600;
const KEPT_FOR_VALIDATION_S = 24 * 3600;

/** What to do with a stored response that matches a request. */
export interface Reuse {
  /**
   * `serve`: at once. `refresh`: at once, and ask the origin in the background. `validate`: ask the origin
   * first.
   */
  readonly how: 'serve' | 'refresh' | 'validate';
  readonly ageS: number;
  /** Until it is stale; below zero for how long it has been. */
  readonly ttlS: number;
  /** Whether the request, not the response, asks for validation. */
  readonly byRequest: boolean;
  /** Whether it may be served where the origin fails. */
  readonly standsIn: boolean;
}

/**
 * @param residentMs how long the response has been here
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4
 */
export function evaluateReuse(
  request: HeaderFields,
  stored: StoredResponse,
  residentMs: number,
  policy: HttpCachePolicy,
): Reuse {
  const wanted = requestDirectives(request);
  const said = parseCacheControl(stored.headers);
  const ageS = correctedInitialAgeS(stored) + Math.max(0, residentMs) / 1000;
  const ttlS = freshnessLifetimeS(stored, policy) - ageS;
  const forced = stored.forcedTtlS !== undefined;
  const mustValidate = policy.alwaysRevalidate || (!forced && isUnqualifiedNoCache(said));
  const neverStale = mustValidate || (!forced && forbidsStale(said, policy));
  const within = (allowanceS: number | undefined) =>
    !neverStale && allowanceS !== undefined && -ttlS <= allowanceS;
  const byRequest = refuses(wanted, said, ageS, ttlS);
  const fresh = ttlS > 0;
  const result = (how: Reuse['how']): Reuse => ({
    how,
    ageS,
    ttlS,
    byRequest,
    standsIn:
      fresh && !mustValidate
        ? true
        : within(said.seconds('stale-if-error')) || within(wanted.seconds('stale-if-error')),
  });
  if (mustValidate || byRequest) return result('validate');
  if (fresh || within(maxStale(wanted))) return result('serve');
  return result(within(said.seconds('stale-while-revalidate')) ? 'refresh' : 'validate');
}

/** How long a response that has just come is worth keeping, in milliseconds. */
export function usefulMs(stored: StoredResponse, policy: HttpCachePolicy): number {
  const said = parseCacheControl(stored.headers);
  const freshS = Math.max(0, freshnessLifetimeS(stored, policy) - correctedInitialAgeS(stored));
  const canBeValidated = stored.headers.etag !== undefined || stored.headers['last-modified'] !== undefined;
  const beyondS = Math.max(
    canBeValidated ? KEPT_FOR_VALIDATION_S : KEPT_STALE_S,
    said.seconds('stale-while-revalidate') ?? 0,
    said.seconds('stale-if-error') ?? 0,
  );
  return (freshS + beyondS) * 1000;
}

/**
 * Pragma counts where Cache-Control is not there.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-5.4
 */
export function requestDirectives(request: HeaderFields): Directives {
  const onlyPragma = request['cache-control'] === undefined && request.pragma !== undefined;
  const noCache = onlyPragma && /(^|,)\s*no-cache\s*(,|$)/i.test(fieldValue(request, 'pragma') ?? '');
  return parseCacheControl(noCache ? { 'cache-control': 'no-cache' } : request);
}

function isUnqualifiedNoCache(said: Directives): boolean {
  return said.flag('no-cache') && said.fieldNames('no-cache') === undefined;
}

/** @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2.4 */
function forbidsStale(said: Directives, { shared }: HttpCachePolicy): boolean {
  // https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.10: in a shared cache s-maxage says so too
  return said.flag('must-revalidate') || (shared && (said.flag('proxy-revalidate') || said.flag('s-maxage')));
}

/** @see https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.1 */
function refuses(wanted: Directives, said: Directives, ageS: number, ttlS: number): boolean {
  if (wanted.flag('no-cache')) return true;
  const maxAge = wanted.seconds('max-age');
  const minFresh = wanted.seconds('min-fresh');
  // https://www.rfc-editor.org/rfc/rfc8246.html#section-2.1: a reload does not ask for what never changes
  const isReload = maxAge === 0 && said.flag('immutable') && ttlS > 0;
  if (maxAge !== undefined && ageS >= maxAge && !isReload) return true;
  return minFresh !== undefined && ttlS < minFresh;
}

/** @see https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.1.2: without an argument, of any staleness */
function maxStale(wanted: Directives): number | undefined {
  if (!wanted.flag('max-stale')) return undefined;
  return wanted.isBare('max-stale') ? Number.POSITIVE_INFINITY : wanted.seconds('max-stale');
}
