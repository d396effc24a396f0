import { lstat, readdir, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskGuard } from './disk-guard.ts';
import { ifExists } from './errors.ts';
import { diskBytes, readSmallFile, removeFile } from './files.ts';
import { bodyPath, type Layout, recordFolders } from './layout.ts';
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

/** A record or a body. */
interface File {
  readonly path: string;
  readonly keyHash: string;
  readonly isBody: boolean;
  readonly bytes: number;
  readonly changedAt: number;
}

/** One pass over the files of a store. Reads few of their contents. */
export class Scan {
  readonly #layout: Layout;
  readonly #guard: DiskGuard;
  readonly #now: number;
  /** By inode: a scan may find a file twice, as a temporary file and in its place. */
  readonly #sizes = new Map<number, number>();

  /** @param now milliseconds since the epoch */
  constructor(layout: Layout, guard: DiskGuard, now: number) {
    this.#layout = layout;
    this.#guard = guard;
    this.#now = now;
  }

  /** How much of the disk the files take that were found so far. */
  get bytes(): number {
    return [...this.#sizes.values()].reduce((sum, size) => sum + size, 0);
  }

  /**
   * Moves generations that are not in use to `trash/`: those of processes that were killed while they created or
   * replaced one.
   */
  async discardAbandonedGenerations(): Promise<void> {
    for (const path of await this.#unusedGenerations()) {
      const file = await this.#stat(path);
      const isAbandoned = file && file.mtimeMs < this.#now - ABANDONED_AFTER_MS;
      if (isAbandoned) await this.#run(() => this.#layout.discard(path));
    }
  }

  /** Removes what is in `trash/`. @returns how much of the disk it took */
  async emptyTrash(): Promise<number> {
    const { trash } = this.#layout;
    let bytes = 0;
    for (const name of await this.#list(trash)) bytes += await this.#removeTree(join(trash, name));
    return bytes;
  }

  /** Finds the entries of all namespaces, and all other files that take space. */
  async findAll(): Promise<ScannedNamespace[]> {
    await this.#scanTemporaryFiles();
    await this.#removeStaleLeases();
    const namespaces: ScannedNamespace[] = [];
    for (const name of await this.#namespaces()) namespaces.push(await this.#scanNamespace(name));
    for (const path of await this.#unusedGenerations()) await this.#scanTree(path);
    // Last, because this is where the others are moved to.
    await this.#scanTree(this.#layout.trash);
    return namespaces;
  }

  async #scanNamespace(namespace: string): Promise<ScannedNamespace> {
    const generation = await this.#run(() => this.#layout.generation(namespace));
    const found = { namespace, entries: [] as ScannedEntry[], remnants: [] as Remnant[], bytes: 0 };
    for (const folder of generation === undefined ? [] : recordFolders(generation)) {
      const files = await Promise.all((await this.#list(folder)).map((name) => this.#scanFile(folder, name)));
      const byKey = Object.groupBy(
        files.filter((one) => one !== undefined),
        ({ keyHash }) => keyHash,
      );
      for (const group of Object.values(byKey)) await this.#addEntry(group!, found);
    }
    return found;
  }

  /** Adds the files of one key to what was found. */
  async #addEntry(
    files: readonly File[],
    found: { entries: ScannedEntry[]; remnants: Remnant[]; bytes: number },
  ): Promise<void> {
    const record = files.find(({ isBody }) => !isBody);
    const bodies = files.filter(({ isBody }) => isBody);
    const body = record && bodies.length > 1 ? await this.#findBody(record, bodies) : record && bodies[0];
    found.bytes += files.reduce((sum, { bytes }) => sum + bytes, 0);
    if (record) {
      const bytes = record.bytes + (body?.bytes ?? 0);
      found.entries.push({ path: record.path, body: body?.path, bytes, usedAt: record.changedAt });
    }
    const isOld = ({ changedAt }: File) => changedAt < this.#now - UNREFERENCED_AFTER_MS;
    found.remnants.push(...bodies.filter((one) => one !== body && isOld(one)));
  }

  /** Finds the body that a record refers to. */
  async #findBody(record: File, bodies: readonly File[]): Promise<File | undefined> {
    const bytes = await this.#run(() => readSmallFile(record.path));
    const decoded = bytes && decodeRecord(bytes);
    return decoded && bodies.find(({ path }) => path === bodyPath(record.path, decoded.sha256));
  }

  /** Removes temporary files that are no longer written. */
  async #scanTemporaryFiles(): Promise<void> {
    for (const path of await this.#paths(this.#layout.tmp)) {
      const stats = await this.#stat(path);
      const isAbandoned = stats && stats.mtimeMs < this.#now - ABANDONED_AFTER_MS;
      if (isAbandoned) await this.#run(() => rm(path, { force: true }));
      else if (stats) this.#sizes.set(stats.ino, diskBytes(stats.size));
    }
  }

  async #removeStaleLeases(): Promise<void> {
    for (const path of await this.#paths(this.#layout.leases)) {
      const stats = await this.#stat(path);
      if (stats && stats.mtimeMs < this.#now - ABANDONED_AFTER_MS) await this.#run(() => removeFile(path));
    }
  }

  /** Lists what namespaces contain besides the generations in use. */
  async #unusedGenerations(): Promise<string[]> {
    const unused: string[] = [];
    for (const namespace of await this.#namespaces()) {
      const paths = await this.#paths(this.#layout.namespace(namespace));
      const link = this.#layout.current(namespace);
      const current = await this.#run(() => readlink(link));
      unused.push(...paths.filter((path) => path !== link && !path.endsWith(`/${current}`)));
    }
    return unused;
  }

  async #scanTree(path: string): Promise<void> {
    const stats = await this.#stat(path);
    if (stats?.isFile()) this.#sizes.set(stats.ino, diskBytes(stats.size));
    if (!stats?.isDirectory()) return;
    for (const one of await this.#paths(path)) await this.#scanTree(one);
  }

  /** Removes a folder or file. @returns how much of the disk its files took, without those that others removed */
  async #removeTree(path: string): Promise<number> {
    const stats = await this.#stat(path);
    if (!stats) return 0;
    if (!stats.isDirectory()) {
      const bytes = stats.isFile() ? diskBytes(stats.size) : 0;
      return (await this.#run(() => removeFile(path))) ? bytes : 0;
    }
    let bytes = 0;
    for (const one of await this.#paths(path)) bytes += await this.#removeTree(one);
    await this.#run(() => rm(path, { recursive: true, force: true }));
    return bytes;
  }

  async #scanFile(folder: string, name: string): Promise<File | undefined> {
    const path = join(folder, name);
    const stats = await this.#stat(path);
    if (!stats) return undefined;
    const bytes = diskBytes(stats.size);
    this.#sizes.set(stats.ino, bytes);
    // Only the name of a body has a dot, but the path of the store may have some.
    const [keyHash = name, sha256] = name.split('.');
    return { path, keyHash, isBody: sha256 !== undefined, bytes, changedAt: stats.mtimeMs };
  }

  async #namespaces(): Promise<string[]> {
    return (await this.#run(() => this.#layout.listNamespaces())) ?? [];
  }

  #stat(path: string) {
    return this.#run(() => lstat(path));
  }

  async #paths(folder: string): Promise<string[]> {
    return (await this.#list(folder)).map((name) => join(folder, name));
  }

  async #list(folder: string): Promise<string[]> {
    return ((await this.#run(() => readdir(folder))) ?? []).sort();
  }

  /** Runs an operation on a file that another process may have removed. */
  #run<T>(operation: () => Promise<T>): Promise<T | undefined> {
    return this.#guard.run('scan its folder', () => ifExists(operation()));
  }
}
