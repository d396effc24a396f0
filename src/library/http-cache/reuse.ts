import { type Directives, parseCacheControl, parseDirectives } from './cache-control.ts';
import { hasValidator } from './conditional.ts';
import { correctedInitialAgeS, freshnessLifetimeS } from './freshness.ts';
import { fieldValue, type HeaderFields } from './headers.ts';
import type { HttpCachePolicy } from './options.ts';
import type { StoredResponse } from './stored-response.ts';
import { responseDirectives } from './targeted-field.ts';

/** How long a stale response is worth storing without a validator, for max-stale. */
const STALE_RETENTION_S = 3600;
/** How long a stale response is worth storing with a validator. */
const VALIDATION_RETENTION_S = 24 * 3600;

/** Whether and how a stored response that matches a request is reused. */
export interface ReuseDecision {
  /** Reuse it as it is, reuse it and revalidate it in the background, or validate it first. */
  readonly action: 'serve' | 'serve-and-revalidate' | 'validate';
  /** Current age in seconds: https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2.3 */
  readonly ageS: number;
  /** Remaining freshness lifetime in seconds; negative if stale. */
  readonly ttlS: number;
  /** Whether a directive of the request requires the validation. */
  readonly requiredByRequest: boolean;
  /** Whether it may be served if the origin fails. */
  readonly allowedOnError: boolean;
}

/**
 * Decides whether a stored response can be reused for a request that matches it.
 * @param residentMs how long the response has been stored
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4
 */
export function evaluateReuse(
  request: HeaderFields,
  stored: StoredResponse,
  residentMs: number,
  policy: HttpCachePolicy,
): ReuseDecision {
  const requested = requestDirectives(request);
  const { directives, initialAgeS, lifetimeS } = factsOf(stored, policy);
  const ageS = initialAgeS + Math.max(0, residentMs) / 1000;
  const ttlS = lifetimeS - ageS;
  const forced = stored.forcedTtlS !== undefined;
  const mustValidate = policy.alwaysRevalidate || (!forced && directives.isUnqualified('no-cache'));
  const neverStale = mustValidate || (!forced && forbidsStale(directives, policy));
  const within = (allowanceS: number | undefined) =>
    !neverStale && allowanceS !== undefined && -ttlS <= allowanceS;
  const requiredByRequest = requiresValidation(requested, directives, ageS, ttlS);
  const fresh = ttlS > 0;
  const result = (action: ReuseDecision['action']): ReuseDecision => ({
    action,
    ageS,
    ttlS,
    requiredByRequest,
    allowedOnError:
      (fresh && !mustValidate) ||
      within(directives.allowanceS('stale-if-error')) ||
      within(requested.allowanceS('stale-if-error')),
  });
  if (mustValidate || requiredByRequest) return result('validate');
  if (fresh || within(maxStaleS(requested))) return result('serve');
  return result(
    within(directives.allowanceS('stale-while-revalidate')) ? 'serve-and-revalidate' : 'validate',
  );
}

/** What a reuse is decided by, apart from the request and the time. */
interface ReuseFacts {
  readonly policy: HttpCachePolicy;
  readonly directives: Directives;
  readonly initialAgeS: number;
  readonly lifetimeS: number;
}

/** Kept with each response, because parsing its fields takes longer than the rest of a hit. */
const knownFacts = new WeakMap<StoredResponse, ReuseFacts>();

function factsOf(stored: StoredResponse, policy: HttpCachePolicy): ReuseFacts {
  const known = knownFacts.get(stored);
  if (known?.policy === policy) return known;
  const facts = {
    policy,
    directives: responseDirectives(stored.headers, policy),
    initialAgeS: correctedInitialAgeS(stored),
    lifetimeS: freshnessLifetimeS(stored, policy),
  };
  knownFacts.set(stored, facts);
  return facts;
}

/** How long after it was received a response is worth storing, in milliseconds. */
export function usefulMs(stored: StoredResponse, policy: HttpCachePolicy): number {
  const directives = responseDirectives(stored.headers, policy);
  const freshS = Math.max(0, freshnessLifetimeS(stored, policy) - correctedInitialAgeS(stored));
  const staleS = Math.max(
    hasValidator(stored) ? VALIDATION_RETENTION_S : STALE_RETENTION_S,
    directives.allowanceS('stale-while-revalidate') ?? 0,
    directives.allowanceS('stale-if-error') ?? 0,
  );
  return (freshS + staleS) * 1000;
}

/**
 * The cache directives of a request. `Pragma: no-cache` counts if there is no Cache-Control.
 * @see https://www.rfc-editor.org/rfc/rfc9111.html#section-5.4
 */
export function requestDirectives(request: HeaderFields): Directives {
  if (request['cache-control'] !== undefined) return parseCacheControl(request);
  if (request.pragma === undefined) return NO_DIRECTIVES;
  return parseDirectives(fieldValue(request, 'pragma')!).has('no-cache') ? NO_CACHE : NO_DIRECTIVES;
}

const NO_DIRECTIVES = parseDirectives('');
const NO_CACHE = parseDirectives('no-cache');

/** @see https://www.rfc-editor.org/rfc/rfc9111.html#section-4.2.4 */
function forbidsStale(directives: Directives, { shared }: HttpCachePolicy): boolean {
  if (directives.has('must-revalidate')) return true;
  // s-maxage implies proxy-revalidate: https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.2.10
  return shared && (directives.has('proxy-revalidate') || directives.has('s-maxage'));
}

/** @see https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.1 */
function requiresValidation(
  requested: Directives,
  directives: Directives,
  ageS: number,
  ttlS: number,
): boolean {
  if (requested.has('no-cache')) return true;
  const maxAgeS = requested.limitS('max-age');
  // A reload does not validate a fresh immutable response:
  // https://www.rfc-editor.org/rfc/rfc8246.html#section-2
  const isReload = maxAgeS === 0 && directives.isBare('immutable') && ttlS > 0;
  if (maxAgeS !== undefined && ageS >= maxAgeS && !isReload) return true;
  return requested.has('min-fresh') && ttlS < requested.demandS('min-fresh');
}

/** Infinity without an argument: https://www.rfc-editor.org/rfc/rfc9111.html#section-5.2.1.2 */
function maxStaleS(requested: Directives): number | undefined {
  return requested.isBare('max-stale') ? Number.POSITIVE_INFINITY : requested.allowanceS('max-stale');
}
