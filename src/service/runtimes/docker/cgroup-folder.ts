import { existsSync, readdirSync } from 'node:fs';

/** Docker's containers are one level below the root, or two in a slice of a slice. */
const MAX_DEPTH = 3;
/** Folders that have contained control groups with relative paths, by hierarchy. */
const parents = new Map<string, Set<string>>();

/**
 * Returns the folder of a control group. A reader in a cgroup namespace of its own, as each service of a Swarm is on
 * hosts with cgroup version 2, sees paths relative to its own control group: `/../docker-3f9c….scope` is the one beside
 * it. Its own one has no name there, so the folder is searched, once for all containers of a daemon.
 * @param hierarchy mount point of the hierarchy
 * @param path from `/proc/<pid>/cgroup`
 * @throws Error if it is not found
 * @see https://man7.org/linux/man-pages/man7/cgroup_namespaces.7.html
 */
export function cgroupFolder(hierarchy: string, path: string): string {
  const [ascent] = /^(\/\.\.)*/.exec(path)!;
  if (ascent === '') return hierarchy + path;
  const descent = path.slice(ascent.length);
  const known = parents.get(hierarchy) ?? new Set();
  for (const parent of known) if (existsSync(parent + descent)) return parent + descent;
  const parent = findParent(hierarchy, descent, MAX_DEPTH);
  if (parent === null) throw new Error(`no folder of the control group ${path}`);
  parents.set(hierarchy, known.add(parent));
  return parent + descent;
}

function findParent(folder: string, descent: string, depth: number): string | null {
  if (existsSync(folder + descent)) return folder;
  if (depth === 0) return null;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const found = entry.isDirectory() ? findParent(`${folder}/${entry.name}`, descent, depth - 1) : null;
    if (found !== null) return found;
  }
  return null;
}
