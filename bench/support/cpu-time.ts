import { readFileSync } from 'node:fs';

/** proc(5): user and system time are fields 14 and 15, in units of 10 ms on all Linux architectures. */
const USER_TIME = 11;
const SYSTEM_TIME = 12;
const TICKS_PER_S = 100;

/** CPU time in seconds that processes have used so far, including all threads. */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + ticksOf(pid) / TICKS_PER_S, 0);
}

/** Running child processes whose title contains `title`. */
export function childrenOf(pid: number, title: string): number[] {
  const ids = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  const children = ids === '' ? [] : ids.split(' ').map(Number);
  return children.filter((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes(title));
}

function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The second field, the program's name in brackets, may contain spaces and brackets itself.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[USER_TIME]) + Number(fields[SYSTEM_TIME]);
}
