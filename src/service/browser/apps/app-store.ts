import { RoundhouseError } from '../../errors.ts';
import type { AppCode } from './app-code.ts';
import { AppFiles, type StoredApp } from './app-files.ts';
import { type AppKey, hashOf } from './app-key.ts';
import type { Manifest } from './manifest-schema.ts';

/** An installed app, without its code. */
export interface InstalledApp extends AppKey {
  readonly manifest: Manifest;
  /** Milliseconds since the epoch. */
  readonly installedAt: number;
}

/** What has changed in a shared store. */
export interface AdoptedApps {
  /** New apps, and those that replace another with the same ids. */
  readonly changed: readonly { readonly app: InstalledApp; readonly former: InstalledApp | undefined }[];
  readonly gone: readonly InstalledApp[];
}

/** A store of apps that several orchestrators share. Each method rejects if the store cannot be reached. */
export interface SharedAppStore {
  /** Stores an app. @returns false if there is one with the same ids that must not be replaced */
  put(app: StoredApp, overwrite: boolean): Promise<boolean>;
  /** Removes an app. @returns whether there was one */
  delete(key: AppKey): Promise<boolean>;
  /** Reads an app; undefined if there is none, or if what is stored is not an app. */
  read(key: AppKey): Promise<StoredApp | undefined>;
}

/**
 * The installed apps. Manifests are kept in memory; code is read when an app starts. Alone, they are in DATA_DIR. With a
 * shared store, that one decides which apps exist, and the files in DATA_DIR are copies: the apps can be listed and
 * started while the shared store is out of reach, and are restored from the copies if it has lost its data.
 */
export class AppStore {
  readonly #files: AppFiles;
  readonly #onError: (error: unknown) => void;
  readonly #apps = new Map<string, InstalledApp>();
  #shared: SharedAppStore | undefined;
  #changes = 0;

  /** @param onError called for each file that cannot be read or removed */
  constructor(dataDir: string, onError: (error: unknown) => void) {
    this.#files = new AppFiles(dataDir);
    this.#onError = onError;
  }

  /** Uses a shared store from now on. */
  share(shared: SharedAppStore): void {
    this.#shared = shared;
  }

