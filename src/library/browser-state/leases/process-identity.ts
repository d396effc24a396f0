import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Identifies a process, so that another one on the same host can determine whether it has ended. */
export interface ProcessIdentity {
  /** Name of the host. */
  readonly host: string;
  /** Process ID. */
  readonly pid: number;
  /** Identifies the boot and the PID namespace of the host, in which `pid` is meaningful; empty if unknown. */
  readonly scope: string;
  /** Distinguishes it from earlier processes with the same ID; empty if unknown. */
  readonly started: string;
}

let own: ProcessIdentity | undefined;

/** Returns the identity of this process. */
export function ownIdentity(): ProcessIdentity {
  own ??= { host: hostname(), pid: process.pid, scope: readScope(), started: startTimeOf(process.pid) ?? '' };
  return own;
}

/** Whether a process has certainly ended. False if it runs or if that cannot be determined from here. */
export function hasEnded({ host, pid, scope, started }: ProcessIdentity): boolean {
  const self = ownIdentity();
  if (host !== self.host || scope === '' || scope !== self.scope || started === '') return false;
  return startTimeOf(pid) !== started;
}

/** Linux only: elsewhere leases of ended processes expire by time. */
function readScope(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return '';
  }
}

/** Returns the start time of a process in clock ticks after boot, or undefined if there is no such process. */
function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name of the program, in parentheses, may contain spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended, but its parent has not collected its status.
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
