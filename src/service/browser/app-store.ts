import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RoundhouseError } from '../errors.ts';
import type { AppCode } from './app-code.ts';
import { type AppKey, hashOf } from './app-key.ts';
import type { Manifest } from './manifest-schema.ts';

/** An installed app, without its code. */
export interface InstalledApp extends AppKey {
  readonly manifest: Manifest;
  /** Milliseconds since the epoch. */
  readonly installedAt: number;
}

interface Saved extends InstalledApp, AppCode {}

/**
 * The installed apps, one file each in the folder `apps` of the data folder. Manifests are kept in memory; code is read
 * when an app starts.
 */
export class AppStore {
  readonly #folder: string;
  readonly #onError: (error: unknown) => void;
  readonly #apps = new Map<string, InstalledApp>();

  /** @param onError called for each file that cannot be read */
  constructor(dataDir: string, onError: (error: unknown) => void) {
    this.#folder = join(dataDir, 'apps');
    this.#onError = onError;
  }

  /** Reads the apps of the previous run. A file that cannot be read is reported and left as it is. */
  async load(): Promise<void> {
    const names = await readdir(this.#folder).catch(() => []);
    for (const name of names) {
      if (name.endsWith('.tmp')) await rm(join(this.#folder, name), { force: true }).catch(this.#onError);
      if (!name.endsWith('.json')) continue;
      try {
        const saved = await this.#read(join(this.#folder, name));
        const hash = hashOf(saved);
        if (`${hash}.json` !== name) throw new Error(`${name} contains another app`);
        this.#apps.set(hash, withoutCode(saved));
      } catch (error) {
        this.#onError(error);
      }
    }
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
    this.require(key);
    try {
      const { source, files } = await this.#read(this.#pathOf(key));
      return { source, files };
    } catch (cause) {
      throw new RoundhouseError('app_not_stored', 'The code of the app cannot be read', { cause });
    }
  }

  /** Stores an app, in place of one with the same ids. @throws RoundhouseError `app_not_stored` */
  async put(app: InstalledApp, { source, files }: AppCode): Promise<void> {
    const path = this.#pathOf(app);
    const temporary = `${path}.${randomUUID()}.tmp`;
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      // Readable for the service only: manifests contain tokens and cookies.
      await writeFile(temporary, JSON.stringify({ ...app, source, files }), { mode: 0o600, flush: true });
      await rename(temporary, path);
    } catch (cause) {
      await rm(temporary, { force: true }).catch(this.#onError);
      throw new RoundhouseError('app_not_stored', 'The app cannot be written to DATA_DIR', { cause });
    }
    this.#apps.set(hashOf(app), app);
  }

  /** Removes an app. @throws RoundhouseError `app_not_found`, `app_not_stored` */
  async delete(key: AppKey): Promise<void> {
    this.require(key);
    try {
      await rm(this.#pathOf(key), { force: true });
    } catch (cause) {
      throw new RoundhouseError('app_not_stored', 'The app cannot be removed from DATA_DIR', { cause });
    }
    this.#apps.delete(hashOf(key));
  }

  #pathOf(key: AppKey): string {
    return join(this.#folder, `${hashOf(key)}.json`);
  }

  async #read(path: string): Promise<Saved> {
    const saved = JSON.parse(await readFile(path, 'utf8')) as Partial<Saved> | null;
    const { workspace, appId, manifest, installedAt, source, files } = saved ?? {};
    const isComplete =
      typeof workspace === 'string' &&
      typeof appId === 'string' &&
      typeof manifest?.type === 'string' &&
      typeof installedAt === 'number' &&
      Array.isArray(files);
    if (!isComplete) throw new Error(`${path} contains no app`);
    return { workspace, appId, manifest, installedAt, source, files };
  }
}

function withoutCode({ workspace, appId, manifest, installedAt }: Saved): InstalledApp {
  return { workspace, appId, manifest, installedAt };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
