import { type FileHandle, lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskGuard } from './disk-guard.ts';
import type { ListedEntry, ListPage } from './entry.ts';
import { ifExists } from './errors.ts';
import { diskBytes, readOpenFile, removeFile } from './files.ts';
import { bodyPath, keyHash, recordFolders } from './layout.ts';
import { type DiskRecord, decodeRecord } from './record.ts';
import type { ScannedNamespace } from './scan.ts';
import type { NamespaceUsage } from './stats.ts';
import type { Usage } from './usage.ts';

/** A hit renews the time of the last use, if that is older than this. */
const USE_RESOLUTION_MS = 60_000;
/** Records that are read at the same time: each needs a file descriptor. */
const CONCURRENT_READS = 16;

/** What {@link Records} works with. */
export interface RecordsOptions {
  usage: Usage;
  /** Milliseconds since the epoch. */
  wallClock: () => number;
  /** Called for each record that has changed on the disk. */
  onCorrupt: () => void;
}

/** Reads and removes the records of a store. */
export class Records {
  readonly #options: RecordsOptions;

  constructor(options: RecordsOptions) {
    this.#options = options;
  }

  /**
   * Reads a record. Removes it if it has changed on the disk.
   * @param options.key the expected key; undefined for any
   * @param options.isUse whether the time of the last use is renewed
   */
  async read(
    path: string,
    { key, isUse = false }: { key?: string; isUse?: boolean },
  ): Promise<DiskRecord | undefined> {
    const handle = await ifExists(open(path));
    if (!handle) return undefined;
    try {
      const { bytes, changedAt } = await readOpenFile(handle);
      const record = decodeRecord(bytes);
      if (record && isUse) await renewUse(handle, changedAt, this.#options.wallClock());
      if (record && (key === undefined || record.key === key)) return record;
    } finally {
      await handle.close();
    }
    this.#options.onCorrupt();
    await this.remove([path]);
    return undefined;
  }

  /** Removes an entry whose body is lost, unless it has been replaced meanwhile, which removes the former body. */
  async removeLost(path: string, record: DiskRecord): Promise<void> {
    const current = await this.read(path, record);
    if (isSameWrite(current, record)) await this.remove([path, bodyPath(path, record.sha256)]);
  }

  /** Removes files, as far as they exist. @returns their number */
  async remove(paths: readonly string[]): Promise<number> {
    let removed = 0;
    for (const path of paths) {
      const stats = await ifExists(lstat(path));
      if (!stats || !(await removeFile(path))) continue;
      removed += 1;
      await this.#options.usage.add(-diskBytes(stats.size));
    }
    return removed;
  }

  /** Lists a generation in the order of the hashes of the keys, from the one after `cursor`. */
  async list(generation: string, limit: number, cursor: string, guard: DiskGuard): Promise<ListPage> {
    const entries: ListedEntry[] = [];
    for (const folder of recordFolders(generation).filter((path) => path.slice(-1) >= cursor.slice(0, 1))) {
      const names = await guard.run('list entries', async () => (await ifExists(readdir(folder))) ?? []);
      for (const name of names.filter((one) => one > cursor && !one.includes('.')).sort()) {
        if (entries.length === limit) return { entries, cursor: keyHash(entries.at(-1)!.key) };
        const record = await guard.run('read a record', () => this.read(join(folder, name), {}));
        if (!record) continue;
        const { key, metadata, size, sha256, createdAt } = record;
        entries.push({ key, metadata, size, sha256, createdAt });
      }
    }
    return { entries, cursor: undefined };
  }

  /** Reads the records of a namespace and adds up what they say. */
  async summarize({ namespace, entries, bytes }: ScannedNamespace): Promise<NamespaceUsage> {
    const records: DiskRecord[] = [];
    for (let start = 0; start < entries.length; start += CONCURRENT_READS) {
      const part = entries.slice(start, start + CONCURRENT_READS);
      const read = await Promise.all(part.map(({ path }) => this.read(path, {})));
      records.push(...read.filter((record) => record !== undefined));
    }
    const times = records.map(({ createdAt }) => createdAt).sort((a, b) => a - b);
    return {
      namespace,
      entries: records.length,
      bodyBytes: records.reduce((sum, { size }) => sum + size, 0),
      bytes,
      oldestAt: times[0],
      newestAt: times.at(-1),
    };
  }
}

/** Whether two records are of one write. */
export function isSameWrite(a: DiskRecord | undefined, b: DiskRecord): boolean {
  return a?.sha256 === b.sha256 && a.createdAt === b.createdAt;
}

/** Renews the time of the last use. */
async function renewUse(handle: FileHandle, usedAt: number, now: number): Promise<void> {
  if (Math.abs(now - usedAt) <= USE_RESOLUTION_MS) return;
  // A disk that is read-only keeps no times, but can be read.
  await handle.utimes(now / 1000, now / 1000).catch(() => {});
}
