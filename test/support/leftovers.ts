import { readdirSync, readFileSync } from 'node:fs';

/**
 * Returns the ids of processes whose command line contains `folder`, and of their children: the command line of a
 * container's supervisor contains the folder, that of the container's first process does not.
 */
export function processesOf(folder: string): number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const naming = new Set(all.filter((id) => readProc(id, 'cmdline').includes(folder)));
  return all.filter((id) => naming.has(id) || naming.has(parentOf(id))).map(Number);
}

/** Kills the processes that {@link processesOf} returns. */
export function endProcessesOf(folder: string): void {
  for (const id of processesOf(folder)) {
    try {
      process.kill(id, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Returns the mount points in `folder` in the order to unmount them, the latest first. Stacked mounts are repeated. */
export function mountsIn(folder: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point.startsWith(`${folder}/`))
    .reverse();
}

function parentOf(id: string): string {
  return /^PPid:\s*(\d+)/m.exec(readProc(id, 'status'))?.[1] ?? '';
}

/** Reads a file of a process. @returns an empty string if the process has ended */
function readProc(id: string, file: string): string {
  try {
    return readFileSync(`/proc/${id}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
