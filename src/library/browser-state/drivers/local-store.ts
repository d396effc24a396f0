import { randomUUID } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { StorageError } from '../errors.ts';
import type { CallOptions, ListOptions, ObjectInfo, ObjectStore } from '../object-store.ts';

/** Folder of unfinished files. `~` is not allowed in IDs, so no key is in it. */
const UNFINISHED = '~unfinished';

/** Options of a {@link LocalStore}. */
export interface LocalStoreOptions {
  /** Folder of the objects. It is created if its parent folder exists. */
  folder: string;
}

/**
 * Objects as files of a local folder. Each is written to a temporary file, flushed, and then renamed, or linked if
 * it must not exist: link(2) fails if the name exists, which rename does not.
 */
export class LocalStore implements ObjectStore {
  readonly kind = 'local';
  readonly #folder: string;
  #ready: Promise<void> | undefined;

  constructor({ folder }: LocalStoreOptions) {
    this.#folder = folder;
  }

  async get(key: string, { signal }: CallOptions = {}): Promise<Uint8Array | undefined> {
    await this.#prepare();
    try {
      return await readFile(this.#path(key), { signal });
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
      await this.#checkFolder();
      return undefined;
    }
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    await this.#write(key, bytes, rename);
  }

  async create(key: string, bytes: Uint8Array): Promise<boolean> {
    try {
      await this.#write(key, bytes, link);
      return true;
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false;
      throw error;
    }
  }

  async list(prefix: string, { after = '' }: ListOptions = {}): Promise<ObjectInfo[]> {
    await this.#prepare();
    const found: ObjectInfo[] = [];
    await this.#collect(prefix.slice(0, prefix.lastIndexOf('/') + 1), prefix, after, found);
    if (found.length === 0) await this.#checkFolder();
    return found.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  async delete(key: string): Promise<void> {
    await this.#prepare();
    await rm(this.#path(key), { force: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  async #collect(folder: string, prefix: string, after: string, found: ObjectInfo[]): Promise<void> {
    for (const entry of await this.#entries(folder)) {
      const key = folder + entry.name;
      if (entry.isDirectory()) {
        const inside = `${key}/`;
        const matches = inside.startsWith(prefix) || prefix.startsWith(inside);
        if (matches && entry.name !== UNFINISHED) await this.#collect(inside, prefix, after, found);
      } else if (key.startsWith(prefix) && key > after) {
        const info = await stat(this.#path(key)).catch(undefinedIfMissing);
        if (info) found.push({ key, size: info.size, modifiedMs: info.mtimeMs });
      }
    }
  }

  async #entries(folder: string): Promise<Dirent[]> {
    return (await readdir(this.#path(folder), { withFileTypes: true }).catch(undefinedIfMissing)) ?? [];
  }

  async #write(key: string, bytes: Uint8Array, publish: (from: string, to: string) => Promise<void>) {
    await this.#prepare();
    const path = this.#path(key);
    const unfinished = join(this.#folder, UNFINISHED, randomUUID());
    try {
      const file = await open(unfinished, 'wx', 0o600);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await publish(unfinished, path);
      await syncFolder(dirname(path));
    } catch (error) {
      if (codeOf(error) === 'ENOENT') await this.#checkFolder();
      throw error;
    } finally {
      await rm(unfinished, { force: true });
    }
  }

  /** Creates the folder at the first call only: later its absence is an error, such as a disk that was unmounted. */
  #prepare(): Promise<void> {
    this.#ready ??= mkdirUnlessExists(this.#folder)
      .then(() => mkdirUnlessExists(join(this.#folder, UNFINISHED)))
      .catch((error) => {
        this.#ready = undefined;
        throw error;
      });
    return this.#ready;
  }

  async #checkFolder(): Promise<void> {
    if (await stat(join(this.#folder, UNFINISHED)).catch(undefinedIfMissing)) return;
    throw new StorageError(`the folder ${this.#folder} has disappeared: is its disk still mounted?`, {
      transient: false,
    });
  }

  #path(key: string): string {
    return join(this.#folder, key);
  }
}

async function mkdirUnlessExists(folder: string): Promise<void> {
  await mkdir(folder, { mode: 0o700 }).catch((error) => {
    if (codeOf(error) !== 'EEXIST') throw error;
  });
}

/** Makes a new name survive a power failure. Some file systems do not support it. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'EPERM'].includes(codeOf(error) ?? '')) throw error;
  } finally {
    await handle.close();
  }
}

function undefinedIfMissing(error: unknown): undefined {
  if (codeOf(error) !== 'ENOENT') throw error;
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code;
}
