import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AppCode } from './app-code.ts';
import { type AppKey, hashOf } from './app-key.ts';
import type { InstalledApp } from './app-store.ts';
import { isValidApp } from './manifest.ts';

/** An app with its code. */
export interface StoredApp extends InstalledApp, AppCode {}

/** Apps in files, one each in the folder `apps` of the data folder. */
export class AppFiles {
  readonly #folder: string;

  constructor(dataDir: string) {
    this.#folder = join(dataDir, 'apps');
  }

  /**
   * Reads all apps.
   * @param onError called for each file that cannot be read or contains no app. The file is left as it is.
   */
  async readAll(onError: (error: unknown) => void): Promise<StoredApp[]> {
    const apps: StoredApp[] = [];
    for (const name of await readdir(this.#folder).catch(() => [])) {
      if (name.endsWith('.tmp')) await rm(join(this.#folder, name), { force: true }).catch(onError);
      if (!name.endsWith('.json')) continue;
      try {
        const app = await this.#read(join(this.#folder, name));
        if (`${hashOf(app)}.json` !== name) throw new Error(`${name} contains another app`);
        apps.push(app);
      } catch (error) {
        onError(error);
      }
    }
    return apps;
  }

  /** Reads an app. Rejects if it cannot be read. */
  async read(key: AppKey): Promise<StoredApp> {
    return await this.#read(this.#pathOf(key));
  }

  /** Writes an app, in place of one with the same ids. */
  async write(app: StoredApp, onError: (error: unknown) => void): Promise<void> {
    const path = this.#pathOf(app);
    const temporary = `${path}.${randomUUID()}.tmp`;
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      // Readable for the service only: manifests contain tokens and cookies.
      await writeFile(temporary, JSON.stringify(app), { mode: 0o600, flush: true });
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true }).catch(onError);
      throw error;
    }
  }

  /** Removes an app, if it is there. */
  async delete(key: AppKey): Promise<void> {
    await rm(this.#pathOf(key), { force: true });
  }

  #pathOf(key: AppKey): string {
    return join(this.#folder, `${hashOf(key)}.json`);
  }

  async #read(path: string): Promise<StoredApp> {
    const saved = JSON.parse(await readFile(path, 'utf8')) as Partial<StoredApp> | null;
    const { source, files } = saved ?? {};
    const isCode = (source === undefined || typeof source === 'string') && Array.isArray(files);
    if (!isValidApp(saved) || !isCode) throw new Error(`${path} contains no app`);
    const { workspace, appId, manifest, installedAt } = saved;
    return { workspace, appId, manifest, installedAt, source, files };
  }
}
