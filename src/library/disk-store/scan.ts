import { lstat, readdir, readFile, readlink, rm, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { ifExists } from './errors.ts';
import { diskBytes, type Layout, recordFolders } from './layout.ts';
import { decodeRecord } from './record.ts';

/** A generation that is not in use, and a temporary file, are left alone for this long after their last change. */
const ABANDONED_AFTER_MS = 15 * 60_000;
/** A body without a record is left alone for this long: its record may be written next. */
const UNREFERENCED_AFTER_MS = 60_000;

/** A body in a generation. */
export interface ScannedBody {
  readonly path: string;
  readonly bytes: number;
  readonly changedAt: number;
  /** Number of records that refer to it. */
  references: number;
}

/** A record in a generation. */
export interface ScannedRecord {
  readonly path: string;
  readonly bytes: number;
  /** Size of the body. */
  readonly size: number;
  /** Time of the last use, in milliseconds since the epoch. */
  readonly usedAt: number;
  readonly createdAt: number;
  readonly body: ScannedBody | undefined;
}

/** What a namespace contains. */
export interface ScannedNamespace {
  readonly namespace: string;
  readonly records: readonly ScannedRecord[];
  readonly bodies: readonly ScannedBody[];
  /** How much of the disk records and bodies take. */
  readonly bytes: number;
}

/** Reads all records of a namespace and matches them with the bodies. */
export async function scanNamespace(layout: Layout, namespace: string): Promise<ScannedNamespace> {
  const generation = await layout.generation(namespace);
  if (generation === undefined) return { namespace, records: [], bodies: [], bytes: 0 };
  const bodies = new Map<string, ScannedBody>();
  // Bodies first: one that is stored during the scan is then not taken for one without a record.
  for (const name of await listFolder(join(generation, 'b'))) {
    const path = join(generation, 'b', name);
    const stats = await ifExists(lstat(path));
    if (stats)
      bodies.set(name, { path, bytes: diskBytes(stats.size), changedAt: stats.mtimeMs, references: 0 });
  }
  const records: ScannedRecord[] = [];
  for (const folder of recordFolders(generation)) {
    for (const name of await listFolder(folder)) {
      const record = await scanRecord(join(folder, name), bodies);
      if (record) records.push(record);
    }
  }
  const bytes = sumBytes(records) + sumBytes([...bodies.values()]);
  return { namespace, records, bodies: [...bodies.values()], bytes };
}

async function scanRecord(
  path: string,
  bodies: ReadonlyMap<string, ScannedBody>,
): Promise<ScannedRecord | undefined> {
  const [stats, content] = await Promise.all([ifExists(lstat(path)), ifExists(readFile(path))]);
  if (!stats || !content) return undefined;
  const record = decodeRecord(content);
  const body = record && !record.inline ? bodies.get(record.sha256) : undefined;
  if (body) body.references += 1;
  return {
    path,
    bytes: diskBytes(stats.size),
    size: record?.size ?? 0,
    usedAt: stats.mtimeMs,
    createdAt: record?.createdAt ?? 0,
    body,
  };
}

/** Returns the bodies that no record refers to. */
export function unreferenced({ bodies }: ScannedNamespace, now: number): ScannedBody[] {
  return bodies.filter(
    ({ references, changedAt }) => references === 0 && changedAt < now - UNREFERENCED_AFTER_MS,
  );
}

/** Moves generations that are not in use to `trash/`: those of processes that were killed while they created one. */
export async function discardAbandonedGenerations(layout: Layout, now: number): Promise<void> {
  for (const namespace of await layout.listNamespaces()) {
    const folder = layout.namespace(namespace);
    const names = await listFolder(folder);
    const current = await ifExists(readlink(layout.current(namespace)));
    for (const name of names.filter((one) => one !== 'current' && one !== current)) {
      const stats = await ifExists(lstat(join(folder, name)));
      if (stats && stats.mtimeMs < now - ABANDONED_AFTER_MS) await layout.discard(join(folder, name));
    }
  }
}

/** Removes temporary files that are no longer written. @returns how much of the disk the others take */
export async function removeAbandonedFiles(layout: Layout, now: number): Promise<number> {
  let bytes = 0;
  for (const name of await listFolder(layout.tmp)) {
    const path = join(layout.tmp, name);
    const stats = await ifExists(lstat(path));
    if (!stats) continue;
    if (stats.mtimeMs < now - ABANDONED_AFTER_MS) await rm(path, { force: true });
    else bytes += diskBytes(stats.size);
  }
  return bytes;
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

/** Removes a file. @returns false if another process has removed it */
export async function removeFile(path: string): Promise<boolean> {
  return (await ifExists(unlink(path).then(() => true))) ?? false;
}

async function listFolder(path: string): Promise<string[]> {
  return ((await ifExists(readdir(path))) ?? []).sort();
}

function sumBytes(files: readonly { bytes: number }[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}