  /** Reads the apps of the previous run. A file that cannot be read is reported and left as it is. */
  async load(): Promise<void> {
    for (const app of await this.#files.readAll(this.#onError)) this.#apps.set(hashOf(app), withoutCode(app));
  }

  /** All apps, ordered by workspace and id. */
  list(): InstalledApp[] {
    return [...this.#apps.values()].sort(
      (a, b) => compare(a.workspace, b.workspace) || compare(a.appId, b.appId),
    );
  }

  /** Number of apps. */
  get size(): number {
    return this.#apps.size;
  }

  /** Number of changes that were made here. */
  get changes(): number {
    return this.#changes;
  }

  /** Whether an app is installed. */
  has(key: AppKey): boolean {
    return this.#apps.has(hashOf(key));
  }

  /** @throws RoundhouseError `app_not_found` */
  require(key: AppKey): InstalledApp {
    const app = this.#apps.get(hashOf(key));
    if (app) return app;
    throw new RoundhouseError(
      'app_not_found',
      `There is no app ${JSON.stringify(key.appId)} in the workspace ${JSON.stringify(key.workspace)}`,
    );
  }

  /** Reads the code of an app. @throws RoundhouseError `app_not_found`, `app_not_stored` */
  async readCode(key: AppKey): Promise<AppCode> {
    const app = this.require(key);
    try {
      const copy = await this.#readCopy(app);
      const { source, files } = copy ?? (await this.#fetch(app));
      return { source, files };
    } catch (cause) {
      throw new RoundhouseError('app_not_stored', 'The code of the app cannot be read', { cause });
    }
  }

  /** Reads the copies in DATA_DIR of apps that are installed, with their code. */
  async readCopies(): Promise<StoredApp[]> {
    const copies = await this.#files.readAll(this.#onError);
    return copies.filter((copy) => isSame(copy, this.#apps.get(hashOf(copy))));
  }

  /**
   * Stores an app.
   * @throws RoundhouseError `app_exists` without `overwrite` if there is one with the same ids, or `app_not_stored`
   */
  async put(app: InstalledApp, { source, files }: AppCode, overwrite = false): Promise<void> {
    const stored = { ...withoutCode(app), source, files };
    if (!overwrite && this.has(app) && !this.#shared) throw exists(app);
    if (this.#shared) await this.#putShared(this.#shared, stored, overwrite);
    else await this.#write(stored);
    this.#apps.set(hashOf(app), withoutCode(app));
    this.#changes += 1;
  }

  /** Removes an app. @throws RoundhouseError `app_not_found`, `app_not_stored` */
  async delete(key: AppKey): Promise<void> {
    this.require(key);
    try {
      await this.#shared?.delete(key);
      await this.#files.delete(key);
    } catch (cause) {
      throw new RoundhouseError('app_not_stored', `The app cannot be removed from ${this.#place}`, { cause });
    }
    this.#apps.delete(hashOf(key));
    this.#changes += 1;
  }

  /**
   * Adopts the apps of the shared store.
   * @returns the apps that are new or replace others, and those that are gone
   */
  async adopt(apps: readonly InstalledApp[]): Promise<AdoptedApps> {
    const byHash = new Map(apps.map((app) => [hashOf(app), app]));
    const gone = this.list().filter((app) => !byHash.has(hashOf(app)));
    const changed = apps
      .map((app) => ({ app, former: this.#apps.get(hashOf(app)) }))
      .filter(({ app, former }) => !isSame(app, former));
    for (const app of gone) this.#apps.delete(hashOf(app));
    for (const { app } of changed) this.#apps.set(hashOf(app), withoutCode(app));
    for (const app of gone) await this.#files.delete(app).catch(this.#onError);
    return { changed, gone };
  }

  get #place(): string {
    return this.#shared ? 'Redis' : 'DATA_DIR';
  }

  async #readCopy(app: InstalledApp): Promise<StoredApp | undefined> {
    if (!this.#shared) return await this.#files.read(app);
    const copy = await this.#files.read(app).catch(() => undefined);
    return isSame(copy, app) ? copy : undefined;
  }

  async #fetch(app: InstalledApp): Promise<StoredApp> {
    const stored = await this.#shared!.read(app);
    if (!stored) throw new Error('Redis does not contain the app');
    await this.#files.write(stored, this.#onError).catch(this.#onError);
    return stored;
  }

  async #putShared(shared: SharedAppStore, app: StoredApp, overwrite: boolean): Promise<void> {
    let isStored: boolean;
    try {
      isStored = await shared.put(app, overwrite);
    } catch (cause) {
      throw new RoundhouseError('app_not_stored', 'The app cannot be written to Redis', { cause });
    }
    if (!isStored) throw exists(app);
    await this.#files.write(app, this.#onError).catch(this.#onError);
  }

  async #write(app: StoredApp): Promise<void> {
    try {
      await this.#files.write(app, this.#onError);
    } catch (cause) {
      throw new RoundhouseError('app_not_stored', 'The app cannot be written to DATA_DIR', { cause });
    }
  }
}

function exists({ appId }: AppKey): RoundhouseError {
  return new RoundhouseError(
    'app_exists',
    `The app ${JSON.stringify(appId)} is installed already: send "overwrite": true to replace it, or another "app_id"`,
  );
}

function withoutCode({ workspace, appId, manifest, installedAt }: InstalledApp): InstalledApp {
  return { workspace, appId, manifest, installedAt };
}

/** Whether two apps with the same ids were installed by the same request. */
function isSame(a: InstalledApp | undefined, b: InstalledApp | undefined): boolean {
  return a !== undefined && b !== undefined && a.installedAt === b.installedAt;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
