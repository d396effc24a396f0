import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { RedisLink } from '../redis/index.ts';
import { RedisCache } from './cache/redis-cache.ts';
import type { SessionCache } from './cache/session-cache.ts';
import { GcsStore, type GcsStoreOptions } from './drivers/gcs-store.ts';
import { LocalStore } from './drivers/local-store.ts';
import { RedisStore } from './drivers/redis-store.ts';
import { S3Store, type S3StoreOptions } from './drivers/s3-store.ts';
import { RedisLeases } from './leases/redis-leases.ts';
import type { Mount } from './mount.ts';
import type { ObjectStore } from './object-store.ts';
import type { ProfileStoreOptions } from './options.ts';
import { ProfileStore } from './profile-store.ts';

/** A pack of 8 MiB takes longer than the default of a link on a slow network. */
const REDIS_COMMAND_TIMEOUT_MS = 10_000;

/** Connection to Redis, and how it is used. */
export interface BrowserStateRedisOptions {
  /** Whether Redis is a cache in front of the storage. With `storageType: 'redis'` it is the storage in any case. */
  enabled?: boolean;
  /** Default `localhost`. */
  host?: string;
  /** Default 6379. */
  port?: number;
  password?: string;
  /** Number of the database. Default 0. */
  db?: number;
  /** Whether the connection uses TLS. Default false. */
  tls?: boolean;
  /** First part of all keys. Default `browserstate`. */
  keyPrefix?: string;
  /** How long a cached object is kept, in seconds. Default 3600. Never applies if Redis is the storage. */
  ttl?: number;
}

/** Options of a {@link BrowserState}. */
export interface BrowserStateOptions extends Pick<ProfileStoreOptions, 'encryption' | 'exclude' | 'history'> {
  /** Whose sessions these are. */
  userId: string;
  /** Where sessions are stored. */
  storageType: 'local' | 's3' | 'gcs' | 'redis';
  /** For `local`. */
  localOptions?: {
    /** Folder of the sessions. It is created. Default `.browserstate` in the current folder. */
    storagePath?: string;
  };
  /** For `s3`. */
  s3Options?: S3StoreOptions;
  /** For `gcs`. */
  gcsOptions?: GcsStoreOptions;
  /** For `redis`, or for a cache in front of another storage. */
  redisOptions?: BrowserStateRedisOptions;
  /** Folder on a local disk for mounts. Default: a folder of this user in the system's temporary folder. */
  workFolder?: string;
  /** Called for errors that do not fail a call, such as those of a cache. */
  onError?: (error: unknown) => void;
}

/**
 * Sessions of one user, one of which is mounted at a time. {@link ProfileStore} has more: several users and mounts,
 * versions, forks.
 */
export class BrowserState implements AsyncDisposable {
  readonly #options: BrowserStateOptions;
  #opened: Promise<{ store: ProfileStore; link: RedisLink | undefined }> | undefined;
  #mount: Mount | undefined;

  constructor(options: BrowserStateOptions) {
    this.#options = options;
  }

  /**
   * Mounts a session: writes its newest version to a folder of its own. A session that does not exist is empty. Ends
   * the mount of another session, without saving it.
   * @returns the folder, a browser's user data directory
   * @throws the errors of `ProfileStore.mount`
   */
  async mount(sessionId: string): Promise<string> {
    const { store } = await this.#open();
    await this.#mount?.discard();
    this.#mount = undefined;
    this.#mount = await store.mount(this.#options.userId, sessionId);
    return this.#mount.dir;
  }

  /**
   * Saves the mounted session and removes its folder. The browser must be closed. Does nothing if none is mounted. If
   * it fails, the session stays mounted, so that it can be repeated.
   * @throws the errors of `Mount.commit`
   */
  async unmount(): Promise<void> {
    const mount = this.#mount;
    if (!mount) return;
    await mount.commit();
    this.#mount = undefined;
    await mount.discard();
  }

