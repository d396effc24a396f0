import { checkProfileClosed } from './browser/profile-lock.ts';
import type { Checkpoint } from './checkpoint.ts';
import { isTombstone, type Manifest, type Sidecar } from './content/manifest.ts';
import { takeSnapshot } from './content/snapshot.ts';
import { BrowserStateError } from './errors.ts';
import { hasSameFiles } from './history/plan.ts';
import type { LeaseKeeper } from './lease-keeper.ts';
import type { MountFolder } from './mount-folder.ts';
import type { CommitOptions, MountMode, ProgressEvent } from './options.ts';
import { save, saveNew } from './save.ts';
import type { SessionObjects } from './session-objects.ts';
import { type StoreContext, sessionObjects } from './store-context.ts';
import { isSweepDue, sweepStored } from './sweep-stored.ts';

/** What a mount starts with. */
export interface MountState {
  readonly objects: SessionObjects;
  readonly mode: MountMode;
  readonly folder: MountFolder;
  /** The version in the folder. */
  readonly base: Manifest;
  /** Undefined in the modes `ro` and `fork`. */
  readonly lease: LeaseKeeper | undefined;
  readonly fence: number;
  readonly checkpoint: Checkpoint | undefined;
  readonly onProgress: ((event: ProgressEvent) => void) | undefined;
}

/** A session's profile in a folder of its own. End it with {@link discard}, also after commits. */
export class Mount implements AsyncDisposable {
  /** Folder of the profile: the browser's user data directory. */
  readonly dir: string;
  /** How the session is mounted. */
  readonly mode: MountMode;
  /** ID of the user. */
  readonly user: string;
  /** ID of the session. */
  readonly session: string;
  /** State of a browser that was not closed after the last commit; undefined if there is none. */
  readonly checkpoint: Checkpoint | undefined;
  readonly #context: StoreContext;
  readonly #state: MountState;
  #base: Manifest;
  #baseReadAt: number;
  /** Whether the folder can be kept: it was committed after the browser had closed it. */
  #committed = false;
  #hasCheckpoint = false;
  #sweeping = Promise.resolve();
  #closed = false;

  constructor(context: StoreContext, state: MountState) {
    this.dir = state.folder.dir;
    this.mode = state.mode;
    this.user = state.objects.keys.user;
    this.session = state.objects.keys.session;
    this.checkpoint = state.checkpoint;
    this.#context = context;
    this.#state = state;
    this.#base = state.base;
    this.#baseReadAt = context.clock.now();
  }

