import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { ListedVersion, LocalStore, Mount, ProfileStore } from '../../library/browser-state/index.ts';
import { type ErrorCode, RoundhouseError } from '../errors.ts';
import { needsUnprivilegedUser } from './chromium/unprivileged.ts';

/** Names of profiles, and of workspaces that own profiles under their own name. */
export const PROFILE_PATTERN = '^(?!\\.{1,2}$)[A-Za-z0-9._@-]{1,128}$';
/** Folder of the storage in the data folder. */
const FOLDER = 'profiles';
const PREFIX = 'browser-state/';

/** A profile: its owner and its name. */
export interface ProfileKey {
  /** The workspace, or a hash of it. */
  readonly user: string;
  readonly session: string;
}

/** What was done to a profile. */
export type ProfileChange = 'rolled_back' | 'forked' | 'deleted';

/** The owner of a workspace's profiles. Names that a folder cannot have are replaced by a hash. */
export function profileOwner(workspace: string): string {
  if (new RegExp(PROFILE_PATTERN).test(workspace) && !workspace.startsWith('@')) return workspace;
  return `@${createHash('sha256').update(workspace).digest('hex')}`;
}

interface OpenProfiles {
  readonly library: typeof import('../../library/browser-state/index.ts');
  readonly driver: LocalStore;
  readonly store: ProfileStore;
}

/** Browser profiles in the folder `profiles` of the data folder. Loaded when they are first used. */
export class Profiles {
  readonly #dataDir: string;
  readonly #workFolder: string;
  readonly #onError: (error: unknown) => void;
  readonly #onChange: (key: ProfileKey, change: ProfileChange) => void;
  #opening: Promise<OpenProfiles> | undefined;

  /**
   * @param onError called for errors that fail no call
   * @param onChange called after each change other than those that sessions save
   */
  constructor(
    dataDir: string,
    onError: (error: unknown) => void,
    onChange: (key: ProfileKey, change: ProfileChange) => void,
  ) {
    this.#onChange = onChange;
    this.#dataDir = dataDir;
    this.#workFolder = needsUnprivilegedUser()
      ? // An unprivileged Chromium cannot enter the data folder.
        join(
          tmpdir(),
          `roundhouse-profiles-${createHash('sha256').update(resolve(dataDir)).digest('hex').slice(0, 16)}`,
        )
      : join(dataDir, 'profile-mounts');
    this.#onError = onError;
  }

  /** Removes the folders of profiles that a service which was killed had mounted. What was committed is elsewhere. */
  async removeLeftovers(): Promise<void> {
    try {
      const { uid } = await lstat(this.#workFolder);
      if (uid === process.getuid?.()) await rm(this.#workFolder, { recursive: true, maxRetries: 3 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') this.#onError(error);
    }
  }

  /** Mounts the profile of a workspace. @throws RoundhouseError `profile_in_use`, `profile_unavailable` */
  async mount(workspace: string, profile: string): Promise<Mount> {
    return await this.#write(async ({ store }) => {
      const mount = await store.mount(profileOwner(workspace), profile);
      if (needsUnprivilegedUser()) await this.#openPath(mount.dir);
      return mount;
    });
  }

