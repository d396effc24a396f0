import { totalmem } from 'node:os';
import type { ResourceSample } from '../../engines/runtime.ts';
import { readProcesses, readProcessSample } from './proc-files.ts';
import type { ProcStat } from './proc-text.ts';

export interface SampledProcess {
  id: string;
  /** Leader of the engine's process group. */
  pid: number;
  startedAt: number;
}

/**
 * Samples engines with all the processes they have started. One look at every process of the machine finds
 * those: not all kernels list the children of a process, and a look costs the same for 1 engine as for 200.
 */
export async function sampleEngines(engines: readonly SampledProcess[]): Promise<Map<string, ResourceSample>> {
  const processes = await readProcesses();
  const groups = groupByLeader(processes, new Set(engines.map(({ pid }) => pid)));
  const memoryLimit = readMemoryLimit();
  const samples = new Map<string, ResourceSample>();
  const sample = async ({ id, pid, startedAt }: SampledProcess) => {
    const leader = processes.get(pid);
    const use = await sumUse(groups.get(pid) ?? []);
    // A leader that has ended since, or only waits to be noticed, has no memory that could be read.
    if (!leader || !use.pids.has(pid)) return;
    samples.set(id, {
      takenAt: leader.readAt,
      startedAt,
      cpuNs: use.cpuNs,
      memoryUsage: use.memory,
      memoryLimit,
      networkRx: 0,
      networkTx: 0,
      blockRead: use.read,
      blockWrite: use.written,
      // A local process uses the machine's own network, whose counters are not the engine's.
      networkNamespace: null,
    });
  };
  await Promise.all(engines.map(sample));
  return samples;
}

/** What the processes that could be read use together. */
async function sumUse(members: readonly ProcStat[]) {
  const sum = { pids: new Set<number>(), cpuNs: 0, memory: 0, read: 0, written: 0 };
  for (const { pid, cpuNs } of members) {
    const use = await readProcessSample(pid);
    sum.cpuNs += cpuNs;
    if (!use) continue;
    sum.pids.add(pid);
    sum.memory += use.memory;
    sum.read += use.read;
    sum.written += use.written;
  }
  return sum;
}

/** Each leader with the other processes of its process group, and all that those have started. */
export function groupByLeader(
  processes: ReadonlyMap<number, ProcStat>,
  leaders: ReadonlySet<number>,
): Map<number | null, ProcStat[]> {
  const known = new Map<number, number | null>();
  const findLeader = (pid: number): number | null => {
    const stat = processes.get(pid);
    if (leaders.has(pid) || !stat) return stat ? pid : null;
    if (leaders.has(stat.groupId)) return stat.groupId;
    const cached = known.get(pid);
    if (cached !== undefined) return cached;
    // Set beforehand: the processes were not all read at one moment, so their parents could form a circle.
    known.set(pid, null);
    const leader = findLeader(stat.parentPid);
    known.set(pid, leader);
    return leader;
  };
  return Map.groupBy(processes.values(), ({ pid }) => findLeader(pid));
}

/** The machine's memory, or the limit of the container that the service itself runs in. */
function readMemoryLimit(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
