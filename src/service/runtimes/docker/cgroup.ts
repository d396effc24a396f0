import { existsSync, readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { cgroupFolder } from './cgroup-folder.ts';
import { readNetworkCounters } from './net-dev.ts';

/** The kernel's counters of one container, in nanoseconds and bytes. The two memory values are current. */
export interface CgroupCounters {
  cpuNs: number;
  memoryUsage: number;
  memoryLimit: number;
  blockRead: number;
  blockWrite: number;
  networkRx: number;
  networkTx: number;
}

/** Mount points of the kernel's file systems. Tests use others, with recorded files. */
export interface KernelRoots {
  proc: string;
  cgroup: string;
}

/** Where a container of the service has the host's file systems, as in docker-compose.yml. */
const MOUNTED_ROOTS: KernelRoots = { proc: '/host/proc', cgroup: '/host/cgroup' };

/** The usual mount points, or those of the host if they are mounted. */
export const KERNEL_ROOTS: KernelRoots = existsSync(MOUNTED_ROOTS.proc)
  ? MOUNTED_ROOTS
  : { proc: '/proc', cgroup: '/sys/fs/cgroup' };

/**
 * Reads a container's counters from cgroup (version 1 or 2) and proc files. The reads are synchronous: the
 * kernel generates these files in memory, so that takes 5 µs per file, and ten times as long through Node's
 * thread pool.
 * @param pid the container's first process, as numbered on this host
 * @returns null if they cannot be read: the container is on another host, permission is missing, or the process
 *   has ended
 * @see https://docs.kernel.org/admin-guide/cgroup-v2.html
 */
export function readCgroup(
  pid: number,
  containerId: string,
  roots: KernelRoots = KERNEL_ROOTS,
): CgroupCounters | null {
  try {
    const membership = readFileSync(`${roots.proc}/${pid}/cgroup`, 'utf8');
    // In another PID namespace, the pid may belong to any process.
    if (!membership.includes(containerId)) return null;
    const { rx, tx } = readNetworkCounters(pid, roots.proc);
    const version1 = findVersion1(membership);
    const own = version1 ? readVersion1(version1, roots) : readVersion2(membership, roots);
    return { ...own, networkRx: rx, networkTx: tx };
  } catch {
    return null;
  }
}

type OwnCounters = Omit<CgroupCounters, 'networkRx' | 'networkTx'>;

/** The path in the memory hierarchy. Only version 1 and hybrid setups have a line for it. */
function findVersion1(membership: string): string | undefined {
  return /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(\/.+)$/m.exec(membership)?.[1];
}

function readVersion1(path: string, { cgroup }: KernelRoots): OwnCounters {
  const folderIn = (controller: string) => cgroupFolder(`${cgroup}/${controller}`, path);
  const cpu = readNumber(`${folderIn('cpuacct')}/cpuacct.usage`);
  const memory = folderIn('memory');
  const usage = readNumber(`${memory}/memory.usage_in_bytes`);
  const stat = readFileSync(`${memory}/memory.stat`, 'utf8');
  const limit = readNumber(`${memory}/memory.limit_in_bytes`);
  const block = readOptional(() => `${folderIn('blkio')}/blkio.throttle.io_service_bytes_recursive`);
  return {
    cpuNs: cpu,
    memoryUsage: Math.max(0, usage - readField(stat, 'total_inactive_file')),
    // Without a limit, the value is the largest page-aligned number, or `max` in version 2.
    memoryLimit: Math.min(limit, totalmem()),
    blockRead: sumMatches(block, /\bRead (\d+)/g),
    blockWrite: sumMatches(block, /\bWrite (\d+)/g),
  };
}

function readVersion2(membership: string, { cgroup }: KernelRoots): OwnCounters {
  const path = /^0::(\/.+)$/m.exec(membership)?.[1];
  if (path === undefined) throw new Error('no cgroup');
  const folder = cgroupFolder(cgroup, path);
  const cpu = readFileSync(`${folder}/cpu.stat`, 'utf8');
  const usage = readNumber(`${folder}/memory.current`);
  const stat = readFileSync(`${folder}/memory.stat`, 'utf8');
  const limit = readFileSync(`${folder}/memory.max`, 'utf8');
  const block = readOptional(() => `${folder}/io.stat`);
  return {
    cpuNs: readField(cpu, 'usage_usec') * 1000,
    memoryUsage: Math.max(0, usage - readField(stat, 'inactive_file')),
    memoryLimit: limit.trim() === 'max' ? totalmem() : Math.min(Number(limit), totalmem()),
    blockRead: sumMatches(block, /\brbytes=(\d+)/g),
    blockWrite: sumMatches(block, /\bwbytes=(\d+)/g),
  };
}

/** Returns an empty string if there is no such file: not every kernel counts block I/O. */
function readOptional(path: () => string): string {
  try {
    return readFileSync(path(), 'utf8');
  } catch {
    return '';
  }
}

function readNumber(path: string): number {
  const value = Number(readFileSync(path, 'utf8'));
  if (Number.isNaN(value)) throw new Error(`${path} contains no number`);
  return value;
}

function readField(text: string, name: string): number {
  const found = new RegExp(`^${name} (\\d+)$`, 'm').exec(text);
  if (!found) throw new Error(`no ${name}`);
  return Number(found[1]);
}

function sumMatches(text: string, pattern: RegExp): number {
  let sum = 0;
  for (const [, bytes] of text.matchAll(pattern)) sum += Number(bytes);
  return sum;
}
