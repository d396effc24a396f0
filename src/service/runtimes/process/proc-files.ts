import { readdir, readFile } from 'node:fs/promises';
import pLimit from 'p-limit';
import { type ProcStat, parseProcIo, parseProcStatus, parseProcStat } from './proc-text.ts';

/** Every file that is open counts against the limit of the service, and a machine can have many processes. */
const inTurn = pLimit(16);

/** A process that nothing can be mistaken for, not even one that is later given the same pid. */
export interface ProcessIdentity {
  pid: number;
  startTicks: number;
}

/** Null where there is no such process, or it has ended. */
export async function identify(pid: number): Promise<ProcessIdentity | null> {
  const stat = await readProc(pid, 'stat', parseProcStat);
  return stat === null || stat.isDead ? null : { pid, startTicks: stat.startTicks };
}

export async function isRunning({ pid, startTicks }: ProcessIdentity): Promise<boolean> {
  return (await identify(pid))?.startTicks === startTicks;
}

/** All processes by pid, without those that end meanwhile. */
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

/** Bytes; null where the process has gone. */
export async function readProcessSample(
  pid: number,
): Promise<{ memory: number; read: number; written: number } | null> {
  const memory = await readProc(pid, 'status', parseProcStatus);
  if (memory === null) return null;
  // A hardened kernel shows this file to nobody but root: a reason to lose these two figures, not all.
  const io = (await readProc(pid, 'io', parseProcIo)) ?? { read: 0, written: 0 };
  return { memory, ...io };
}

/** Milliseconds since the epoch, with fractions, unmoved by changes of the wall clock. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

async function readProc<T>(pid: number, file: string, parse: (text: string) => T | null): Promise<T | null> {
  try {
    return parse(await inTurn(() => readFile(`/proc/${pid}/${file}`, 'utf8')));
  } catch {
    // ENOENT or ESRCH: it ended, perhaps between opening and reading. EACCES: not for us to read.
    return null;
  }
}
