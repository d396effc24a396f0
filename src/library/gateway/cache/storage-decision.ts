import { parseCacheControl } from '../../http-cache/cache-control.ts';
import { fieldValue, type HeaderFields } from '../../http-cache/headers.ts';
import type { HttpCachePolicy } from '../../http-cache/options.ts';
import { allowsServiceTtl } from '../../http-cache/status.ts';
import { evaluateStorage } from '../../http-cache/storable.ts';
import type { ReceivedResponse } from '../../http-cache/stored-response.ts';
import { selectingNames } from '../../http-cache/vary.ts';
import type { LaneRequest } from '../message.ts';
import { forcedTtlS } from '../rules/lifetime.ts';
import type { CompiledRule } from '../rules/rule.ts';

/** Why a response is not kept. */
export type NotKeptReason =
  | 'partial'
  | 'failure'
  | 'vary-star'
  | 'no-store'
  | 'private-or-cookie'
  | 'not-cacheable'
  | 'too-large';

/** Whether and how a response is kept. */
export type StorageDecision =
  | { readonly keep: false; readonly reason: NotKeptReason }
  | {
      readonly keep: true;
      /** Under the common key, or under that of the request's credentials. */
      readonly key: 'common' | 'personal';
      /** Whether it may be served to requests with other credentials. */
      readonly forEveryone: boolean;
      readonly forcedTtlS?: number;
      readonly droppedFields: readonly string[];
    };

/** What decides about the responses of a rule by RFC 9111. */
export function policyOf(rule: CompiledRule, shared: boolean, maxBodyBytes: number): HttpCachePolicy {
  return {
    service: '',
    shared,
    heuristics: true,
    methods: ['GET', 'HEAD'],
    isCachedOrigin: () => true,
    // The gateway is not a CDN.
    targetedFields: [],
    maxBodyBytes,
    // Credentials are part of the key here, or ignored on purpose.
    credentialHeaders: [],
    ...(rule.ttlS === undefined ? {} : { ttlS: rule.ttlS }),
    forceCache: rule.force,
  };
}

/**
 * Decides whether the response to a GET request is kept.
 * @param hasCredentials whether the request has credentials
 */
export function decideStorage(
  { url, headers: request }: Pick<LaneRequest, 'url' | 'headers'>,
  response: ReceivedResponse,
  rule: CompiledRule,
  hasCredentials: boolean,
): StorageDecision {
  const { status, headers } = response;
  if (status < 200 || status === 206 || status === 304) return { keep: false, reason: 'partial' };
  if (!selectingNames(headers)) return { keep: false, reason: 'vary-star' };
  const forEveryone = isForEveryone(headers, rule);
  const key = hasCredentials && !forEveryone ? 'personal' : 'common';
  const isNegative = status === 404 || status === 410;
  if (status >= 400) {
    const { negativeTtlS } = rule;
    if (!isNegative || negativeTtlS === undefined) return { keep: false, reason: 'failure' };
    return { keep: true, key, forEveryone, forcedTtlS: negativeTtlS, droppedFields: [] };
  }
  if (rule.force && allowsServiceTtl(status)) {
    return { keep: true, key, forEveryone, forcedTtlS: forcedTtlS(rule, url, headers), droppedFields: [] };
  }
  const decision = evaluateStorage(
    request,
    response,
    policyOf({ ...rule, force: false }, key === 'common', 0),
  );
  if (!decision) return { keep: false, reason: notKeptReason(headers) };
  return { keep: true, key, forEveryone, droppedFields: decision.droppedFields };
}

/**
 * Whether a response may be served to all clients of the namespace, whatever their cookies: an analytics cookie
 * must not spoil every hit.
 */
function isForEveryone(headers: HeaderFields, { credentials }: CompiledRule): boolean {
  if (credentials !== undefined) return credentials === 'ignore';
  const directives = parseCacheControl(headers);
  const names = selectingNames(headers) ?? [];
  return (
    (directives.isBare('public') || directives.isBare('immutable')) &&
    !directives.has('private') &&
    !names.includes('cookie') &&
    !names.includes('authorization')
  );
}

function notKeptReason(headers: HeaderFields): NotKeptReason {
  const directives = parseCacheControl(headers);
  if (directives.has('no-store')) return 'no-store';
  const isPersonal = directives.has('private') || fieldValue(headers, 'set-cookie') !== undefined;
  return isPersonal ? 'private-or-cookie' : 'not-cacheable';
}
