import { Counter, type Registry } from '@prometheus-io/client';
import { gauge, type Refresh } from './instruments.ts';

/** How this orchestrator stands to others, and what came of sharing answers with them. */
export interface ClusterMetricsState {
  redisConnected: boolean;
  leading: boolean;
  /** What became of calls to Redis, by kind. */
  redisTotals: Readonly<Record<string, number>>;
}

/** What is shown only where there is a Redis. */
export function clusterMetrics(registry: Registry, read: () => ClusterMetricsState): Refresh {
  const connected = gauge(registry, 'roundhouse_redis_connected', 'Whether Redis answers.');
  const leading = gauge(registry, 'roundhouse_leading', 'Whether this orchestrator is the one that acts.');
  const totals = new Counter({
    name: 'roundhouse_cache_redis_total',
    help: 'What became of calls of the cache to Redis.',
    labelNames: ['what'],
    registers: [registry],
  });
  return () => {
    const facts = read();
    connected(Number(facts.redisConnected));
    leading(Number(facts.leading));
    totals.reset();
    for (const [what, count] of Object.entries(facts.redisTotals)) totals.inc({ what }, count);
  };
}
