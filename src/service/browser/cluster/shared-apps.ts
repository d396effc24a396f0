import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RedisLink } from '../../../library/redis/index.ts';
import type { StoredApp } from '../apps/app-files.ts';
import { type AppKey, hashOf } from '../apps/app-key.ts';
import type { AdoptedApps, AppStore, InstalledApp, SharedAppStore } from '../apps/app-store.ts';
import { isValidApp } from '../apps/manifest.ts';
import { type ClusterChannel, keyOf } from './channel.ts';
import { readHash } from './read-hash.ts';

/**
 * KEYS: apps, code. ARGV: hash of the ids, app as JSON, code as JSON, '1' to replace, time of the installation, channel.
 * Returns 1 if the app was stored.
 */
const PUT = `
local stored = redis.call('HGET', KEYS[1], ARGV[1])
if stored then
  if ARGV[4] ~= '1' then return 0 end
  local readable, app = pcall(cjson.decode, stored)
  -- Copies are compared by their time.
  if readable and type(app) == 'table' and app.installedAt == tonumber(ARGV[5]) then return 0 end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
redis.call('PUBLISH', ARGV[6], 'apps ')
return 1
`;

/** KEYS: apps, code. ARGV: hash of the ids, channel. Returns the number of apps that were removed. */
const DELETE = `
redis.call('HDEL', KEYS[2], ARGV[1])
local deleted = redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('PUBLISH', ARGV[2], 'apps ')
return deleted
`;

/** KEYS: epoch. ARGV: a new epoch. Returns the epoch of the data in Redis. */
const EPOCH = `
redis.call('SET', KEYS[1], ARGV[1], 'NX')
return redis.call('GET', KEYS[1])
`;

/** What {@link SharedApps} works with. */
export interface SharedAppsOptions {
  readonly link: RedisLink;
  readonly channel: ClusterChannel;
  readonly apps: AppStore;
  readonly dataDir: string;
  /** Called with apps that another orchestrator has installed or removed. */
  readonly onChange: (adopted: AdoptedApps) => void;
  /** Called for values in Redis that are not apps, once for each. */
  readonly onError: (error: unknown) => void;
}

/** The installed apps in Redis: all orchestrators over the same Redis have the same apps. */
export class SharedApps implements SharedAppStore {
  readonly #options: SharedAppsOptions;
  readonly #link: RedisLink;
  readonly #keys: readonly [string, string];
  readonly #epochFile: string;
  #skipped = new Set<string>();

  constructor(options: SharedAppsOptions) {
    const { link, dataDir } = options;
    this.#options = options;
    this.#link = link;
    this.#keys = [keyOf(link, 'apps'), keyOf(link, 'app-code')];
    this.#epochFile = join(dataDir, 'apps', 'redis-epoch');
  }

  /** Number of values in Redis that are not apps, at the last synchronization. */
  get skipped(): number {
    return this.#skipped.size;
  }

  async put(app: StoredApp, overwrite: boolean): Promise<boolean> {
    const { source, files, ...rest } = app;
    const { installedAt } = app;
    const values = [hashOf(app), JSON.stringify(rest), JSON.stringify({ installedAt, source, files })];
    const flags = [overwrite ? '1' : '0', String(installedAt), this.#options.channel.name];
    return (await this.#link.send(['EVAL', PUT, '2', ...this.#keys, ...values, ...flags])) === 1;
  }

  async delete(key: AppKey): Promise<boolean> {
    const values = [hashOf(key), this.#options.channel.name];
    return (await this.#link.send(['EVAL', DELETE, '2', ...this.#keys, ...values])) === 1;
  }

  async read(key: AppKey): Promise<StoredApp | undefined> {
    const hash = hashOf(key);
    const [app, code] = await Promise.all(this.#keys.map((each) => this.#link.send(['HGET', each, hash])));
    const { source, files, installedAt } = (parse(code) ?? {}) as Partial<StoredApp>;
    const value = parse(app);
    const isCode = (source === undefined || typeof source === 'string') && Array.isArray(files);
    if (!isValidApp(value) || !isCode || value.installedAt !== installedAt) return undefined;
    return { ...value, source, files };
  }

  /**
   * Adopts the apps in Redis. If Redis has lost its data, or was never used by this orchestrator before, the apps of this
   * orchestrator are stored there first, unless others have stored theirs under the same ids. Rejects if Redis fails.
   */
  async synchronize(): Promise<void> {
    const { apps, onChange } = this.#options;
    await this.#restoreLost();
    const { changes } = apps;
    const stored = this.#decode(await readHash(this.#link, this.#keys[0]));
    // An app that was installed here meanwhile may be missing in the reply. Its message starts another synchronization.
    if (apps.changes !== changes) return;
    onChange(await apps.adopt(stored));
  }

  async #restoreLost(): Promise<void> {
    const epochKey = keyOf(this.#link, 'epoch');
    const epoch = String(await this.#link.send(['EVAL', EPOCH, '1', epochKey, randomUUID()]));
    const known = await readFile(this.#epochFile, 'utf8').catch(() => '');
    if (known === epoch) return;
    for (const copy of await this.#options.apps.readCopies()) await this.put(copy, false);
    await mkdir(join(this.#options.dataDir, 'apps'), { recursive: true, mode: 0o700 });
    await writeFile(this.#epochFile, epoch);
  }

  #decode(fields: readonly [string, string][]): InstalledApp[] {
    const apps: InstalledApp[] = [];
    const skipped = new Set<string>();
    for (const [hash, text] of fields) {
      const value = parse(text);
      if (isValidApp(value) && hashOf(value) === hash) apps.push(value);
      else skipped.add(hash);
    }
    for (const hash of skipped)
      if (!this.#skipped.has(hash))
        this.#options.onError(new Error(`the field ${hash.slice(0, 64)} of ${this.#keys[0]} is not an app`));
    this.#skipped = skipped;
    return apps;
  }
}

function parse(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    return undefined;
  }
}
