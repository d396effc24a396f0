import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { TimeSlice } from '../../../library/util/time-slice.ts';
import { type ProcStat, parseProcIo, parseProcStat, parseProcStatus } from './proc-text.ts';

/** How long files of processes are read before everything else may run, in milliseconds: a machine can have thousands. */
export const SLICE_MS = 4;

/** Identifies a process, also when its pid is reused later. */
export interface ProcessIdentity {
  pid: number;
  /** Start time in ticks since the machine's boot. */
  startTicks: number;
}

/** @returns null if there is no such process or it has ended */
export function identify(pid: number): ProcessIdentity | null {
  const stat = readProc(pid, 'stat', parseProcStat);
  return stat === null || stat.isDead ? null : { pid, startTicks: stat.startTicks };
}

/** Whether the process still runs. */
export function isRunning({ pid, startTicks }: ProcessIdentity): boolean {
  return identify(pid)?.startTicks === startTicks;
}

/** All processes of the machine by pid. `readAt` is in milliseconds since the epoch. */
export async function readProcesses(): Promise<Map<number, ProcStat & { readAt: number }>> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const processes = new Map<number, ProcStat & { readAt: number }>();
  const slice = new TimeSlice(SLICE_MS);
  for (const pid of pids) {
    const stat = readProc(pid, 'stat', parseProcStat);
    if (stat) processes.set(pid, { ...stat, readAt: now() });
    if (slice.isOver) await slice.next();
  }
  return processes;
}

/** Reads the memory in use and the bytes read from and written to storage; null if the process has ended. */
export function readProcessSample(pid: number): { memory: number; read: number; written: number } | null {
  const memory = readProc(pid, 'status', parseProcStatus);
  if (memory === null) return null;
  // Hardened kernels let only root read this file. The memory is reported nevertheless.
  const io = readProc(pid, 'io', parseProcIo) ?? { read: 0, written: 0 };
  return { memory, ...io };
}

/** Milliseconds since the epoch, with fractions, unaffected by changes of the wall clock. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

/**
 * Reads synchronously: the kernel generates these files in memory. `readFile` allocates 64 KiB for each of them, so
 * that samples of 60 engines left 25 MB of garbage.
 */
function readProc<T>(pid: number, file: string, parse: (text: string) => T | null): T | null {
  try {
    return parse(readFileSync(`/proc/${pid}/${file}`, 'utf8'));
  } catch {
    // ENOENT or ESRCH: it has ended, possibly between opening and reading. EACCES: not permitted.
    return null;
  }
}
