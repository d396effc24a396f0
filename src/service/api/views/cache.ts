import type { Static } from 'typebox';
import type { LoadingCache } from '../../../library/cache/index.ts';
import type { LoadTime } from '../../metrics/load-times.ts';
import type { ClientReads } from '../client-reads.ts';
import type { CacheName, CacheStatsSchema } from '../schemas/cache.ts';

type WireCacheStats = Static<typeof CacheStatsSchema>;
type WireTiers = WireCacheStats['caches'];

/** The caches of the service. */
export type NamedCaches = Readonly<Record<CacheName, LoadingCache>> & {
  /** The Redis tier of `stats`, or null if `stats` is not shared with other orchestrators. */
  readonly shared: RedisTier | null;
  /** How TTLs of `stats` are chosen, or null if they are those of the settings. */
  readonly adaptiveTtl: { maxTtlS: number; maxLoadShare: number } | null;
};

/** The part of a Redis tier that `GET /cache/stats` shows. */
export interface RedisTier {
  /** Whether invalidations of other orchestrators are received. */
  readonly connected: boolean;
  /** Counters since the start. */
  redisTotals(): Omit<NonNullable<WireTiers['stats']['redis']>, 'connected'>;
}

/** Computes `GET /cache/stats`. The fields outside `caches` describe the cache `stats`, hits
 * and misses as its clients see them. */
export function toWireCacheStats(
  caches: NamedCaches,
  clientReads: ReturnType<ClientReads['read']>,
  loadTimes: Readonly<Record<string, LoadTime>>,
): WireCacheStats {
  const stats = caches.stats.stats();
  const redis = caches.shared && { connected: caches.shared.connected, ...caches.shared.redisTotals() };
  return {
    size: stats.size,
    hits: clientReads.hits,
    misses: clientReads.misses,
    hit_rate: clientReads.hitRate,
    entries: stats.entries.map(({ key, ageS, ttlS, bytes }) => ({
      key,
      age: toMilliseconds(ageS),
      ttl_remaining: toMilliseconds(ttlS),
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
    adaptive_ttl: caches.adaptiveTtl && {
      max_ttl_seconds: caches.adaptiveTtl.maxTtlS,
      max_load_share: caches.adaptiveTtl.maxLoadShare,
    },
    load_times: Object.fromEntries(
      Object.entries(loadTimes).map(([keyClass, time]) => [keyClass, toWireLoadTime(time)]),
    ),
    caches: {
      stats: { memory: toWireMemoryTier(caches.stats), redis },
      results: { memory: toWireMemoryTier(caches.results), redis: null },
    },
  };
}

function toWireMemoryTier(cache: LoadingCache): WireTiers['stats']['memory'] {
  const totals = cache.totals();
  return {
    entry_count: totals.entryCount,
    bytes: totals.bytes,
    hits: totals.hits,
    misses: totals.misses,
    loads: totals.loads,
    collapsed: totals.collapsed,
    stale: totals.stale,
    load_errors: totals.loadErrors,
    evictions: totals.evictions,
  };
}

function toWireLoadTime(time: LoadTime): WireCacheStats['load_times'][string] {
  return {
    count: time.count,
    failed: time.failed,
    mean_seconds: toMicroseconds(time.meanSeconds),
    last_seconds: toMicroseconds(time.lastSeconds),
  };
}

/** Rounds seconds to microseconds: many loads take less than a millisecond. */
function toMicroseconds(seconds: number | null): number | null {
  return seconds === null ? null : Math.round(seconds * 1e6) / 1e6;
}

/** Rounds seconds to milliseconds. */
function toMilliseconds(seconds: number): number {
  return Math.round(seconds * 1000) / 1000;
}
