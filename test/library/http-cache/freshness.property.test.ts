import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatHttpDate } from '../../../src/library/http-cache/http-date.ts';
import { toHttpCachePolicy } from '../../../src/library/http-cache/options.ts';
import { evaluateReuse } from '../../../src/library/http-cache/reuse.ts';
import type { StoredResponse } from '../../../src/library/http-cache/stored-response.ts';

const EPOCH = Date.UTC(2026, 0, 1);
const seconds = fc.integer({ min: 0, max: 200 });
const maybe = fc.option(seconds, { nil: undefined });

const response = fc.record({
  maxAge: maybe,
  sMaxage: maybe,
  expires: maybe,
  age: maybe,
  dateLag: seconds,
  swr: maybe,
  mustRevalidate: fc.boolean(),
  noCache: fc.boolean(),
});

const request = fc.record({ maxAge: maybe, minFresh: maybe, maxStale: maybe });
type ResponseDirectives = Parameters<typeof stored>[0];

function stored({
  maxAge,
  sMaxage,
  expires,
  age,
  dateLag,
  swr,
  mustRevalidate,
  noCache,
}: {
  maxAge: number | undefined;
  sMaxage: number | undefined;
  expires: number | undefined;
  age: number | undefined;
  dateLag: number;
  swr: number | undefined;
  mustRevalidate: boolean;
  noCache: boolean;
}): StoredResponse {
  const directives = [
    maxAge !== undefined && `max-age=${maxAge}`,
    sMaxage !== undefined && `s-maxage=${sMaxage}`,
    swr !== undefined && `stale-while-revalidate=${swr}`,
    mustRevalidate && 'must-revalidate',
    noCache && 'no-cache',
  ].filter((directive) => directive !== false);
  const date = EPOCH - dateLag * 1000;
  return {
    id: '',
    generation: '',
    status: 200,
    statusText: '',
    vary: [],
    requestedAt: EPOCH,
    receivedAt: EPOCH,
    bodyBytes: 0,
    bodyChecksum: 0,
    headers: {
      date: formatHttpDate(date),
      ...(directives.length > 0 ? { 'cache-control': directives.join(', ') } : {}),
      ...(expires === undefined ? {} : { expires: formatHttpDate(date + expires * 1000) }),
      ...(age === undefined ? {} : { age: String(age) }),
    },
  };
}

/** A minimal model of RFC 9111 §4.2, in whole seconds. */
function model(
  response: ResponseDirectives,
  requested: { maxAge?: number | undefined; minFresh?: number | undefined; maxStale?: number | undefined },
  resident: number,
  shared: boolean,
) {
  const lifetime = (shared ? response.sMaxage : undefined) ?? response.maxAge ?? response.expires ?? 0;
  const ageNow = Math.max(response.dateLag, response.age ?? 0) + resident;
  const left = lifetime - ageNow;
  const strict = response.mustRevalidate || (shared && response.sMaxage !== undefined);
  if (response.noCache) return 'validate';
  if (requested.maxAge !== undefined && ageNow >= requested.maxAge) return 'validate';
  if (requested.minFresh !== undefined && left < requested.minFresh) return 'validate';
  if (left > 0) return 'serve';
  if (strict) return 'validate';
  if (requested.maxStale !== undefined && -left <= requested.maxStale) return 'serve';
  return response.swr !== undefined && -left <= response.swr ? 'serve-and-revalidate' : 'validate';
}

test('the decision to reuse a response matches the model', () => {
  fc.assert(
    fc.property(response, request, seconds, fc.boolean(), (response, requested, resident, shared) => {
      const directives = [
        requested.maxAge !== undefined && `max-age=${requested.maxAge}`,
        requested.minFresh !== undefined && `min-fresh=${requested.minFresh}`,
        requested.maxStale !== undefined && `max-stale=${requested.maxStale}`,
      ].filter((directive) => directive !== false);
      const headers = directives.length > 0 ? { 'cache-control': directives.join(',') } : {};
      const policy = toHttpCachePolicy({ mode: shared ? 'shared' : 'private', heuristics: false });
      const { action } = evaluateReuse(headers, stored(response), resident * 1000, policy);
      expect(action).toBe(model(response, requested, resident, shared));
    }),
    { numRuns: 2000 },
  );
});
