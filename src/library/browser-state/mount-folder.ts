import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { SessionKeys } from './keys.ts';
import { hasEnded, ownIdentity, type ProcessIdentity } from './leases/process-identity.ts';

const OWNER = 'owner.json';
/** The part of a mount's folder that is kept: the profile, and the ID of the version that it contains. */
const CONTENT = 'content';
const PROFILE = 'profile';
const VERSION_ID = 'version-id';

/** A folder of one mount. */
export class MountFolder {
  /** Folder with the profile. */
  readonly dir: string;
  readonly root: string;

  constructor(root: string) {
    this.root = root;
    this.dir = join(root, CONTENT, PROFILE);
  }

  /** Removes the folder. */
  async remove(): Promise<void> {
    await rm(this.root, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** The folders of mounts on this host, and the last mounted folder of each session. */
export class MountFolders {
  readonly #root: string;

  /** @param root folder on a local disk */
  constructor(root: string) {
    this.#root = root;
  }

  /** Creates a folder for a mount. No two mounts share one. */
  async create(): Promise<MountFolder> {
    return await this.#createRoot((folder) => mkdir(folder.dir, { recursive: true, mode: 0o700 }));
  }

  /**
   * Takes the last mounted folder of a session for a mount. The caller verifies its files.
   * @param versionId ID of the version that it must contain. It is random, so the folder is also of the same store.
   * @returns undefined if there is none
   */
  async takeLast(keys: SessionKeys, versionId: string): Promise<MountFolder | undefined> {
    const folder = await this.#createRoot();
    try {
      // One system call, so that only one of several mounts gets it.
      await rename(this.#lastOf(keys), join(folder.root, CONTENT));
      const contained = await readFile(join(folder.root, CONTENT, VERSION_ID), 'utf8');
      if (contained === versionId) return folder;
    } catch {
      // It does not exist or cannot be used. Storage has the profile.
    }
    await folder.remove();
    return undefined;
  }

  /** Keeps the folder of a mount that has ended as the last one of its session. */
  async keepLast(keys: SessionKeys, folder: MountFolder, versionId: string): Promise<void> {
    const last = this.#lastOf(keys);
    try {
      await writeFile(join(folder.root, CONTENT, VERSION_ID), versionId, { mode: 0o600 });
      await mkdir(dirname(last), { recursive: true, mode: 0o700 });
      await this.dropLast(keys);
      await rename(join(folder.root, CONTENT), last);
    } finally {
      await folder.remove();
    }
  }

  /** Removes the last mounted folder of a session. */
  async dropLast(keys: SessionKeys): Promise<void> {
    await rm(this.#lastOf(keys), { recursive: true, force: true, maxRetries: 3 });
  }

  /** Removes the folders of mounts whose process has ended without removing them. */
  async removeAbandoned(): Promise<void> {
    const names = await readdir(this.#mounts).catch(() => []);
    for (const name of names) {
      const root = join(this.#mounts, name);
      const owner = await readOwner(root);
      if (owner && hasEnded(owner)) await new MountFolder(root).remove();
    }
  }

  /** A folder without its owner would never be removed, so none stays if a part cannot be written. */
  async #createRoot(complete?: (folder: MountFolder) => Promise<unknown>): Promise<MountFolder> {
    const folder = new MountFolder(join(this.#mounts, randomUUID()));
    try {
      await mkdir(folder.root, { recursive: true, mode: 0o700 });
      await writeFile(join(folder.root, OWNER), JSON.stringify(ownIdentity()), { mode: 0o600 });
      await complete?.(folder);
      return folder;
    } catch (error) {
      await folder.remove();
      throw error;
    }
  }

  get #mounts(): string {
    return join(this.#root, 'mounts');
  }

  #lastOf({ user, session }: SessionKeys): string {
    return join(this.#root, 'last', user, session);
  }
}

async function readOwner(root: string): Promise<ProcessIdentity | undefined> {
  try {
    return JSON.parse(await readFile(join(root, OWNER), 'utf8'));
  } catch {
    return undefined;
  }
}
