import { readFile } from 'node:fs/promises';
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
 * @returns null where they cannot be read: another host, no permission, or a process that is gone.
 */
export async function readCgroup(
  pid: number,
  containerId: string,
  roots: KernelRoots = KERNEL_ROOTS,
): Promise<CgroupCounters | null> {
  try {
    const membership = await readFile(`${roots.proc}/${pid}/cgroup`, 'utf8');
    // Inside another process namespace the number may belong to any process.
    if (!membership.includes(containerId)) return null;
    const network = readNetworkCounters(pid, roots.proc);
    const version1 = findVersion1(membership);
    const counters = version1 ? readVersion1(version1, roots) : readVersion2(membership, roots);
    const [own, { rx, tx }] = await Promise.all([counters, network]);
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

async function readVersion1(path: string, { cgroup }: KernelRoots): Promise<OwnCounters> {
  const [cpu, usage, stat, limit, block] = await Promise.all([
    readNumber(`${cgroup}/cpuacct${path}/cpuacct.usage`),
    readNumber(`${cgroup}/memory${path}/memory.usage_in_bytes`),
    readFile(`${cgroup}/memory${path}/memory.stat`, 'utf8'),
    readNumber(`${cgroup}/memory${path}/memory.limit_in_bytes`),
    readFile(`${cgroup}/blkio${path}/blkio.throttle.io_service_bytes_recursive`, 'utf8').catch(() => ''),
  ]);
  return {
    cpuNs: cpu,
    memoryUsage: Math.max(0, usage - field(stat, 'total_inactive_file')),
    // "No limit" is the largest page-aligned number here, and "max" in version 2.
    memoryLimit: Math.min(limit, totalmem()),
    blockRead: sumOf(block, /\bRead (\d+)/g),
    blockWrite: sumOf(block, /\bWrite (\d+)/g),
  };
}

async function readVersion2(membership: string, { cgroup }: KernelRoots): Promise<OwnCounters> {
  const path = /^0::(\/.+)$/m.exec(membership)?.[1];
  if (path === undefined) throw new Error('no cgroup');
  const folder = `${cgroup}${path}`;
  const [cpu, usage, stat, limit, block] = await Promise.all([
    readFile(`${folder}/cpu.stat`, 'utf8'),
    readNumber(`${folder}/memory.current`),
    readFile(`${folder}/memory.stat`, 'utf8'),
    readFile(`${folder}/memory.max`, 'utf8'),
    readFile(`${folder}/io.stat`, 'utf8').catch(() => ''),
  ]);
  return {
    cpuNs: field(cpu, 'usage_usec') * 1000,
    memoryUsage: Math.max(0, usage - field(stat, 'inactive_file')),
    memoryLimit: limit.trim() === 'max' ? totalmem() : Math.min(Number(limit), totalmem()),
    blockRead: sumOf(block, /\brbytes=(\d+)/g),
    blockWrite: sumOf(block, /\bwbytes=(\d+)/g),
  };
}

async function readNumber(path: string): Promise<number> {
  const value = Number(await readFile(path, 'utf8'));
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
