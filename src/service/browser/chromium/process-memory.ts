import { readdir, readFile } from 'node:fs/promises';

/** How long a reading of all processes is used: several sessions with limits share it. */
const LIFETIME_MS = 200;

let last: { readonly at: number; readonly byGroup: Promise<Map<number, number>> } | undefined;

/**
 * Returns the memory of a process group in bytes: the anonymous and shared memory of all its processes. Pages of files,
 * such as the program itself, are not counted: all processes map the same ones, and the kernel can reclaim them. Only on
 * Linux.
 */
export async function readGroupMemory(groupId: number): Promise<number> {
  if (!last || performance.now() - last.at > LIFETIME_MS)
    last = { at: performance.now(), byGroup: readGroups() };
  return (await last.byGroup).get(groupId) ?? 0;
}

async function readGroups(): Promise<Map<number, number>> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const byGroup = new Map<number, number>();
  for (const id of ids) {
    // One after another: this must not take files and threads from the rest of the service.
    const text = await readFile(`/proc/${id}/status`, 'utf8').catch(() => '');
    const groupId = Number(/^NSpgid:\s+(\d+)/m.exec(text)?.[1] ?? 0);
    byGroup.set(
      groupId,
      (byGroup.get(groupId) ?? 0) + readBytes(text, 'RssAnon') + readBytes(text, 'RssShmem'),
    );
  }
  return byGroup;
}

/** The fields that proc(5) describes are in kilobytes. Kernel threads have none. */
function readBytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? 0) * 1024;
}
