/** Parsers of the texts under /proc/<pid>. Each answers null for a text that is not what it should be. */

/** The kernel gives CPU times to programs in this unit on every Linux that Node runs on (USER_HZ). */
const TICKS_PER_S = 100;
const NS_PER_TICK = 1e9 / TICKS_PER_S;

export interface ProcStat {
  pid: number;
  /** It has ended and only waits for its parent to notice. */
  isDead: boolean;
  parentPid: number;
  groupId: number;
  /** Of all threads, and of children that have ended and been waited for. Nanoseconds, in steps of 10 ms. */
  cpuNs: number;
  /** When it started, in ticks since the machine did: with the pid, this names a process for good. */
  startTicks: number;
}

/** `/proc/<pid>/stat`. The command name, in parentheses, can itself hold spaces and parentheses. */
export function parseProcStat(text: string): ProcStat | null {
  const nameEnd = text.lastIndexOf(')');
  const pid = Number.parseInt(text, 10);
  const [state = '', ...rest] = text.slice(nameEnd + 2).split(' ');
  const numbers = rest.map(Number);
  // Counted from the parent's pid, which proc(5) calls field 4.
  const [parentPid, groupId] = numbers;
  const [user, system, childrenUser, childrenSystem] = numbers.slice(10, 14);
  const startTicks = numbers[18];
  const wanted = [pid, parentPid, groupId, user, system, childrenUser, childrenSystem, startTicks];
  if (nameEnd < 0 || !wanted.every(Number.isSafeInteger)) return null;
  return {
    pid,
    isDead: state === 'Z' || state === 'X',
    parentPid: parentPid!,
    groupId: groupId!,
    cpuNs: (user! + system! + childrenUser! + childrenSystem!) * NS_PER_TICK,
    startTicks: startTicks!,
  };
}

/**
 * `/proc/<pid>/status`: the memory that the process alone keeps from others, in bytes. File pages are left
 * out: they are page cache, which the kernel can take back, and every engine maps the same program, which
 * a sum would count once per engine.
 */
export function parseProcStatus(text: string): number | null {
  const anonymous = readKilobytes(text, 'RssAnon');
  const shared = readKilobytes(text, 'RssShmem');
  return anonymous === null || shared === null ? null : anonymous + shared;
}

function readKilobytes(text: string, name: string): number | null {
  const value = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1];
  return value === undefined ? null : Number(value) * 1024;
}

/** `/proc/<pid>/io`: bytes that really went from and to storage, its waited-for children's included. */
export function parseProcIo(text: string): { read: number; written: number } | null {
  const read = /^read_bytes: (\d+)$/m.exec(text)?.[1];
  const written = /^write_bytes: (\d+)$/m.exec(text)?.[1];
  return read === undefined || written === undefined
    ? null
    : { read: Number(read), written: Number(written) };
}
