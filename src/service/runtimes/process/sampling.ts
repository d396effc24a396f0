import { totalmem } from 'node:os';
import { TimeSlice } from '../../../library/util/time-slice.ts';
import type { ResourceSample } from '../../engines/runtime.ts';
import { readProcesses, readProcessSample, SLICE_MS } from './proc-files.ts';
import type { ProcStat } from './proc-text.ts';

/** An engine to sample. */
export interface SampledProcess {
  /** The engine's id. */
  id: string;
  /** Leader of the engine's process group. */
  pid: number;
  /** Milliseconds since the epoch. */
  startedAt: number;
}

/**
 * Samples engines including the processes they have started. Those are found by reading all processes of the
 * machine: not all kernels list the children of a process, and the cost is the same for 1 engine as for 200.
 * @returns the samples by engine id, without engines that have ended
 */
export async function sampleEngines(
  engines: readonly SampledProcess[],
): Promise<Map<string, ResourceSample>> {
  const processes = await readProcesses();
  const groups = groupByLeader(processes, new Set(engines.map(({ pid }) => pid)));
  const memoryLimit = readMemoryLimit();
  const samples = new Map<string, ResourceSample>();
  const slice = new TimeSlice(SLICE_MS);
  for (const { id, pid, startedAt } of engines) {
    if (slice.isOver) await slice.next();
    const leader = processes.get(pid);
    const sum = sumSamples(groups.get(pid) ?? []);
    // The leader has ended, or is a zombie, whose memory cannot be read.
    if (!leader || !sum.pids.has(pid)) continue;
    samples.set(id, {
      takenAt: leader.readAt,
      startedAt,
      cpuNs: sum.cpuNs,
      memoryUsage: sum.memory,
      memoryLimit,
      networkRx: 0,
      networkTx: 0,
      blockRead: sum.read,
      blockWrite: sum.written,
      // Local processes share the machine's network, whose counters are not the engine's.
      networkNamespace: null,
    });
  }
  return samples;
}

/** Sums over the processes that could be read. */
function sumSamples(members: readonly ProcStat[]) {
  const sum = { pids: new Set<number>(), cpuNs: 0, memory: 0, read: 0, written: 0 };
  for (const { pid, cpuNs } of members) {
    const sample = readProcessSample(pid);
    sum.cpuNs += cpuNs;
    if (!sample) continue;
    sum.pids.add(pid);
    sum.memory += sample.memory;
    sum.read += sample.read;
    sum.written += sample.written;
  }
  return sum;
}

/**
 * Groups processes by leader: the members of the leader's process group and all their descendants. Processes
 * of no leader are grouped under null.
 */
export function groupByLeader(
  processes: ReadonlyMap<number, ProcStat>,
  leaders: ReadonlySet<number>,
): Map<number | null, ProcStat[]> {
  const found = new Map<number, number | null>();
  const findLeader = (pid: number): number | null => {
    const stat = processes.get(pid);
    if (leaders.has(pid) || !stat) return stat ? pid : null;
    if (leaders.has(stat.groupId)) return stat.groupId;
    const cached = found.get(pid);
    if (cached !== undefined) return cached;
    // Set first, to end the recursion: the processes were read at different times, so parents may form a cycle.
    found.set(pid, null);
    const leader = findLeader(stat.parentPid);
    found.set(pid, leader);
    return leader;
  };
  return Map.groupBy(processes.values(), ({ pid }) => findLeader(pid));
}

/** The machine's memory, or the memory limit of the container in which the service runs. */
function readMemoryLimit(): number {
  const constrained = process.constrainedMemory();
  return constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
}
