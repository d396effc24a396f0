import type { Clock } from '../util/clock.ts';
import type { Encryption } from './content/encryption.ts';
import type { HistoryOptions } from './history/sweep.ts';
import { SessionKeys } from './keys.ts';
import type { LeaseManager } from './leases/lease.ts';
import type { MountFolders } from './mount-folder.ts';
import type { ReliableStore } from './reliable-store.ts';
import type { StorageContext } from './session-objects.ts';
import { SessionObjects } from './session-objects.ts';

/** Counts of a {@link ProfileStore}. */
export interface ProfileCounters {
  /** Mounts, by where most of the profile came from. */
  mounts: { lastFolder: number; packs: number; empty: number };
  /** Commits that created a version. */
  commits: number;
  /** Commits of profiles that had not changed; they send nothing. */
  unchangedCommits: number;
  /** Commits that another writer preceded. */
  conflicts: number;
  /** Leases taken over from holders that did not release them. */
  takeovers: number;
}

/** What the store and its mounts share. */
export interface StoreContext extends StorageContext {
  readonly store: ReliableStore;
  readonly prefix: string;
  /** ID of the store. */
  readonly storeId: string;
  readonly encryption: Encryption | undefined;
  readonly leases: LeaseManager;
  readonly folders: MountFolders;
  readonly exclude: readonly string[];
  readonly graceMs: number;
  readonly history: Required<HistoryOptions>;
  readonly clock: Clock;
  readonly counters: ProfileCounters;
  readonly onError: (error: unknown) => void;
}

/** Returns the objects of a session. @throws RangeError if an ID is invalid */
export function sessionObjects(context: StoreContext, user: string, session: string): SessionObjects {
  return new SessionObjects(new SessionKeys(context.prefix, user, session, context.storeId), context);
}
