import { Type } from 'typebox';
import type { LoadTime, LoadTimes } from '../../metrics/load-times.ts';
import { type Api, allowNoBody } from '../context.ts';
import type { KeyCheck } from '../plugins/auth.ts';
import { CACHE_NAMES, CachesSchema, describeCaches, type NamedCaches } from '../schemas/caches.ts';
import { KEY_SECURITY, Nullable, problems, WRITE_CODES } from '../schemas/common.ts';

const Count = Type.Integer({ minimum: 0 });

const Seconds = Nullable(Type.Number({ minimum: 0, description: 'Seconds; null before the first load' }));

const CacheStatsSchema = Type.Object({
  size: Type.Integer({ minimum: 0, description: 'Fresh entries' }),
  hits: Count,
  misses: Count,
  hit_rate: Type.Number({ minimum: 0, maximum: 100, description: 'Percent, two decimals' }),
  entries: Type.Array(
    Type.Object({
      key: Type.String(),
      age: Type.Number({ description: 'Seconds since it was loaded' }),
      ttl_remaining: Type.Number({ description: 'Seconds until it expires' }),
      bytes: Count,
    }),
  ),
  loads: Type.Integer({ minimum: 0, description: 'Times a source was read' }),
  collapsed: Type.Integer({ minimum: 0, description: 'Misses that shared a load already under way' }),
  stale: Type.Integer({ minimum: 0, description: 'Misses answered with the last good value' }),
  load_errors: Count,
  evictions: Count,
  invalidations: Count,
  store_errors: Count,
  bytes: Type.Integer({ minimum: 0, description: 'Bytes held, fallbacks included' }),
  in_flight: Type.Integer({ minimum: 0, description: 'Loads under way' }),
  load_times: Type.Record(
    Type.String(),
    Type.Object({
      count: Type.Integer({ minimum: 0, description: 'Loads that succeeded' }),
      failed: Count,
      mean_seconds: Seconds,
      last_seconds: Seconds,
    }),
    { description: 'How long loads that succeeded took, by key without the hash of its arguments' },
  ),
  caches: CachesSchema,
});

const ClearBody = Type.Object(
  {
    pattern: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 256,
        description: 'Glob of the keys to clear, as in `stats:*`',
      }),
    ),
    cache: Type.Optional(
      Type.Union(
        CACHE_NAMES.map((name) => Type.Literal(name)),
        { description: 'The one cache to clear' },
      ),
    ),
  },
  { additionalProperties: false },
);

export function cacheRoutes(api: Api, caches: NamedCaches, loadTimes: LoadTimes, checkKey: KeyCheck): void {
  api.get(
    '/cache/stats',
    {
      schema: {
        tags: ['cache'],
        summary: 'What the cache holds and how it does',
        response: { 200: CacheStatsSchema },
      },
    },
    async (_request, reply) => {
      const stats = caches.stats.stats();
      reply.header('Cache-Control', 'no-store');
      return {
        size: stats.size,
        hits: stats.hits,
        misses: stats.misses,
        hit_rate: stats.hitRate,
        entries: stats.entries.map(({ key, ageS, ttlS, bytes }) => ({
          key,
          age: milliseconds(ageS),
          ttl_remaining: milliseconds(ttlS),
          bytes,
        })),
        loads: stats.loads,
        collapsed: stats.collapsed,
        stale: stats.stale,
        load_errors: stats.loadErrors,
        evictions: stats.evictions,
        invalidations: stats.invalidations,
        store_errors: stats.storeErrors,
        bytes: stats.bytes,
        in_flight: stats.inFlight,
        load_times: Object.fromEntries(Object.entries(loadTimes.read()).map(toWireLoadTime)),
        caches: describeCaches(caches),
      };
    },
  );

  api.post(
    '/cache/clear',
    {
      onRequest: checkKey,
      preValidation: allowNoBody,
      schema: {
        tags: ['cache'],
        summary:
          'Clear the caches, one of them, or the keys that match a pattern; without a pattern counters are zeroed too',
        security: KEY_SECURITY,
        body: ClearBody,
        querystring: ClearBody,
        response: {
          200: Type.Object({ message: Type.String(), cleared: Count }),
          ...problems(...WRITE_CODES),
        },
      },
    },
    async ({ body, query }) => {
      const pattern = body.pattern ?? query.pattern;
      const name = body.cache ?? query.cache;
      const names = name === undefined ? CACHE_NAMES : [name];
      const cleared = names.reduce((sum, each) => sum + caches[each].clear(pattern), 0);
      if (pattern === undefined && name === undefined) loadTimes.reset();
      return { message: 'Cache cleared successfully', cleared };
    },
  );
}

function toWireLoadTime([keyClass, time]: [string, LoadTime]) {
  const { count, failed, meanSeconds, lastSeconds } = time;
  const wire = {
    count,
    failed,
    mean_seconds: microseconds(meanSeconds),
    last_seconds: microseconds(lastSeconds),
  };
  return [keyClass, wire] as const;
}

/** Seconds to the microsecond: many loads take less than a millisecond. */
function microseconds(seconds: number | null): number | null {
  return seconds === null ? null : Math.round(seconds * 1e6) / 1e6;
}

/** Seconds to the millisecond: more digits would be noise. */
function milliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
