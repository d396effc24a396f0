import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatHttpDate } from '../../../src/library/http-cache/http-date.ts';
import { toHttpCachePolicy } from '../../../src/library/http-cache/options.ts';
import { evaluateReuse } from '../../../src/library/http-cache/reuse.ts';
import type { StoredResponse } from '../../../src/library/http-cache/stored-response.ts';

const EPOCH = Date.UTC(2026, 0, 1);
const seconds = fc.integer({ min: 0, max: 200 });
const maybe = fc.option(seconds, { nil: undefined });

const said = fc.record({
  maxAge: maybe,
  sMaxage: maybe,
  expires: maybe,
  age: maybe,
  dateLag: seconds,
  swr: maybe,
  mustRevalidate: fc.boolean(),
  noCache: fc.boolean(),
});

const asked = fc.record({ maxAge: maybe, minFresh: maybe, maxStale: maybe });
type Said = Parameters<typeof stored>[0];

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

/** RFC 9111 §4.2 in whole seconds, as short as it can be said. */
function model(
  response: Said,
  wanted: { maxAge?: number | undefined; minFresh?: number | undefined; maxStale?: number | undefined },
  resident: number,
  shared: boolean,
) {
  const lifetime = (shared ? response.sMaxage : undefined) ?? response.maxAge ?? response.expires ?? 0;
  const ageNow = Math.max(response.dateLag, response.age ?? 0) + resident;
  const left = lifetime - ageNow;
  const strict = response.mustRevalidate || (shared && response.sMaxage !== undefined);
  if (response.noCache) return 'validate';
  if (wanted.maxAge !== undefined && ageNow >= wanted.maxAge) return 'validate';
  if (wanted.minFresh !== undefined && left < wanted.minFresh) return 'validate';
  if (left > 0) return 'serve';
  if (strict) return 'validate';
  if (wanted.maxStale !== undefined && -left <= wanted.maxStale) return 'serve';
  return response.swr !== undefined && -left <= response.swr ? 'refresh' : 'validate';
}

test('whether a response may be reused is what the model says', () => {
  fc.assert(
    fc.property(said, asked, seconds, fc.boolean(), (response, wanted, resident, shared) => {
      const directives = [
        wanted.maxAge !== undefined && `max-age=${wanted.maxAge}`,
        wanted.minFresh !== undefined && `min-fresh=${wanted.minFresh}`,
        wanted.maxStale !== undefined && `max-stale=${wanted.maxStale}`,
      ].filter((directive) => directive !== false);
      const request = directives.length > 0 ? { 'cache-control': directives.join(',') } : {};
      const policy = toHttpCachePolicy({ mode: shared ? 'shared' : 'private', heuristics: false });
      const { how } = evaluateReuse(request, stored(response), resident * 1000, policy);
      expect(how).toBe(model(response, wanted, resident, shared));
    }),
    { numRuns: 2000 },
  );
});
