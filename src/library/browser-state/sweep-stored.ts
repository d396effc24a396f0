import { type SweepResult, sweepSession } from './history/sweep.ts';
import type { SessionKeys } from './keys.ts';
import { SessionObjects } from './session-objects.ts';
import type { StoreContext } from './store-context.ts';

/** Versions after which a mount sweeps its session. */
const SWEEP_EVERY = 16;

/** Removes what a session no longer needs. See `ProfileStore.sweep`. */
export async function sweepStored(context: StoreContext, keys: SessionKeys): Promise<SweepResult> {
  const { store, prefix, graceMs, history } = context;
  // Caches could hide that a manifest is damaged.
  const objects = new SessionObjects(keys, { ...context, caches: [] });
  return await sweepSession({ objects, store, prefix, graceMs, history });
}

/** Whether the session is swept after this version was committed. */
export function isSweepDue(version: number): boolean {
  return version % SWEEP_EVERY === 0;
}
