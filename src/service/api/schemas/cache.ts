import { Type } from 'typebox';
import { Count, Nullable, oneOf } from './common.ts';

/** Names of the caches. */
export const CACHE_NAMES = ['stats', 'results'] as const;

/** Name of a cache. */
export type CacheName = (typeof CACHE_NAMES)[number];

const MemorySchema = Type.Object(
  {
    entry_count: Count('Entries, including expired ones that are kept as fallbacks'),
    bytes: Count(),
    hits: Count(),
    misses: Count(),
    loads: Count(),
    collapsed: Count(),
    stale: Count(),
    load_errors: Count(),
    evictions: Count(),
  },
  { title: 'MemoryTier' },
);

const RedisSchema = Type.Object(
  {
    connected: Type.Boolean({ description: 'Whether invalidations of other orchestrators are received' }),
    hits: Count('Values found in Redis'),
    corrupt: Count('Values found in Redis that were unreadable, and were removed'),
    leads: Count('Loads performed on behalf of all orchestrators'),
    waits: Count('Reads that waited for the load of another orchestrator'),
    bypasses: Count('Reads for which Redis was unavailable'),
    stored: Count('Values written to Redis'),
    refused: Count('Values that Redis did not accept: they were invalidated meanwhile, or Redis is full'),
    faults: Count('Redis commands that failed'),
  },
  { title: 'RedisTier' },
);

const CacheTiersSchema = Type.Object({ memory: MemorySchema, redis: Nullable(RedisSchema) });

const Seconds = Nullable(Type.Number({ minimum: 0, description: 'Seconds, or null before the first load' }));

/** `GET /cache/stats`. */
export const CacheStatsSchema = Type.Object(
  {
    size: Count('Fresh entries'),
    hits: Count('Replies to clients from the cache'),
    misses: Count('Replies to clients that had to be loaded'),
    hit_rate: Type.Number({
      minimum: 0,
      maximum: 100,
      description: 'Percent of the reads of clients, two decimals',
    }),
    entries: Type.Array(
      Type.Object({
        key: Type.String(),
        age: Type.Number({ description: 'Seconds since the entry was loaded' }),
        ttl_remaining: Type.Number({ description: 'Seconds until the entry expires' }),
        bytes: Count(),
      }),
    ),
    loads: Count('Loads from the source'),
    collapsed: Count('Misses that waited for a load already in progress'),
    stale: Count('Misses answered with the last good value because the load failed'),
    load_errors: Count(),
    evictions: Count(),
    invalidations: Count(),
    store_errors: Count(),
    bytes: Count('Bytes in memory, including expired entries that are kept as fallbacks'),
    in_flight: Count('Loads in progress'),
    adaptive_ttl: Nullable(
      Type.Object(
        {
          max_ttl_seconds: Type.Number({ description: 'Longest TTL of a key' }),
          max_load_share: Type.Number({
            description:
              'Largest share of the time that loads of a key take, unless its TTL would be too long',
          }),
        },
        { title: 'AdaptiveTtl', description: 'Bounds of the TTLs, or null without CACHE_ADAPTIVE_TTL' },
      ),
    ),
    load_times: Type.Record(
      Type.String(),
      Type.Object(
        {
          count: Count('Loads that succeeded'),
          failed: Count('Loads that failed'),
          mean_seconds: Seconds,
          last_seconds: Seconds,
        },
        { title: 'LoadTimes' },
      ),
      { description: 'Duration of the loads that succeeded, by key without the hash of its arguments' },
    ),
    caches: Type.Object(
      { stats: CacheTiersSchema, results: CacheTiersSchema },
      { description: 'Each cache by name, by tier, since the start' },
    ),
  },
  { title: 'CacheStats' },
);

/** Body and query of `POST /cache/clear`. */
export const ClearRequest = Type.Object(
  {
    pattern: Type.Optional(
      Type.String({ minLength: 1, maxLength: 256, description: 'Glob over keys; `*` and `?` are wildcards' }),
    ),
    cache: Type.Optional(oneOf(CACHE_NAMES, { description: 'The cache to clear. Defaults to all.' })),
  },
  { additionalProperties: false, examples: [{ pattern: 'stats:*' }] },
);

/** `POST /cache/clear`. */
export const ClearedSchema = Type.Object({
  message: Type.String(),
  cleared: Count('Number of entries removed'),
});
