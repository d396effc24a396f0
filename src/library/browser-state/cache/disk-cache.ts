import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SerialTask } from '../../util/serial-task.ts';
import { countRead, countWrite, createCounters } from '../counters.ts';
import type { SessionKeys } from '../keys.ts';
import type { SessionCache } from './session-cache.ts';

/** Options of a {@link DiskCache}. */
export interface DiskCacheOptions {
  /** Folder on a local disk, for this cache only. Processes of the host can share it. */
  folder: string;
  /** Size at which the objects that were used least recently are removed, in bytes. Default 1 GiB. */
  maxBytes?: number;
  /** Called for errors of the disk. They cost time, but fail nothing. */
  onError?: (error: unknown) => void;
}

/** Manifests and packs on a local disk, in front of a remote storage. */
export class DiskCache implements SessionCache {
  readonly counters = createCounters();
  readonly #folder: string;
  readonly #maxBytes: number;
  readonly #onError: (error: unknown) => void;
  readonly #eviction: SerialTask;
  /** Bytes written since the size of the folder was last determined. */
  #newBytes = Number.POSITIVE_INFINITY;

  constructor({ folder, maxBytes = 2 ** 30, onError = () => {} }: DiskCacheOptions) {
    this.#folder = folder;
    this.#maxBytes = maxBytes;
    this.#onError = onError;
    this.#eviction = new SerialTask(() => this.#evict().catch(onError));
  }

  async get(keys: SessionKeys, key: string): Promise<Uint8Array | undefined> {
    const path = this.#path(keys, key);
    try {
      return await countRead(this.counters, async () => {
        const bytes = await readFile(path).catch(undefinedIfMissing);
        // The time of the last use, for the eviction. Many file systems do not record it by themselves.
        if (bytes) await utimes(path, new Date(), new Date());
        return bytes;
      });
    } catch (error) {
      this.#onError(error);
      return undefined;
    }
  }

  async set(keys: SessionKeys, key: string, bytes: Uint8Array): Promise<void> {
    const path = this.#path(keys, key);
    const unfinished = `${path}.${randomUUID()}`;
    try {
      await countWrite(this.counters, bytes.length, async () => {
        await mkdir(dirname(path), { recursive: true, mode: 0o700 });
        await writeFile(unfinished, bytes, { flag: 'wx', mode: 0o600 });
        await rename(unfinished, path);
      });
    } catch (error) {
      this.#onError(error);
      await rm(unfinished, { force: true }).catch(this.#onError);
    }
    this.#newBytes += bytes.length;
    if (this.#newBytes > this.#maxBytes / 8) this.#eviction.trigger();
  }

  async drop(keys: SessionKeys, key: string): Promise<void> {
    await rm(this.#path(keys, key), { force: true }).catch(this.#onError);
  }

  async dropSession(keys: SessionKeys): Promise<void> {
    await rm(join(this.#folder, keys.cacheNamespace), { recursive: true, force: true }).catch(this.#onError);
  }

  /** Waits for a removal of old objects in progress. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#eviction.close();
  }

  async #evict(): Promise<void> {
    this.#newBytes = 0;
    const entries = await readdir(this.#folder, { recursive: true, withFileTypes: true });
    const files: { path: string; size: number; usedMs: number }[] = [];
    for (const entry of entries.filter((each) => each.isFile())) {
      const path = join(entry.parentPath, entry.name);
      const info = await stat(path).catch(undefinedIfMissing);
      if (info) files.push({ path, size: info.size, usedMs: info.mtimeMs });
    }
    let total = files.reduce((sum, { size }) => sum + size, 0);
    for (const { path, size } of files.sort((a, b) => a.usedMs - b.usedMs)) {
      if (total <= this.#maxBytes) return;
      await rm(path, { force: true });
      total -= size;
    }
  }

  #path(keys: SessionKeys, key: string): string {
    return join(this.#folder, keys.cacheNamespace, key.slice(keys.root.length));
  }
}

function undefinedIfMissing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
}
