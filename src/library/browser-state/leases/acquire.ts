import { SessionLockedError } from '../errors.ts';
import { LeaseKeeper } from '../lease-keeper.ts';
import type { MountOptions } from '../options.ts';
import { pause } from '../pause.ts';
import type { SessionListing, SessionObjects } from '../session-objects.ts';
import type { StoreContext } from '../store-context.ts';
import type { Lease } from './lease.ts';

const RETRY_MS = 500;

/** A lease that was acquired, and what the session contained after that. */
export interface AcquiredLease {
  readonly keeper: LeaseKeeper;
  readonly previous: Lease['previous'];
  readonly listing: SessionListing;
}

/**
 * Acquires the lease of a session, and waits for it up to `waitMs`.
 * @throws SessionLockedError if another mount still holds it
 */
export async function acquireLease(
  context: StoreContext,
  objects: SessionObjects,
  { waitMs = 0, leaseS = 60, signal }: MountOptions,
): Promise<AcquiredLease> {
  const { clock } = context;
  const deadline = clock.now() + waitMs;
  for (;;) {
    try {
      return await tryToAcquire(context, objects, leaseS * 1000);
    } catch (error) {
      const leftMs = deadline - clock.now();
      if (!(error instanceof SessionLockedError) || leftMs <= 0) throw error;
      await pause(clock, Math.min(leftMs, RETRY_MS, Math.max(1, error.remainingMs)), signal);
    }
  }
}

async function tryToAcquire(
  context: StoreContext,
  objects: SessionObjects,
  leaseMs: number,
): Promise<AcquiredLease> {
  const { keys } = objects;
  const { clock, onError } = context;
  const lease: Lease = await context.leases.acquire(keys, leaseMs);
  const session = `${keys.user}/${keys.session}`;
  const keeper = new LeaseKeeper(lease, { session, leaseMs, clock, onError });
  try {
    const listing = await objects.list();
    if (!lease.isConfirmedBy(listing))
      throw new SessionLockedError(session, { host: 'another host', pid: 0 }, leaseMs);
    // The first one stays until the release: see ObjectLeases.
    const older = listing.leases.slice(1, -1).map((number) => keys.lease(number));
    await objects.delete(older);
    return { keeper, previous: lease.previous, listing };
  } catch (error) {
    await keeper.close().catch(onError);
    throw error;
  }
}
