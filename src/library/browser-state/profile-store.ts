import { mkdir, readdir } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { createSystemClock } from '../util/clock.ts';
import { checkProfileClosed } from './browser/profile-lock.ts';
import { Encryption } from './content/encryption.ts';
import { DEFAULT_EXCLUDE } from './content/exclude.ts';
import { isTombstone, type ListedVersion, type Sidecar } from './content/manifest.ts';
import { restoreFiles } from './content/restore.ts';
import { takeSnapshot } from './content/snapshot.ts';
import type { TierCounters } from './counters.ts';
import { LockedStore } from './drivers/locked-store.ts';
import {
  deleteSession,
  listVersions,
  readHead,
  requireHead,
  requireVersion,
  rollBack,
} from './history/history.ts';
import { listSessions } from './history/sessions.ts';
import type { SweepResult } from './history/sweep.ts';
import { type VerifyResult, verifySession } from './history/verify.ts';
import { checkId, checkPrefix, userFolder } from './keys.ts';
import { ObjectLeases } from './leases/object-leases.ts';
import type { Mount } from './mount.ts';
import { MountFolders } from './mount-folder.ts';
import type { ObjectStore } from './object-store.ts';
import { countProgress, openMount } from './open-mount.ts';
import type { MountOptions, ProfileStoreOptions, ProgressEvent } from './options.ts';
import { ReliableStore } from './reliable-store.ts';
import { saveNew } from './save.ts';
import { SessionObjects } from './session-objects.ts';
import { type ProfileCounters, type StoreContext, sessionObjects } from './store-context.ts';
import { openStoreId } from './store-id.ts';
import { sweepStored } from './sweep-stored.ts';

const DAY_S = 86_400;
const GIB = 2 ** 30;

/** Statistics of a {@link ProfileStore}. */
export interface ProfileStats extends ProfileCounters {
  /** Calls to the storage. */
  readonly storage: Readonly<TierCounters>;
  /** Calls to each cache, in the order of the option `caches`. */
  readonly caches: readonly Readonly<TierCounters>[];
}

/** What to import: a profile folder, or the result of Playwright's `context.storageState()`. */
export type ImportSource = { readonly folder: string } | { readonly storageState: unknown };

/** Whether the storage and the caches respond. */
export interface ProfileHealth {
  /** Whether the storage responds. Caches are not needed. */
  readonly ok: boolean;
  /** Time of a read from the storage, in milliseconds. */
  readonly latencyMs: number;
  /** Message of the storage's error. */
  readonly error?: string;
}

/** Browser profiles of users in a storage, in versions. Any number of processes can use the same storage. */
export class ProfileStore implements AsyncDisposable {
  readonly #context: StoreContext;

  /**
   * Opens a store. The first time, this checks that the storage can create objects only if they are absent.
   * @throws RangeError if an option is invalid
   * @throws BrowserStateError `UNSUPPORTED_STORE` if the storage is not suitable
   * @throws StorageError if the storage fails
   */
  static async open(options: ProfileStoreOptions): Promise<ProfileStore> {
    const { prefix = 'browser-state/', clock = createSystemClock(), timeoutMs = 30_000 } = options;
    checkPrefix(prefix);
    const encryption = options.encryption && new Encryption(options.encryption);
    const reliable = (driver: ObjectStore) => new ReliableStore(driver, { clock, timeoutMs });
    const { driver, leases } = options;
    const exclusive = leases?.exclusive?.bind(leases);
    const locked = exclusive && reliable(new LockedStore(driver, exclusive));
    const folders = new MountFolders(options.workFolder ?? defaultWorkFolder());
    const onError = options.onError ?? (() => {});
    const { storeId, store } = await openStoreId(reliable(driver), locked, prefix);
    await folders.removeAbandoned().catch(onError);
    const { maxVersions = 20, maxAgeS = Number.POSITIVE_INFINITY } = options.history ?? {};
    const context: StoreContext = {
      ...{ store, storeId, prefix, clock, encryption, folders, onError },
      caches: options.caches ?? [],
      maxProfileBytes: options.maxProfileBytes ?? 4 * GIB,
      leases: leases ?? new ObjectLeases(store, clock),
      exclude: [...DEFAULT_EXCLUDE, ...(options.exclude ?? [])],
      graceMs: (options.sweepGraceS ?? DAY_S) * 1000,
      history: { maxVersions, maxAgeS },
      counters: {
        mounts: { lastFolder: 0, packs: 0, empty: 0 },
        ...{ commits: 0, unchangedCommits: 0, conflicts: 0, takeovers: 0 },
      },
    };
    return new ProfileStore(context);
  }

  private constructor(context: StoreContext) {
    this.#context = context;
  }

