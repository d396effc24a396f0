/** Parsers of files under /proc/<pid>. Each returns null for unexpected content. See proc(5). */

/** USER_HZ, the unit of CPU times, on every Linux that Node runs on. */
const TICKS_PER_S = 100;
const NS_PER_TICK = 1e9 / TICKS_PER_S;

/** Content of `/proc/<pid>/stat`. */
export interface ProcStat {
  pid: number;
  /**
   * Whether it is a zombie: it has ended, but its parent has not waited for it yet. Its first thread may have ended
   * before the others. Until they end, its files and ports are open.
   */
  isDead: boolean;
  parentPid: number;
  groupId: number;
  /** CPU time of all threads and of waited-for children, in nanoseconds, with a resolution of 10 ms. */
  cpuNs: number;
  /** Start time in ticks since the machine's boot. With the pid, it identifies the process. */
  startTicks: number;
}

/** Parses `/proc/<pid>/stat`. The command name, in parentheses, may contain spaces and parentheses. */
export function parseProcStat(text: string): ProcStat | null {
  const nameEnd = text.lastIndexOf(')');
  const pid = Number.parseInt(text, 10);
  const [state = '', ...rest] = text.slice(nameEnd + 2).split(' ');
  const numbers = rest.map(Number);
  // Index 0 is the parent's pid, field 4 in proc(5).
  const [parentPid, groupId] = numbers;
  const [user, system, childrenUser, childrenSystem] = numbers.slice(10, 14);
  const threads = numbers[16];
  const startTicks = numbers[18];
  const fields = [pid, parentPid, groupId, user, system, childrenUser, childrenSystem, threads, startTicks];
  if (nameEnd < 0 || !fields.every(Number.isSafeInteger)) return null;
  return {
    pid,
    isDead: (state === 'Z' || state === 'X') && threads! <= 1,
    parentPid: parentPid!,
    groupId: groupId!,
    cpuNs: (user! + system! + childrenUser! + childrenSystem!) * NS_PER_TICK,
    startTicks: startTicks!,
  };
}

/**
 * Parses `/proc/<pid>/status`: the anonymous and shared memory of the process in bytes. File pages are not
 * counted: they are page cache, which the kernel can reclaim, and all engines map the same program, which a
 * total would count once per engine.
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

/** Parses `/proc/<pid>/io`: bytes transferred from and to storage, including those of waited-for children. */
export function parseProcIo(text: string): { read: number; written: number } | null {
  const read = /^read_bytes: (\d+)$/m.exec(text)?.[1];
  const written = /^write_bytes: (\d+)$/m.exec(text)?.[1];
  return read === undefined || written === undefined
    ? null
    : { read: Number(read), written: Number(written) };
}
