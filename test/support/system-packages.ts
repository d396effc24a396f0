import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from './run.ts';

/** Paths of programs by name, or one line that says what is missing on this machine. */
export type Programs<Name extends string> = { paths: Record<Name, string> } | { missing: string };

/** The machine that `findOrInstall` works on. */
export interface Machine {
  /** Whether this is continuous integration, where a missing program is an error. */
  ci: boolean;
  /** Returns the path of a program, or null. */
  find(program: string): string | null;
  /** Installs Debian packages. Null where tests must not install packages. */
  install: ((packages: readonly string[]) => Promise<void>) | null;
}

/**
 * Finds programs. Missing ones are installed if this runs as root on Debian or Ubuntu.
 * @param wanted Debian package of each program
 * @returns their paths, or one line that says what to install
 * @throws Error with that line under continuous integration
 */
export async function findOrInstall<Name extends string>(
  wanted: Readonly<Record<Name, string>>,
  machine: Machine = thisMachine(),
): Promise<Programs<Name>> {
  const names = Object.keys(wanted) as Name[];
  const findMissing = () => names.filter((name) => machine.find(name) === null);
  const packages = [...new Set(findMissing().map((name) => wanted[name]))];
  const failure = await install(packages, machine);
  const missing = findMissing();
  if (missing.length === 0) {
    return {
      paths: Object.fromEntries(names.map((name) => [name, machine.find(name)])) as Record<Name, string>,
    };
  }
  const line = `${missing.join(', ')} not found: as root, apt-get install ${packages.join(' ')}${failure}`;
  if (machine.ci) throw new Error(line);
  return { missing: line };
}

/** Installs packages. @returns the error as the end of a sentence, or an empty string */
async function install(packages: readonly string[], machine: Machine): Promise<string> {
  if (packages.length === 0 || machine.install === null) return '';
  try {
    await machine.install(packages);
    return '';
  } catch (error) {
    return ` (which failed: ${(error as Error).message.replace(/\s+/g, ' ').trim()})`;
  }
}

/** This machine. */
export function thisMachine(): Machine {
  const debian = process.getuid?.() === 0 && existsSync('/etc/debian_version');
  return { ci: underCi(), find: findProgram, install: debian ? aptInstall : null };
}

/** Whether this is continuous integration: its services set the variable CI. */
export function underCi(): boolean {
  return !['', '0', 'false'].includes(process.env.CI ?? '');
}

/** Search path for programs: PATH, and the folders of root's programs, which the PATH of a user may lack. */
export const SEARCH_PATH = [
  ...new Set([...(process.env.PATH ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin']),
]
  .filter((folder) => folder !== '')
  .join(delimiter);

/** Finds a program in {@link SEARCH_PATH}. @returns its path, or null */
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

/** Some packages start a service. The tests use none of these services. */
async function aptInstall(packages: readonly string[]): Promise<void> {
  updated ??= apt(['update']);
  await updated;
  await apt(['install', '-y', '--no-install-recommends', ...packages]);
}

const APT_TIMEOUT_MS = 300_000;

/**
 * Runs apt-get and waits while another process uses it. DPkg::Lock::Timeout covers only dpkg's lock; `update` fails at
 * once if another process has locked the package lists.
 */
async function apt(args: readonly string[]): Promise<void> {
  const deadline = performance.now() + APT_TIMEOUT_MS;
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