  /**
   * Mounts a session: writes its newest version to a folder of its own. A session that does not exist is mounted
   * empty in the mode `rw`; its first commit creates it.
   * @throws SessionLockedError if another mount has it in the mode `rw` or `clean`
   * @throws BrowserStateError `SESSION_NOT_FOUND` in the modes `ro` and `fork`; `WRONG_KEY`
   * @throws CorruptObjectError if stored bytes are damaged
   * @throws StorageError if the storage fails. A mount is never empty because of that.
   */
  async mount(user: string, session: string, options: MountOptions = {}): Promise<Mount> {
    options.signal?.throwIfAborted();
    return await openMount(this.#context, this.#objects(user, session), options);
  }

  /** Lists the IDs of a user's sessions, sorted. */
  async sessions(user: string): Promise<string[]> {
    checkId('user', user);
    const { store, prefix } = this.#context;
    return await listSessions(store, userFolder(prefix, user), (session) => this.#objects(user, session));
  }

  /** Returns whether a session exists. */
  async has(user: string, session: string): Promise<boolean> {
    const objects = this.#objects(user, session);
    const head = await readHead(objects, await objects.list());
    return head !== undefined && !isTombstone(head);
  }

  /** Lists the versions of a session that can be mounted, newest first. */
  async versions(user: string, session: string): Promise<ListedVersion[]> {
    return await listVersions(this.#objects(user, session));
  }

  /**
   * Makes the content of an earlier version the newest version. A mount of the session can then no longer commit.
   * @returns the number of the new version
   * @throws BrowserStateError `SESSION_NOT_FOUND`
   * @throws VersionConflictError if another writer was first
   */
  async rollback(user: string, session: string, version: number): Promise<number> {
    const saved = await rollBack(this.#objects(user, session), this.#context.store, version);
    return saved.version;
  }

  /**
   * Copies a version to a new session of the same user.
   * @param options.version default: the newest
   * @throws VersionConflictError if the new session exists
   */
  async fork(
    user: string,
    session: string,
    newSession: string,
    options: { version?: number } = {},
  ): Promise<number> {
    await using mount = await this.mount(user, session, { ...options, mode: 'fork' });
    return await mount.fork(newSession);
  }

  /**
   * Deletes a session with all its versions. A mount of the session can then no longer commit.
   * @returns whether it existed
   */
  async delete(user: string, session: string): Promise<boolean> {
    const objects = this.#objects(user, session);
    await this.#context.folders.dropLast(objects.keys);
    return await deleteSession(objects, this.#context.store);
  }

  /**
   * Writes a version to a folder.
   * @param folder it must be empty or not exist
   * @param options.version default: the newest
   * @param options.onProgress called when a pack has been written
   */
  async exportTo(
    user: string,
    session: string,
    folder: string,
    options: { version?: number; onProgress?: (event: ProgressEvent) => void } = {},
  ): Promise<void> {
    const objects = this.#objects(user, session);
    const { version, onProgress } = options;
    const manifest =
      version === undefined ? await requireHead(objects) : await requireVersion(objects, version);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if ((await readdir(folder)).length > 0) throw new RangeError(`the folder ${folder} is not empty`);
    await restoreFiles(
      folder,
      manifest,
      countProgress(manifest, onProgress, (pack) => objects.readPack(pack)),
    );
  }

  /**
   * Creates a session from an existing profile. A storage state is loaded by the first browser that
   * `withBrowser` starts.
   * @returns the number of its version
   * @throws VersionConflictError if the session exists
   * @throws BrowserStateError `PROFILE_IN_USE` if a browser uses the folder
   */
  async importFrom(user: string, session: string, source: ImportSource): Promise<number> {
    const objects = this.#objects(user, session);
    if ('folder' in source) {
      await checkProfileClosed(source.folder);
      return await this.#import(objects, source.folder, undefined);
    }
    const empty = await this.#context.folders.create();
    try {
      return await this.#import(objects, empty.dir, { storageState: source.storageState });
    } finally {
      await empty.remove();
    }
  }

  /** Reads sessions into the caches, so that their next mounts are fast. */
  async warm(user: string, sessions: readonly string[]): Promise<void> {
    for (const session of sessions) {
      const objects = this.#objects(user, session);
      const head = await requireHead(objects);
      for (const pack of head.packs) await objects.readPack(pack);
    }
  }

  /** Reads every byte of every version of a session from the storage, not from caches. */
  async verify(user: string, session: string): Promise<VerifyResult> {
    const { keys } = this.#objects(user, session);
    return await verifySession(new SessionObjects(keys, { ...this.#context, caches: [] }));
  }

  /**
   * Removes versions according to the option `history`, and packs that no version needs. A mount does this too, after
   * every 16th version.
   */
  async sweep(user: string, session: string): Promise<SweepResult> {
    return await sweepStored(this.#context, this.#objects(user, session).keys);
  }

  /** Checks whether the storage responds. Does not reject. */
  async health(): Promise<ProfileHealth> {
    const start = performance.now();
    try {
      await this.#context.store.get(`${this.#context.prefix}~store/id`);
      return { ok: true, latencyMs: performance.now() - start };
    } catch (error) {
      return { ok: false, latencyMs: performance.now() - start, error: (error as Error).message };
    }
  }

  /** Returns statistics since the store was created. */
  stats(): ProfileStats {
    const { counters, store, caches } = this.#context;
    return structuredClone({
      ...counters,
      storage: store.counters,
      caches: caches.map((cache) => cache.counters),
    });
  }

  /** Closes the driver and the caches. Mounts must have ended. */
  async close(): Promise<void> {
    for (const cache of this.#context.caches) await cache[Symbol.asyncDispose]();
    await this.#context.store[Symbol.asyncDispose]();
  }

  /** Same as {@link close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #objects(user: string, session: string): SessionObjects {
    return sessionObjects(this.#context, user, session);
  }

  async #import(objects: SessionObjects, folder: string, sidecar: Sidecar | undefined): Promise<number> {
    const snapshot = await takeSnapshot(folder, this.#context.exclude);
    const none = { browserVersion: undefined, onProgress: undefined };
    const saved = await saveNew(this.#context, objects, {
      folder,
      snapshot,
      sidecar,
      reason: 'import',
      ...none,
    });
    return saved.version;
  }
}

/** Of this user alone: other users of the host must not read or replace profiles. */
function defaultWorkFolder(): string {
  return join(tmpdir(), `roundhouse-browser-state-${userInfo().uid}`);
}
