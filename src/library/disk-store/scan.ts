import { lstat, readdir, readFile, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ifExists } from './errors.ts';
import { bodyPath, diskBytes, type Layout, recordFolders, removeFile } from './layout.ts';
import { decodeRecord } from './record.ts';

/** A generation that is not in use, and a temporary file, are left alone for this long after their last change. */
const ABANDONED_AFTER_MS = 15 * 60_000;
/** A body without a record is left alone for this long: its record may be written next. */
const UNREFERENCED_AFTER_MS = 60_000;

/** The files of one key. */
export interface ScannedEntry {
  /** Path of the record. */
  readonly path: string;
  /** Path of the body, if the record does not contain it. */
  readonly body: string | undefined;
  /** How much of the disk both take. */
  readonly bytes: number;
  /** Time of the last use, in milliseconds since the epoch. */
  readonly usedAt: number;
}

/** A file that belongs to no entry. */
interface Remnant {
  readonly path: string;
  readonly bytes: number;
}

/** What a namespace contains. */
export interface ScannedNamespace {
  readonly namespace: string;
  readonly entries: readonly ScannedEntry[];
  /** Bodies that a killed process has left, or that two writes of a key at the same time have. */
  readonly remnants: readonly Remnant[];
  /** How much of the disk the namespace takes. */
  readonly bytes: number;
}

/**
 * How much of the disk files take, by their inodes: a scan may meet a file twice, as a temporary file and in its place.
 */
export type FileSizes = Map<number, number>;

interface File {
  readonly path: string;
  readonly inode: number;
  readonly bytes: number;
  readonly changedAt: number;
}

/** Finds the entries of a namespace and adds their files to `sizes`. Reads few of their contents. */
export async function scanNamespace(
  layout: Layout,
  namespace: string,
  now: number,
  sizes: FileSizes,
): Promise<ScannedNamespace> {
  const generation = await layout.generation(namespace);
  const found = { namespace, entries: [] as ScannedEntry[], remnants: [] as Remnant[], bytes: 0 };
  for (const folder of generation === undefined ? [] : recordFolders(generation)) {
    const files = await Promise.all(
      (await listFolder(folder)).map((name) => describe(join(folder, name), sizes)),
    );
    const byRecord = Object.groupBy(
      files.filter((one) => one !== undefined),
      ({ path }) => path.split('.', 1)[0]!,
    );
    for (const group of Object.values(byRecord)) await addEntry(group!, now, found);
  }
  return found;
}

/** Adds the files of one key to what was found. */
async function addEntry(
  files: readonly File[],
  now: number,
  found: { entries: ScannedEntry[]; remnants: Remnant[]; bytes: number },
): Promise<void> {
  // In the order of their names, so the record is the first.
  const [record, ...others] = files[0]!.path.includes('.') ? [undefined, ...files] : files;
  const bodies = others.filter((one) => one !== undefined);
  const body = record && bodies.length > 1 ? await findBody(record, bodies) : record && bodies[0];
  found.bytes += files.reduce((sum, { bytes }) => sum + bytes, 0);
  if (record) {
    const bytes = record.bytes + (body?.bytes ?? 0);
    found.entries.push({ path: record.path, body: body?.path, bytes, usedAt: record.changedAt });
  }
  found.remnants.push(...bodies.filter((one) => one !== body && one.changedAt < now - UNREFERENCED_AFTER_MS));
}

/** Finds the body that a record refers to. */
async function findBody(record: File, bodies: readonly File[]): Promise<File | undefined> {
  const bytes = await ifExists(readFile(record.path));
  const decoded = bytes && decodeRecord(bytes);
  return decoded && bodies.find(({ path }) => path === bodyPath(record.path, decoded.sha256));
}

async function describe(path: string, sizes: FileSizes): Promise<File | undefined> {
  const stats = await ifExists(lstat(path));
  if (!stats) return undefined;
  sizes.set(stats.ino, diskBytes(stats.size));
  return { path, inode: stats.ino, bytes: diskBytes(stats.size), changedAt: stats.mtimeMs };
}

/**
 * Moves generations that are not in use to `trash/`: those of processes that were killed while they created or replaced
 * one.
 */
export async function discardAbandonedGenerations(layout: Layout, now: number): Promise<void> {
  for (const path of await listUnusedGenerations(layout)) {
    const stats = await ifExists(lstat(path));
    if (stats && stats.mtimeMs < now - ABANDONED_AFTER_MS) await layout.discard(path);
  }
}

/** Adds the files of generations that are not in use, and of `trash/`, to `sizes`: they count until they are removed. */
export async function scanUnused(layout: Layout, sizes: FileSizes): Promise<void> {
  for (const path of await listUnusedGenerations(layout)) await scanTree(path, sizes);
  // Last, because this is where the others are moved to.
  await scanTree(layout.trash, sizes);
}

/** Lists what a namespace contains besides the generation in use. */
async function listUnusedGenerations(layout: Layout): Promise<string[]> {
  const paths: string[] = [];
  for (const namespace of await layout.listNamespaces()) {
    const folder = layout.namespace(namespace);
    const names = await listFolder(folder);
    const current = await ifExists(readlink(layout.current(namespace)));
    const unused = names.filter((one) => one !== 'current' && one !== current);
    paths.push(...unused.map((name) => join(folder, name)));
  }
  return paths;
}

async function scanTree(path: string, sizes: FileSizes): Promise<void> {
  const stats = await ifExists(lstat(path));
  if (stats?.isFile()) sizes.set(stats.ino, diskBytes(stats.size));
  if (!stats?.isDirectory()) return;
  for (const name of await listFolder(path)) await scanTree(join(path, name), sizes);
}

/** Adds the temporary files to `files`. Removes those that are no longer written. */
export async function scanTemporaryFiles(layout: Layout, now: number, files: FileSizes): Promise<void> {
  for (const name of await listFolder(layout.tmp)) {
    const file = await describe(join(layout.tmp, name), files);
    if (!file || file.changedAt >= now - ABANDONED_AFTER_MS) continue;
    await rm(file.path, { force: true });
    files.delete(file.inode);
  }
  for (const name of await listFolder(layout.leases)) {
    const stats = await ifExists(lstat(join(layout.leases, name)));
    if (stats && stats.mtimeMs < now - ABANDONED_AFTER_MS) await removeFile(join(layout.leases, name));
  }
}

/** Removes what is in `trash/`. @returns how much of the disk it took */
export async function emptyTrash(layout: Layout): Promise<number> {
  let bytes = 0;
  for (const name of await listFolder(layout.trash)) bytes += await removeTree(join(layout.trash, name));
  return bytes;
}

/** Removes a folder or file. @returns how much of the disk its files took, without those that others removed */
async function removeTree(path: string): Promise<number> {
  const stats = await ifExists(lstat(path));
  if (!stats) return 0;
  if (!stats.isDirectory()) {
    const bytes = stats.isFile() ? diskBytes(stats.size) : 0;
    return (await removeFile(path)) ? bytes : 0;
  }
  let bytes = 0;
  for (const name of await listFolder(path)) bytes += await removeTree(join(path, name));
  await rm(path, { recursive: true, force: true });
  return bytes;
}

async function listFolder(path: string): Promise<string[]> {
  return ((await ifExists(readdir(path))) ?? []).sort();
}
