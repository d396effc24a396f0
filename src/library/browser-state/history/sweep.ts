import { randomUUID } from 'node:crypto';
import { isTombstone, type Manifest } from '../content/manifest.ts';
import { StorageError } from '../errors.ts';
import { numberIn } from '../keys.ts';
import type { ObjectInfo, ObjectStore } from '../object-store.ts';
import type { SessionObjects } from '../session-objects.ts';
import { readVersion } from './history.ts';

/** Tombstones that are kept. Older numbers stay unused: a commit checks that there is no higher one. */
const KEPT_TOMBSTONES = 500;

/** How much history is kept. */
export interface HistoryOptions {
  /** Number of versions that are kept. Default 20. */
  maxVersions?: number;
  /** Versions older than this are removed, in seconds. The newest is always kept. Default: no limit. */
  maxAgeS?: number;
}

/** What a sweep has removed. */
export interface SweepResult {
  /** Versions replaced by tombstones. */
  readonly trimmedVersions: number;
  /** Packs deleted. */
  readonly deletedPacks: number;
  /** Size of these packs in bytes. */
  readonly deletedBytes: number;
}

/** Parameters of {@link sweepSession}. */
export interface SweepInput {
  readonly objects: SessionObjects;
  readonly store: ObjectStore;
  readonly history: Required<HistoryOptions>;
  readonly graceMs: number;
  /** Prefix of all keys. */
  readonly prefix: string;
}

/**
 * Removes old versions, and packs that no version needs. Ages are by the store's own time. A pack stays for the grace
 * period after it was written, as a commit may be about to refer to it, and after its last version was removed, as a
 * mount may be reading it.
 */
export async function sweepSession(input: SweepInput): Promise<SweepResult> {
  const { objects, store, graceMs } = input;
  const { keys } = objects;
  const now = await readStoreTime(store, input.prefix);
  // Packs first: one that is stored after this listing is not considered.
  const packs = await store.list(keys.packs);
  const entries = await readEntries(objects, store);
  const head = entries.at(-1)?.manifest;
  const trimmed = await trimHistory(input, entries, now);
  const needed = new Set<string>();
  for (const { manifest, modifiedMs } of entries) {
    const isRecent = trimmed.has(manifest.version) || now - modifiedMs < graceMs;
    if (!isTombstone(manifest) || isRecent)
      for (const { name } of manifest.packs) needed.add(keys.pack(name));
  }
  const unused = packs.filter(({ key, modifiedMs }) => !needed.has(key) && now - modifiedMs >= graceMs);
  await objects.delete([
    ...unused.map(({ key }) => key),
    ...(await findOldCheckpoints(objects, store, head, now - graceMs)),
    ...findOldTombstones(entries, head, now - graceMs).map((version) => keys.manifest(version)),
  ]);
  return {
    trimmedVersions: trimmed.size,
    deletedPacks: unused.length,
    deletedBytes: unused.reduce((sum, { size }) => sum + size, 0),
  };
}

interface Entry {
  readonly manifest: Manifest;
  readonly modifiedMs: number;
}

/** Reads all manifests. One that cannot be read fails the sweep: its packs must not be deleted. */
async function readEntries(objects: SessionObjects, store: ObjectStore): Promise<Entry[]> {
  const folder = objects.keys.manifests;
  const entries: Entry[] = [];
  for (const { key, modifiedMs } of await store.list(folder)) {
    const version = numberIn(folder, key);
    if (version !== undefined) entries.push({ manifest: await readVersion(objects, version), modifiedMs });
  }
  return entries;
}

async function trimHistory({ objects, history }: SweepInput, entries: readonly Entry[], now: number) {
  const live = entries.filter(({ manifest }) => !isTombstone(manifest)).reverse();
  const trimmed = new Set<number>();
  for (const [index, { manifest, modifiedMs }] of live.entries()) {
    const isOld = now - modifiedMs > history.maxAgeS * 1000;
    if (manifest === entries.at(-1)?.manifest || (index < history.maxVersions && !isOld)) continue;
    // It keeps the names of its packs, which protects them for the grace period.
    await objects.replaceManifest({ ...manifest, reason: 'trimmed', files: [], chunks: [], omitted: [] });
    trimmed.add(manifest.version);
  }
  return trimmed;
}

function findOldTombstones(entries: readonly Entry[], head: Manifest | undefined, before: number): number[] {
  return entries
    .filter(({ manifest, modifiedMs }) => isTombstone(manifest) && manifest !== head && modifiedMs < before)
    .slice(0, -KEPT_TOMBSTONES)
    .map(({ manifest }) => manifest.version);
}

/** Checkpoints of mounts that have ended. Those of running ones have a fencing number above the newest version. */
async function findOldCheckpoints(
  objects: SessionObjects,
  store: ObjectStore,
  head: Manifest | undefined,
  before: number,
): Promise<string[]> {
  const folder = objects.keys.checkpoints;
  const isOld = ({ key, modifiedMs }: ObjectInfo) =>
    (numberIn(folder, key) ?? 0) < (head?.contentVersion ?? 0) && modifiedMs < before;
  return (await store.list(folder)).filter(isOld).map(({ key }) => key);
}

/** Returns the store's own time: that of an object that is written now. */
async function readStoreTime(store: ObjectStore, prefix: string): Promise<number> {
  const key = `${prefix}~clock/${randomUUID()}`;
  await store.put(key, new Uint8Array([0]));
  try {
    const [written] = await store.list(key);
    if (!written)
      throw new StorageError('the store does not list an object that was just written', { transient: true });
    return written.modifiedMs;
  } finally {
    await store.delete(key);
  }
}
