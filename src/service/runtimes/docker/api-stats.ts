import type { ContainerStats } from 'dockerode';
import type { CgroupCounters } from './cgroup.ts';

/**
 * Response of the stats call as daemons really send it: dockerode's type declares these parts non-null, but
 * containers on the host's network have no `networks`, and daemons with cgroup v2 send null for block I/O.
 */
type StatsResponse = Omit<Partial<ContainerStats>, 'networks' | 'blkio_stats'> & {
  networks?: Record<string, { rx_bytes: number; tx_bytes: number }> | null;
  blkio_stats?: { io_service_bytes_recursive?: { op: string; value: number }[] | null } | null;
};

/**
 * Parses the response of a one-shot stats call.
 * @returns null for a container that is not running: its response is a 200 without values
 * @see https://docs.docker.com/reference/api/engine/version/v1.47/#tag/Container/operation/ContainerStats
 */
export function parseApiStats(response: StatsResponse | null): (CgroupCounters & { takenAt: number }) | null {
  const takenAt = Date.parse(response?.read ?? '');
  const usage = toCount(response?.memory_stats?.usage);
  const cpuNs = toCount(response?.cpu_stats?.cpu_usage?.total_usage);
  if (!(takenAt > 0) || !response || usage === null || cpuNs === null) return null;
  const memory = response.memory_stats?.stats as
    | { total_inactive_file?: number; inactive_file?: number }
    | undefined;
  const inactive = toCount(memory?.total_inactive_file ?? memory?.inactive_file) ?? 0;
  const networks = Object.values(response.networks ?? {});
  const block = response.blkio_stats?.io_service_bytes_recursive;
  const entries = Array.isArray(block) ? block : [];
  const blockSum = (op: string) =>
    sum(entries.map((entry) => (String(entry?.op).toLowerCase() === op ? entry.value : 0)));
  return {
    takenAt,
    cpuNs,
    memoryUsage: Math.max(0, usage - inactive),
    memoryLimit: toCount(response.memory_stats?.limit) ?? 0,
    blockRead: blockSum('read'),
    blockWrite: blockSum('write'),
    networkRx: sum(networks.map((network) => network?.rx_bytes)),
    networkTx: sum(networks.map((network) => network?.tx_bytes)),
  };
}

/** Returns a counter, or null for anything that is none. */
function toCount(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null;
}

function sum(values: readonly unknown[]): number {
  return values.reduce<number>((total, value) => total + (toCount(value) ?? 0), 0);
}
