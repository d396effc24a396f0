import type { TierCounters } from '../counters.ts';
import type { SessionKeys } from '../keys.ts';

/**
 * A cache of stored objects in front of the storage. Its objects are as in storage: encrypted if those are, and
 * verified by the reader. No method rejects: an error is counted, and the objects of the session are dropped.
 */
export interface SessionCache extends AsyncDisposable {
  /** Counts of this cache. */
  readonly counters: TierCounters;
  /** Reads an object. */
  get(keys: SessionKeys, key: string): Promise<Uint8Array | undefined>;
  /** Stores an object. */
  set(keys: SessionKeys, key: string, bytes: Uint8Array): Promise<void>;
  /** Drops an object that turned out to be damaged. */
  drop(keys: SessionKeys, key: string): Promise<void>;
  /** Drops all objects of a session. */
  dropSession(keys: SessionKeys): Promise<void>;
}
