import type { Static } from 'typebox';
import type { EngineUsage, TotalUsage } from '../../engines/usage.ts';
import type { EngineStatsSchema, TotalStatsSchema } from '../schemas/engines.ts';

/** Resource usage of one engine as the API returns it. */
export type WireStats = Static<typeof EngineStatsSchema>;
/** Resource usage of all engines together as the API returns it. */
export type WireTotalStats = Static<typeof TotalStatsSchema>;

/** Maps the usage of one engine to `GET /engines/{id}/stats`. */
export function toWireStats(usage: EngineUsage): WireStats {
  return {
    container_id: usage.engineId,
    cpu_percent: usage.cpuPercent,
    memory_usage: usage.memoryUsage,
    memory_limit: usage.memoryLimit,
    memory_percent: usage.memoryPercent,
    network_rx_bytes: usage.networkRx,
    network_tx_bytes: usage.networkTx,
    network_scope: usage.networkScope,
    block_read_bytes: usage.blockRead,
    block_write_bytes: usage.blockWrite,
    stale: usage.isStale,
  };
}

/** Maps the usage of all engines, by engine id, to `GET /engines/stats/all`. */
export function toWireStatsById(usages: Readonly<Record<string, EngineUsage>>): Record<string, WireStats> {
  return Object.fromEntries(Object.entries(usages).map(([id, usage]) => [id, toWireStats(usage)]));
}

/** Maps the sums over all engines to `GET /engines/stats/total`. */
export function toWireTotalStats(total: TotalUsage): WireTotalStats {
  return {
    total_cpu_percent: total.cpuPercent,
    total_memory_usage: total.memoryUsage,
    total_network_rx_bytes: total.networkRx,
    total_network_tx_bytes: total.networkTx,
    total_block_read_bytes: total.blockRead,
    total_block_write_bytes: total.blockWrite,
    container_count: total.engineCount,
    stale_container_count: total.staleEngineCount,
    missing_nodes: total.missingNodes,
  };
}
