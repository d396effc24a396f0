import type { SessionKeys } from '../keys.ts';
import type { SessionListing } from '../session-objects.ts';

/** The right of one mount to write a session, as a lease manager grants it. */
export interface Lease {
  /** How the previous lease ended. If it expired, its holder may still be running; if that is unknown, too. */
  readonly previous: 'released' | 'expired' | 'unknown';
  /** Whether it is renewed before every commit, not only if it may have expired. */
  readonly renewBeforeCommit?: boolean;
  /** Whether a listing made after the lease was acquired agrees that this is the latest lease. */
  isConfirmedBy(listing: SessionListing): boolean;
  /**
   * Extends the lease by its full length.
   * @returns false if it is lost
   * @throws StorageError or an error of Redis if that cannot be determined
   */
  renew(): Promise<boolean>;
  /** Ends the lease, so that the next mount need not wait. */
  release(): Promise<void>;
}

/** Grants leases. */
export interface LeaseManager {
  /**
   * Acquires the lease of a session.
   * @throws SessionLockedError if another mount holds it
   */
  acquire(keys: SessionKeys, leaseMs: number): Promise<Lease>;
  /**
   * Runs a call while no other process runs one with the same name. Stores need it that cannot create an object only if
   * it is absent.
   * @throws StorageError if the lock cannot be acquired, or has expired before the call has ended
   */
  exclusive?<T>(name: string, call: () => Promise<T>): Promise<T>;
}
