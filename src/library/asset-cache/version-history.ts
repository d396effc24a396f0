import type { StoredAsset, VersionChange } from './asset.ts';
import type { StoredVersion } from './disk-level.ts';
import { formatBytes, printable } from './format.ts';

/**
 * Compares a new entry with the versions before it.
 * @param former the newest first
 * @returns undefined if the version is known, or is the first one
 */
export function changeOf(
  former: readonly StoredVersion[],
  { asset, version }: StoredAsset,
  size: number,
): VersionChange | undefined {
  const [newest] = former;
  if (!newest || former.some((one) => one.version === version)) return undefined;
  return { asset, from: newest.version, to: version, fromSize: newest.size, toSize: size };
}

/** Describes a change in one line, with both versions and sizes. */
export function describeChange({ asset, from, to, fromSize, toSize }: VersionChange): string {
  return printable(`${asset}: version ${from} (${formatBytes(fromSize)}) -> ${to} (${formatBytes(toSize)})`);
}

/**
 * Returns the versions that exceed a number: those that were not used for the longest time, never the new one.
 * @param usedAt when versions were last used, by their keys; the others count from when they were saved
 */
export function surplus(
  versions: readonly StoredVersion[],
  newKey: string,
  keep: number,
  usedAt: ReadonlyMap<string, number>,
): StoredVersion[] {
  const lastUse = ({ key, savedAt }: StoredVersion) =>
    key === newKey ? Number.POSITIVE_INFINITY : (usedAt.get(key) ?? savedAt);
  return versions.toSorted((a, b) => lastUse(b) - lastUse(a)).slice(keep);
}