  /** Lists the IDs of the user's sessions. */
  async listSessions(): Promise<string[]> {
    const { store } = await this.#open();
    return await store.sessions(this.#options.userId);
  }

  /** Returns whether a session exists. A session exists once it has been saved. */
  async hasSession(sessionId: string): Promise<boolean> {
    const { store } = await this.#open();
    return await store.has(this.#options.userId, sessionId);
  }

  /** Deletes a session, and ends its mount without saving it. */
  async deleteSession(sessionId: string): Promise<void> {
    const { store } = await this.#open();
    if (this.#mount?.session === sessionId) await this.#discard();
    await store.delete(this.#options.userId, sessionId);
  }

  /** Returns the ID of the mounted session. */
  getCurrentSession(): string | undefined {
    return this.#mount?.session;
  }

  /** Returns the folder of the mounted session. */
  getCurrentSessionPath(): string | undefined {
    return this.#mount?.dir;
  }

  /** Ends the mount without saving it, and closes the connections. */
  async cleanup(): Promise<void> {
    await this.#discard();
    const opened = await this.#opened?.catch(() => undefined);
    this.#opened = undefined;
    await opened?.store.close();
    opened?.link?.close();
  }

  /** Same as {@link cleanup}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.cleanup();
  }

  async #discard(): Promise<void> {
    const mount = this.#mount;
    this.#mount = undefined;
    await mount?.discard();
  }

  #open() {
    this.#opened ??= openStore(this.#options).catch((error) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }
}

async function openStore(options: BrowserStateOptions) {
  const { storageType, redisOptions = {}, workFolder, onError, encryption, exclude, history } = options;
  const isCache = storageType !== 'redis' && redisOptions.enabled === true;
  const link = storageType === 'redis' || isCache ? openLink(redisOptions, onError) : undefined;
  try {
    const driver = await openDriver(options, link);
    const ttlS = redisOptions.ttl ?? 3600;
    const caches: SessionCache[] =
      link && isCache ? [new RedisCache({ link, ttlS, ...(onError && { onError }) })] : [];
    const store = await ProfileStore.open({
      driver,
      caches,
      ...(link && storageType === 'redis' && { leases: new RedisLeases(link) }),
      ...(workFolder !== undefined && { workFolder }),
      ...(onError && { onError }),
      ...(encryption && { encryption }),
      ...(exclude && { exclude }),
      ...(history && { history }),
    });
    return { store, link };
  } catch (error) {
    link?.close();
    throw error;
  }
}

async function openDriver(options: BrowserStateOptions, link: RedisLink | undefined): Promise<ObjectStore> {
  switch (options.storageType) {
    case 'local': {
      const folder = resolve(options.localOptions?.storagePath ?? '.browserstate');
      await mkdir(dirname(folder), { recursive: true });
      return new LocalStore({ folder });
    }
    case 's3':
      if (!options.s3Options) throw new TypeError("storageType 's3' requires s3Options");
      return new S3Store(options.s3Options);
    case 'gcs':
      if (!options.gcsOptions) throw new TypeError("storageType 'gcs' requires gcsOptions");
      return new GcsStore(options.gcsOptions);
    case 'redis':
      return new RedisStore({ link: link! });
    default:
      throw new TypeError(`storageType must be local, s3, gcs or redis, not ${String(options.storageType)}`);
  }
}

function openLink(
  options: BrowserStateRedisOptions,
  onError: ((error: unknown) => void) | undefined,
): RedisLink {
  const {
    host = 'localhost',
    port = 6379,
    password,
    db = 0,
    tls = false,
    keyPrefix = 'browserstate',
  } = options;
  const credentials = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
  return new RedisLink({
    url: `redis${tls ? 's' : ''}://${credentials}${host.includes(':') ? `[${host}]` : host}:${port}/${db}`,
    prefix: keyPrefix,
    commandTimeoutMs: REDIS_COMMAND_TIMEOUT_MS,
    ...(onError && { onLost: onError }),
  });
}
