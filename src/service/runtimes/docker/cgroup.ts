import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { readNetworkCounters } from './net-dev.ts';

/** The kernel's counters of one container: nanoseconds and bytes. */
export interface CgroupCounters {
  cpuNs: number;
  memoryUsage: number;
  memoryLimit: number;
  blockRead: number;
  blockWrite: number;
  networkRx: number;
  networkTx: number;
}

/** Where the kernel's file systems are; other roots are for tests on recorded files. */
export interface KernelRoots {
  proc: string;
  cgroup: string;
}

export const KERNEL_ROOTS: KernelRoots = { proc: '/proc', cgroup: '/sys/fs/cgroup' };

/**
 * Reads a container's counters from cgroup and proc files, by whichever cgroup version its process is in.
 * The kernel makes these files up as they are read, so nothing waits for a disk: read at once they take
 * 5 µs each, and ten times as much by way of Node's threads.
 * @returns null where they cannot be read: another host, no permission, or a process that is gone.
 */
export function readCgroup(
  pid: number,
  containerId: string,
  roots: KernelRoots = KERNEL_ROOTS,
): CgroupCounters | null {
  try {
    const membership = readFileSync(`${roots.proc}/${pid}/cgroup`, 'utf8');
    // Inside another process namespace the number may belong to any process.
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

/** The path of the memory hierarchy, which in version 1 (and hybrid) setups is a line of its own. */
function findVersion1(membership: string): string | undefined {
  return /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(\/.+)$/m.exec(membership)?.[1];
}

function readVersion1(path: string, { cgroup }: KernelRoots): OwnCounters {
  const cpu = readNumber(`${cgroup}/cpuacct${path}/cpuacct.usage`);
  const usage = readNumber(`${cgroup}/memory${path}/memory.usage_in_bytes`);
  const stat = readFileSync(`${cgroup}/memory${path}/memory.stat`, 'utf8');
  const limit = readNumber(`${cgroup}/memory${path}/memory.limit_in_bytes`);
  const block = readIfThere(`${cgroup}/blkio${path}/blkio.throttle.io_service_bytes_recursive`);
  return {
    cpuNs: cpu,
    memoryUsage: Math.max(0, usage - field(stat, 'total_inactive_file')),
    // "No limit" is the largest page-aligned number here, and "max" in version 2.
    memoryLimit: Math.min(limit, totalmem()),
    blockRead: sumOf(block, /\bRead (\d+)/g),
    blockWrite: sumOf(block, /\bWrite (\d+)/g),
  };
}

function readVersion2(membership: string, { cgroup }: KernelRoots): OwnCounters {
  const path = /^0::(\/.+)$/m.exec(membership)?.[1];
  if (path === undefined) throw new Error('no cgroup');
  const folder = `${cgroup}${path}`;
  const cpu = readFileSync(`${folder}/cpu.stat`, 'utf8');
  const usage = readNumber(`${folder}/memory.current`);
  const stat = readFileSync(`${folder}/memory.stat`, 'utf8');
  const limit = readFileSync(`${folder}/memory.max`, 'utf8');
  const block = readIfThere(`${folder}/io.stat`);
  return {
    cpuNs: field(cpu, 'usage_usec') * 1000,
    memoryUsage: Math.max(0, usage - field(stat, 'inactive_file')),
    memoryLimit: limit.trim() === 'max' ? totalmem() : Math.min(Number(limit), totalmem()),
    blockRead: sumOf(block, /\brbytes=(\d+)/g),
    blockWrite: sumOf(block, /\bwbytes=(\d+)/g),
  };
}

/** Not every kernel counts what blocks are read and written. */
function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function readNumber(path: string): number {
  const value = Number(readFileSync(path, 'utf8'));
  if (Number.isNaN(value)) throw new Error(`${path} holds no number`);
  return value;
}

function field(text: string, name: string): number {
  const found = new RegExp(`^${name} (\\d+)$`, 'm').exec(text);
  if (!found) throw new Error(`no ${name}`);
  return Number(found[1]);
}

function sumOf(text: string, pattern: RegExp): number {
  let sum = 0;
  for (const [, bytes] of text.matchAll(pattern)) sum += Number(bytes);
  return sum;
}
