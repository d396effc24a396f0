import { readFileSync } from 'node:fs';

/** proc(5): user and system time are the 14th and 15th field, in hundredths of a second on all Linux ports. */
const USER_TIME = 11;
const SYSTEM_TIME = 12;
const TICKS_PER_S = 100;

/** Seconds of processor time that processes have used so far, all of their threads together. */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + ticksOf(pid) / TICKS_PER_S, 0);
}

/** Processes that a process has started and that still run, whose title holds `title`. */
export function childrenOf(pid: number, title: string): number[] {
  const ids = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  const children = ids === '' ? [] : ids.split(' ').map(Number);
  return children.filter((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes(title));
}

function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The program's name, in brackets, may hold spaces and brackets; the third field follows its last one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[USER_TIME]) + Number(fields[SYSTEM_TIME]);
}
