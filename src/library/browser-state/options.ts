import type { Clock } from '../util/clock.ts';
import type { SessionCache } from './cache/session-cache.ts';
import type { EncryptionOptions } from './content/encryption.ts';
import type { HistoryOptions } from './history/sweep.ts';
import type { LeaseManager } from './leases/lease.ts';
import type { ObjectStore } from './object-store.ts';

/** Options of {@link ProfileStore}. */
export interface ProfileStoreOptions {
  /** Driver of the storage. The profile store closes it. */
  driver: ObjectStore;
  /** Prefix of all keys: empty, or names that each end in "/". Default `browser-state/`. */
  prefix?: string;
  /**
   * Folder on a local disk for mounts, and for the last mounted folder of each session. Default: a folder of this user
   * in the system's temporary folder.
   */
  workFolder?: string;
  /** Caches in front of the storage, the fastest first. The profile store closes them. Default none. */
  caches?: readonly SessionCache[];
  /**
   * Grants leases. Default: objects in the storage. A storage that cannot create objects only if they are absent needs
   * `RedisLeases`.
   */
  leases?: LeaseManager;
  /** Encrypts everything that is stored. Default: no encryption. */
  encryption?: EncryptionOptions;
  /** Files and folders to leave out, in addition to `DEFAULT_EXCLUDE`: globs of names, or of paths if they contain "/". */
  exclude?: readonly string[];
  /** How much history is kept. */
  history?: HistoryOptions;
  /** How long a pack that no version refers to is kept at least, in seconds. Default one day. */
  sweepGraceS?: number;
  /** Largest profile in bytes. Default 4 GiB. */
  maxProfileBytes?: number;
  /** How long one call of the driver may take, in milliseconds. Default 30,000. */
  timeoutMs?: number;
  /** Source of time. Default: the system's monotonic clock. */
  clock?: Clock;
  /** Called for errors that do not fail a call: a renewal of a lease, or a removal of old objects. */
  onError?: (error: unknown) => void;
}

/**
 * How a session is mounted. `rw`: with the lease, to commit. `ro`: without, only to read. `fork`: without, to commit
 * as another session. `clean`: with the lease and an empty folder, to replace the profile.
 */
export type MountMode = 'rw' | 'ro' | 'fork' | 'clean';

/** A step of a mount or a commit. */
export interface ProgressEvent {
  readonly phase: 'download' | 'upload';
  /** Bytes of packs transferred so far. */
  readonly bytes: number;
  /** Bytes of packs in total; undefined if that is not yet known. */
  readonly totalBytes?: number;
}

/** Options of {@link ProfileStore.mount}. */
export interface MountOptions {
  /** Default `rw`. */
  mode?: MountMode;
  /** Length of the lease in seconds. It is renewed while the mount is open. Default 60. */
  leaseS?: number;
  /** How long to wait for a session that is mounted elsewhere, in milliseconds. Default 0. */
  waitMs?: number;
  /** Mounts this version. Only with the modes `ro` and `fork`. Default: the newest. */
  version?: number;
  /** Aborts the mount. */
  signal?: AbortSignal;
  /** Called when bytes have been transferred, by the mount and its commits. */
  onProgress?: (event: ProgressEvent) => void;
}

/** Options of {@link Mount.commit}. */
export interface CommitOptions {
  /** Session cookies to keep. Default: those of the previous version. */
  sessionCookies?: readonly unknown[];
  /** Version of the browser that wrote the profile. */
  browserVersion?: string;
  /** When the checkpoint was saved that the browser started with (ISO 8601). */
  restoredCheckpoint?: string;
  /** Commits a profile that a browser has not closed. Default false. */
  allowUnclean?: boolean;
}
