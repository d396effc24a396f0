import { parseCacheControl } from '../../http-cache/cache-control.ts';
import type { HeaderFields } from '../../http-cache/headers.ts';
import type { CompiledRule } from './rule.ts';

const DAY_S = 24 * 3600;
/** Lifetime of what never changes, without a TTL of the rule. */
const UNCHANGING_TTL_S = 30 * DAY_S;
/** Lifetime of other responses that are kept with `force`, without a TTL of the rule. */
export const DEFAULT_FORCED_TTL_S = DAY_S;
/** A renewal that adds less than this share of the TTL is not worth a write. */
const MIN_RENEWAL = 0.1;

/** Lifetime in seconds of a response that is kept with `force`. */
export function forcedTtlS(rule: CompiledRule, url: string, headers: HeaderFields): number {
  const isUnchanging =
    rule.hasDefaultTtl && (parseCacheControl(headers).isBare('immutable') || isHashed(url));
  return isUnchanging ? UNCHANGING_TTL_S : rule.ttlS!;
}

/**
 * Lifetime in seconds, counted from when it was received, of a response that is used now.
 * @param currentTtlS its lifetime so far
 * @returns undefined if it stays as it is
 */
export function renewedTtlS(
  { ttlS, maxTtlS }: CompiledRule,
  currentTtlS: number,
  ageS: number,
): number | undefined {
  if (ttlS === undefined || maxTtlS === undefined) return undefined;
  const renewed = Math.min(maxTtlS, ageS + ttlS);
  return renewed - currentTtlS >= ttlS * MIN_RENEWAL ? renewed : undefined;
}

/**
 * Whether the file name has a content hash, as build tools add it: 8 or more hexadecimal digits, letters and digits
 * among them, between separators, such as `main.3f2a9c1b.js`.
 */
function isHashed(url: string): boolean {
  const { pathname } = new URL(url);
  const parts = pathname.slice(pathname.lastIndexOf('/') + 1).split(/[._-]/);
  return parts.some((part) => /^[0-9a-f]{8,}$/i.test(part) && /[0-9]/.test(part) && /[a-f]/i.test(part));
}
