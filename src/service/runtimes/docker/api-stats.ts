import type { ContainerStats } from 'dockerode';
import type { CgroupCounters } from './cgroup.ts';

/**
 * The answer of the stats call as daemons really give it: dockerode's type calls these parts non-null, but
 * host-network containers have no `networks`, and cgroup v2 daemons give null for block figures.
 */
type Answer = Omit<Partial<ContainerStats>, 'networks' | 'blkio_stats'> & {
  networks?: Record<string, { rx_bytes: number; tx_bytes: number }> | null;
  blkio_stats?: { io_service_bytes_recursive?: { op: string; value: number }[] | null } | null;
};

/**
 * Reads a one-shot sample of the Docker API.
 * @returns null for a container that does not run: its answer is 200 with nothing in it.
 */
export function parseApiStats(answer: Answer): (CgroupCounters & { takenAt: number }) | null {
  const takenAt = Date.parse(answer.read ?? '');
  const usage = answer.memory_stats?.usage;
  const cpuNs = answer.cpu_stats?.cpu_usage?.total_usage;
  if (!(takenAt > 0) || usage === undefined || cpuNs === undefined) return null;
  const memory = answer.memory_stats?.stats as
    | { total_inactive_file?: number; inactive_file?: number }
    | undefined;
  const inactive = memory?.total_inactive_file ?? memory?.inactive_file ?? 0;
  const networks = Object.values(answer.networks ?? {});
  const block = answer.blkio_stats?.io_service_bytes_recursive ?? [];
  const blockSum = (op: string) =>
    block.reduce((sum, entry) => (entry.op.toLowerCase() === op ? sum + entry.value : sum), 0);
  return {
    takenAt,
    cpuNs,
    memoryUsage: Math.max(0, usage - inactive),
    memoryLimit: answer.memory_stats?.limit ?? 0,
    blockRead: blockSum('read'),
    blockWrite: blockSum('write'),
    networkRx: networks.reduce((sum, { rx_bytes }) => sum + rx_bytes, 0),
    networkTx: networks.reduce((sum, { tx_bytes }) => sum + tx_bytes, 0),
  };
}