  /** The module that starts a browser on a mount. */
  async library(): Promise<OpenProfiles['library']> {
    return (await this.#open()).library;
  }

  /** Lists all profiles. */
  async list(): Promise<ProfileKey[]> {
    return await this.#read([], async ({ driver, store }) => {
      const keys = (await driver.list(PREFIX)).map(({ key }) => key.split('/')[1]!);
      const users = [...new Set(keys)].filter(isOwner);
      const profiles = await Promise.all(
        users.map(async (user) => (await store.sessions(user)).map((session) => ({ user, session }))),
      );
      return profiles.flat();
    });
  }

  /** Lists the versions of a profile, newest first. @throws RoundhouseError `profile_not_found` */
  async versions({ user, session }: ProfileKey): Promise<ListedVersion[]> {
    const versions = await this.#read([], ({ store }) => store.versions(user, session));
    if (versions.length === 0) throw notFound({ user, session });
    return versions;
  }

  /** Makes an earlier version the newest. @returns its new number @throws RoundhouseError `profile_not_found` */
  async rollback(key: ProfileKey, version: number): Promise<number> {
    await this.#requireVersion(key, version);
    const newest = await this.#write(({ store }) => store.rollback(key.user, key.session, version));
    this.#onChange(key, 'rolled_back');
    return newest;
  }

  /** Copies a version to a new profile of the same owner. @throws RoundhouseError `profile_not_found`, `profile_exists` */
  async fork(key: ProfileKey, name: string, version?: number): Promise<void> {
    await this.#requireVersion(key, version);
    await this.#write(async ({ store }) => {
      if (await store.has(key.user, name))
        throw new RoundhouseError('profile_exists', `There is a profile ${name} already`);
      await store.fork(key.user, key.session, name, version === undefined ? {} : { version });
    });
    this.#onChange({ user: key.user, session: name }, 'forked');
  }

  /** Deletes a profile with all its versions. @throws RoundhouseError `profile_not_found` */
  async delete({ user, session }: ProfileKey): Promise<void> {
    await this.#write(async ({ store }) => {
      if (!(await store.delete(user, session))) throw notFound({ user, session });
    });
    this.#onChange({ user, session }, 'deleted');
  }

  /** Closes the storage. Mounts must have ended. */
  async close(): Promise<void> {
    const opened = await this.#opening?.catch(() => undefined);
    await opened?.store.close();
    if (needsUnprivilegedUser()) await rm(this.#workFolder, { recursive: true, force: true, maxRetries: 3 });
  }

  async #requireVersion(key: ProfileKey, version: number | undefined): Promise<void> {
    const versions = await this.versions(key);
    if (version !== undefined && !versions.some((each) => each.version === version))
      throw new RoundhouseError('profile_not_found', `The profile ${key.session} has no version ${version}`);
  }

  async #open(): Promise<OpenProfiles> {
    this.#opening ??= this.#load();
    try {
      return await this.#opening;
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }

  async #load(): Promise<OpenProfiles> {
    const library = await import('../../library/browser-state/index.ts');
    await mkdir(this.#dataDir, { recursive: true, mode: 0o700 });
    const driver = new library.LocalStore({ folder: join(this.#dataDir, FOLDER) });
    await this.#checkWorkFolder();
    const store = await library.ProfileStore.open({
      driver,
      prefix: PREFIX,
      workFolder: this.#workFolder,
      onError: this.#onError,
    });
    return { library, driver, store };
  }

  /** Lets an unprivileged Chromium reach the folder of a profile, whose parents it cannot list. */
  async #openPath(dir: string): Promise<void> {
    for (let folder = dirname(dir); folder.startsWith(this.#workFolder); folder = dirname(folder))
      await chmod(folder, 0o711);
  }

  /** Its name can be guessed, and others can write to the folder for temporary files. */
  async #checkWorkFolder(): Promise<void> {
    const found = await lstat(this.#workFolder).catch(undefinedIfMissing);
    if (found && found.uid !== process.getuid?.())
      throw new Error(`${this.#workFolder} belongs to another user`);
  }

  /**
   * Reads from the storage. The first use of a storage writes to it, which a full disk refuses, so a storage without
   * profiles is not opened.
   * @param empty the result without profiles
   */
  async #read<T>(empty: T, use: (opened: OpenProfiles) => Promise<T>): Promise<T> {
    try {
      if (!this.#opening && !(await this.#hasProfiles())) return empty;
      return await use(await this.#open());
    } catch (error) {
      throw toRoundhouseError(error);
    }
  }

  async #write<T>(use: (opened: OpenProfiles) => Promise<T>): Promise<T> {
    try {
      const opened = await this.#open();
      await mkdir(this.#workFolder, { recursive: true, mode: 0o700 });
      await this.#checkWorkFolder();
      return await use(opened);
    } catch (error) {
      throw toRoundhouseError(error);
    }
  }

  async #hasProfiles(): Promise<boolean> {
    const owners = await readdir(join(this.#dataDir, FOLDER, PREFIX)).catch(undefinedIfMissing);
    return owners?.some(isOwner) ?? false;
  }
}

/** Names that begin with "~" are those of the storage itself. */
function isOwner(name: string): boolean {
  return !name.startsWith('~');
}

function undefinedIfMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

const CODES: Readonly<Record<string, ErrorCode>> = {
  SESSION_LOCKED: 'profile_in_use',
  VERSION_CONFLICT: 'profile_in_use',
  SESSION_NOT_FOUND: 'profile_not_found',
};

function toRoundhouseError(error: unknown): unknown {
  if (error instanceof RoundhouseError) return error;
  const { name, code, message } = error as { name?: string; code?: string; message: string };
  const mapped = CODES[code ?? ''];
  if (mapped === 'profile_in_use')
    return new RoundhouseError(mapped, 'Another session uses the profile: end it, or fork the profile', {
      cause: error,
    });
  if (mapped) return new RoundhouseError(mapped, message, { cause: error });
  if (error instanceof Error && 'syscall' in error)
    return new RoundhouseError('profile_unavailable', `The profiles in DATA_DIR cannot be used (${code})`, {
      cause: error,
    });
  if (name === 'BrowserStateError' || name === 'StorageError' || name === 'CorruptObjectError')
    return new RoundhouseError('profile_unavailable', `The profile cannot be used: ${message}`, {
      cause: error,
    });
  return error;
}

function notFound({ user, session }: ProfileKey): RoundhouseError {
  return new RoundhouseError('profile_not_found', `There is no profile ${session} of ${user}`);
}
