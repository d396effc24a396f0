import { Counter, type Registry } from '@prometheus-io/client';
import { gauge, type Refresh } from './instruments.ts';

/** State of this orchestrator's connection to Redis and the other orchestrators. */
export interface ClusterMetricsState {
  redisConnected: boolean;
  leading: boolean;
  /** Number of the cache's Redis commands by outcome. */
  redisTotals: Readonly<Record<string, number>>;
}

/** Declares the metrics that exist only with Redis. */
export function clusterMetrics(registry: Registry, read: () => ClusterMetricsState): Refresh {
  const connected = gauge(
    registry,
    'roundhouse_redis_connected',
    'Whether Redis is connected (1) or not (0).',
  );
  const leading = gauge(
    registry,
    'roundhouse_leading',
    'Whether this orchestrator is the leader (1) or not (0).',
  );
  const totals = new Counter({
    name: 'roundhouse_cache_redis_total',
    help: 'Redis commands of the cache by outcome.',
    labelNames: ['what'],
    registers: [registry],
  });
  return () => {
    const state = read();
    connected(Number(state.redisConnected));
    leading(Number(state.leading));
    totals.reset();
    for (const [what, count] of Object.entries(state.redisTotals)) totals.inc({ what }, count);
  };
}
