import { readdir, readFile } from 'node:fs/promises';
import pLimit from 'p-limit';
import { type ProcStat, parseProcIo, parseProcStat, parseProcStatus } from './proc-text.ts';

/** Bounds the number of open files: a machine can have more processes than the service may open files. */
const limit = pLimit(16);

/** Identifies a process, also when its pid is reused later. */
export interface ProcessIdentity {
  pid: number;
  /** Start time in ticks since the machine's boot. */
  startTicks: number;
}

/** @returns null if there is no such process or it has ended */
export async function identify(pid: number): Promise<ProcessIdentity | null> {
  const stat = await readProc(pid, 'stat', parseProcStat);
  return stat === null || stat.isDead ? null : { pid, startTicks: stat.startTicks };
}

/** Whether the process still runs. */
export async function isRunning({ pid, startTicks }: ProcessIdentity): Promise<boolean> {
  return (await identify(pid))?.startTicks === startTicks;
}

/** All processes of the machine by pid. `readAt` is in milliseconds since the epoch. */
export async function readProcesses(): Promise<Map<number, ProcStat & { readAt: number }>> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const processes = new Map<number, ProcStat & { readAt: number }>();
  const read = async (pid: number) => {
    const stat = await readProc(pid, 'stat', parseProcStat);
    if (stat) processes.set(pid, { ...stat, readAt: now() });
  };
  await Promise.all(pids.map(read));
  return processes;
}

/** Reads the memory in use and the bytes read from and written to storage; null if the process has ended. */
export async function readProcessSample(
  pid: number,
): Promise<{ memory: number; read: number; written: number } | null> {
  const memory = await readProc(pid, 'status', parseProcStatus);
  if (memory === null) return null;
  // Hardened kernels let only root read this file. The memory is reported nevertheless.
  const io = (await readProc(pid, 'io', parseProcIo)) ?? { read: 0, written: 0 };
  return { memory, ...io };
}

/** Milliseconds since the epoch, with fractions, unaffected by changes of the wall clock. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

async function readProc<T>(pid: number, file: string, parse: (text: string) => T | null): Promise<T | null> {
  try {
    return parse(await limit(() => readFile(`/proc/${pid}/${file}`, 'utf8')));
  } catch {
    // ENOENT or ESRCH: it has ended, possibly between opening and reading. EACCES: not permitted.
    return null;
  }
}
