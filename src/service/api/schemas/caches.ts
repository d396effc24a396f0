import { Type } from 'typebox';
import type { LoadingCache } from '../../../library/cache/index.ts';
import { Nullable } from './common.ts';

const Count = Type.Integer({ minimum: 0 });

export const CACHE_NAMES = ['stats', 'results'] as const;

/** The caches of the service. */
export type NamedCaches = Readonly<Record<(typeof CACHE_NAMES)[number], LoadingCache>> & {
  /** What `stats` shares with other orchestrators; null where it is not shared. */
  readonly shared: RedisTier | null;
};

/** A tier in Redis, as far as it is shown. */
export interface RedisTier {
  readonly connected: boolean;
  redisTotals(): Readonly<
    Record<'hits' | 'leads' | 'waits' | 'bypasses' | 'stored' | 'refused' | 'faults', number>
  >;
}

const MemorySchema = Type.Object({
  held: Type.Integer({ minimum: 0, description: 'Entries, fallbacks included' }),
  bytes: Count,
  hits: Count,
  misses: Count,
  loads: Count,
  collapsed: Count,
  stale: Count,
  load_errors: Count,
  evictions: Count,
});

const RedisSchema = Type.Object({
  connected: Type.Boolean({ description: 'Whether what other orchestrators change is heard of' }),
  hits: Type.Integer({ minimum: 0, description: 'Values found in Redis' }),
  leads: Type.Integer({ minimum: 0, description: 'Loads done for all orchestrators' }),
  waits: Type.Integer({ minimum: 0, description: 'Times that the load of another was waited for' }),
  bypasses: Type.Integer({ minimum: 0, description: 'Times that Redis could not be used' }),
  stored: Type.Integer({ minimum: 0, description: 'Values that Redis took' }),
  refused: Type.Integer({
    minimum: 0,
    description: 'Values that it did not take: out of date meanwhile, or full',
  }),
  faults: Type.Integer({ minimum: 0, description: 'Commands that failed' }),
});

export const CachesSchema = Type.Object(
  {
    stats: Type.Object({ memory: MemorySchema, redis: Nullable(RedisSchema) }),
    results: Type.Object({ memory: MemorySchema, redis: Nullable(RedisSchema) }),
  },
  { description: 'Each cache by its name, tier by tier, since the start' },
);

export function describeCaches({ stats, results, shared }: NamedCaches) {
  const redis = shared && { connected: shared.connected, ...shared.redisTotals() };
  return {
    stats: { memory: describeMemory(stats), redis },
    results: { memory: describeMemory(results), redis: null },
  };
}

function describeMemory(cache: LoadingCache) {
  const { entryCount, bytes, hits, misses, loads, collapsed, stale, loadErrors, evictions } = cache.totals();
  return {
    held: entryCount,
    bytes,
    hits,
    misses,
    loads,
    collapsed,
    stale,
    load_errors: loadErrors,
    evictions,
  };
}