  /** The version that was mounted or last committed; 0 if the session has none yet. */
  get version(): number {
    return isTombstone(this.#base) ? 0 : this.#base.version;
  }

  /** What is kept beside the files: session cookies, or an imported storage state. */
  get sidecar(): Sidecar {
    return this.#base.sidecar ?? {};
  }

  /**
   * The lease: its fencing number, the time until it ends unless renewed, and a signal that is aborted when it is
   * lost. Undefined in the modes `ro` and `fork`.
   */
  get lease():
    | { readonly fence: number; readonly remainingMs: number; readonly signal: AbortSignal }
    | undefined {
    const { lease, fence } = this.#state;
    return lease && { fence, remainingMs: lease.remainingMs, signal: lease.signal };
  }

  /**
   * Saves the profile as the next version. The browser must be closed. An unchanged profile sends nothing.
   * @returns the version of the profile
   * @throws VersionConflictError if another writer was first; nothing is overwritten, and {@link fork} keeps the changes
   * @throws BrowserStateError `LEASE_LOST`, `PROFILE_IN_USE`, `PROFILE_CHANGED`, `READ_ONLY` or `MOUNT_CLOSED`
   * @throws StorageError if the storage fails; the commit can be repeated
   */
  async commit(options: CommitOptions = {}): Promise<number> {
    const { lease, objects, fence } = this.#state;
    this.#checkOpen();
    if (!lease) throw readOnly(this.mode, 'use fork() in the mode "fork" to save it as another session');
    await lease.check();
    const sidecar = nextSidecar(this.#base.sidecar, options);
    const snapshot = await this.#takeSnapshot(options);
    const unchanged = this.version !== 0 && hasSameFiles(this.#base, snapshot);
    if (unchanged && JSON.stringify(sidecar) === JSON.stringify(this.#base.sidecar)) {
      this.#context.counters.unchangedCommits += 1;
      this.#committed = !options.allowUnclean;
      return this.version;
    }
    const { graceMs, clock } = this.#context;
    this.#base = await save(this.#context, objects, {
      folder: this.dir,
      snapshot,
      sidecar,
      base: this.#base,
      fence,
      reason: 'commit',
      browserVersion: options.browserVersion ?? this.#base.browserVersion,
      restoredCheckpoint: options.restoredCheckpoint,
      checkPacks: clock.now() - this.#baseReadAt > graceMs / 2,
      onProgress: this.#state.onProgress,
    });
    this.#baseReadAt = clock.now();
    this.#committed = !options.allowUnclean;
    await this.#removeCheckpoint();
    if (isSweepDue(this.version)) this.#sweep();
    return this.version;
  }

  /**
   * Saves the profile as a new session of the same user. The mount itself is not changed by that.
   * @returns the version of the new session
   * @throws VersionConflictError if the session exists already
   * @throws BrowserStateError `PROFILE_IN_USE`, `READ_ONLY` or `MOUNT_CLOSED`
   */
  async fork(session: string, options: CommitOptions = {}): Promise<number> {
    this.#checkOpen();
    if (this.mode === 'ro') throw readOnly(this.mode, 'it cannot be saved');
    const { version } = await saveNew(this.#context, sessionObjects(this.#context, this.user, session), {
      folder: this.dir,
      snapshot: await this.#takeSnapshot(options),
      sidecar: nextSidecar(this.#base.sidecar, options),
      reason: 'fork',
      browserVersion: options.browserVersion ?? this.#base.browserVersion,
      onProgress: this.#state.onProgress,
    });
    return version;
  }

  /**
   * Saves the state of the running browser, in case it crashes before the next commit. Replaces the previous one.
   * @param state a value that can be represented in JSON, such as Playwright's `context.storageState()`
   * @throws BrowserStateError `LEASE_LOST`, `READ_ONLY` or `MOUNT_CLOSED`
   */
  async saveCheckpoint(state: unknown): Promise<void> {
    const { lease, objects, fence } = this.#state;
    this.#checkOpen();
    if (!lease) throw readOnly(this.mode, 'a checkpoint needs a lease');
    await lease.check();
    const savedAt = new Date().toISOString();
    const checkpoint: Checkpoint = { state, contentVersion: this.#base.contentVersion, savedAt };
    this.#hasCheckpoint = true;
    await objects.writeCheckpoint(fence, checkpoint);
  }

  /**
   * Ends the mount: releases the lease and removes the folder. Changes since the last commit are lost. After a commit
   * the folder is kept on this host for the next mount.
   */
  async discard(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { folder, lease, objects } = this.#state;
    const { folders, onError } = this.#context;
    try {
      if (this.#committed) await folders.keepLast(objects.keys, folder, this.#base.id);
      else await folder.remove();
    } catch (error) {
      onError(error);
    } finally {
      await this.#sweeping;
      await lease?.close().catch(onError);
    }
  }

  /** Same as {@link discard}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.discard();
  }

  /** In the background: the commit has ended, and an error does not concern it. */
  #sweep(): void {
    const previous = this.#sweeping;
    const next = () => sweepStored(this.#context, this.#state.objects.keys);
    this.#sweeping = previous.then(next).then(() => {}, this.#context.onError);
  }

  async #takeSnapshot({ allowUnclean = false }: CommitOptions) {
    this.#committed = false;
    if (!allowUnclean) await checkProfileClosed(this.dir);
    return await takeSnapshot(this.dir, this.#context.exclude);
  }

  /** The commit contains what the checkpoint had. A checkpoint that remains is ignored: its content version is older. */
  async #removeCheckpoint(): Promise<void> {
    const { objects, fence } = this.#state;
    if (!this.#hasCheckpoint) return;
    await objects.delete([objects.keys.checkpoint(fence)]).catch(this.#context.onError);
    this.#hasCheckpoint = false;
  }

  #checkOpen(): void {
    if (this.#closed)
      throw new BrowserStateError('MOUNT_CLOSED', 'the mount has ended: mount the session again');
  }
}

/** An imported storage state is in the profile once a browser has committed it. */
function nextSidecar(previous: Sidecar | undefined, { sessionCookies }: CommitOptions): Sidecar | undefined {
  return sessionCookies ? { sessionCookies } : previous;
}

function readOnly(mode: MountMode, advice: string): BrowserStateError {
  return new BrowserStateError('READ_ONLY', `the session is mounted in the mode "${mode}": ${advice}`);
}
