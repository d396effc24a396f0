import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from './run.ts';

/** Paths of programs by name, or one line that says what this machine lacks. */
export type Programs<Name extends string> = { paths: Record<Name, string> } | { missing: string };

/** What `findOrInstall` needs of a machine. */
export interface Machine {
  /** Under continuous integration nothing may be left out. */
  ci: boolean;
  /** Path of a program, or null. */
  find(program: string): string | null;
  /** Installs Debian packages; null where that is not for a test to do. */
  install: ((packages: readonly string[]) => Promise<void>) | null;
}

/**
 * Finds programs, given as program name → Debian package. Those that are not there are installed when this
 * runs as root on Debian or Ubuntu; elsewhere the answer is the line that says what to install.
 * @throws Error with that line, in place of returning it, under continuous integration.
 */
export async function findOrInstall<Name extends string>(
  wanted: Readonly<Record<Name, string>>,
  machine: Machine = thisMachine(),
): Promise<Programs<Name>> {
  const names = Object.keys(wanted) as Name[];
  const absent = () => names.filter((name) => machine.find(name) === null);
  const packages = [...new Set(absent().map((name) => wanted[name]))];
  const fault = await install(packages, machine);
  const still = absent();
  if (still.length === 0) {
    return {
      paths: Object.fromEntries(names.map((name) => [name, machine.find(name)])) as Record<Name, string>,
    };
  }
  const line = `${still.join(', ')} not found: as root, apt-get install ${packages.join(' ')}${fault}`;
  if (machine.ci) throw new Error(line);
  return { missing: line };
}

/** The fault of the installation as the end of a sentence, or nothing. */
async function install(packages: readonly string[], machine: Machine): Promise<string> {
  if (packages.length === 0 || machine.install === null) return '';
  try {
    await machine.install(packages);
    return '';
  } catch (error) {
    return ` (which failed here: ${(error as Error).message.replace(/\s+/g, ' ').trim()})`;
  }
}

export function thisMachine(): Machine {
  const debian = process.getuid?.() === 0 && existsSync('/etc/debian_version');
  return { ci: underCi(), find: findProgram, install: debian ? aptInstall : null };
}

/** Whether this run is continuous integration, by the variable that all of its services set. */
export function underCi(): boolean {
  return !['', '0', 'false'].includes(process.env.CI ?? '');
}

/** Where programs are looked for: the search path, and where root's programs are even if it is a user's. */
export const SEARCH_PATH = [
  ...new Set([...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']),
]
  .filter((folder) => folder !== '')
  .join(delimiter);

export function findProgram(program: string): string | null {
  for (const folder of SEARCH_PATH.split(delimiter)) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {}
  }
  return null;
}

let updated: Promise<void> | undefined;

/** Whether a package also starts its service is for the machine's policy; no test uses such a service. */
async function aptInstall(packages: readonly string[]): Promise<void> {
  updated ??= apt(['update']);
  await updated;
  await apt(['install', '-y', '--no-install-recommends', ...packages]);
}

const APT_DEADLINE_MS = 300_000;

/**
 * Waits while another apt works: DPkg::Lock::Timeout holds for dpkg's lock alone, and an `update` that
 * meets another one's lock on the package lists fails at once.
 */
async function apt(args: readonly string[]): Promise<void> {
  const deadline = performance.now() + APT_DEADLINE_MS;
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' };
  for (;;) {
    try {
      await run('apt-get', ['-qq', '-o', 'DPkg::Lock::Timeout=300', ...args], { env });
      return;
    } catch (error) {
      const locked = /could not get lock|unable to lock/i.test((error as Error).message);
      if (!locked || performance.now() > deadline) throw error;
      await delay(1000);
    }
  }
}
