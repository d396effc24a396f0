import { readdirSync, readFileSync } from 'node:fs';

/**
 * Ids of processes that have `folder` on their command line, and of those these have started: a container's
 * first process does not name the folder, its supervisor does.
 */
export function processesOf(folder: string): number[] {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const naming = new Set(all.filter((id) => readProc(id, 'cmdline').includes(folder)));
  return all.filter((id) => naming.has(id) || naming.has(parentOf(id))).map(Number);
}

export function endProcessesOf(folder: string): void {
  for (const id of processesOf(folder)) {
    try {
      process.kill(id, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

/** Mount points in `folder`, the latest first, as they have to be unmounted; a stacked one comes twice. */
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

/** A file of a process, empty if the process has ended since it was listed. */
function readProc(id: string, file: string): string {
  try {
    return readFileSync(`/proc/${id}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
