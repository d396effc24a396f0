import { readNewestCheckpoint } from './checkpoint.ts';
import { emptyManifest, isTombstone, type Manifest, type PackInfo } from './content/manifest.ts';
import { restoreFiles } from './content/restore.ts';
import { takeSnapshot } from './content/snapshot.ts';
import { CorruptObjectError } from './errors.ts';
import { nextOf, publish } from './history/commit.ts';
import { readHead, requireHead, requireVersion } from './history/history.ts';
import { hasSameFiles } from './history/plan.ts';
import { type AcquiredLease, acquireLease } from './leases/acquire.ts';
import { Mount } from './mount.ts';
import type { MountFolder } from './mount-folder.ts';
import type { MountOptions } from './options.ts';
import type { SessionObjects } from './session-objects.ts';
import type { StoreContext } from './store-context.ts';

/** Mounts a session. See `ProfileStore.mount`. */
export async function openMount(
  context: StoreContext,
  objects: SessionObjects,
  options: MountOptions,
): Promise<Mount> {
  const { mode = 'rw', leaseS = 60, version } = options;
  if (!(leaseS > 0)) throw new RangeError(`leaseS must be above 0 seconds, not ${leaseS}`);
  if (mode === 'ro' || mode === 'fork') return await openReader(context, objects, { ...options, mode });
  if (version !== undefined)
    throw new RangeError(
      'version requires the mode "ro" or "fork"; rollback() makes an old version the newest',
    );
  // Usually the lease is free. Reading the newest version meanwhile saves a round trip.
  const early = objects.list().then((listing) => readHead(objects, listing));
  early.catch(() => {});
  const lease = await acquireLease(context, objects, options);
  try {
    return await openWriter(
      context,
      objects,
      { ...options, mode },
      lease,
      await early.catch(() => undefined),
    );
  } catch (error) {
    await lease.keeper.close().catch(context.onError);
    throw error;
  }
}

async function openReader(
  context: StoreContext,
  objects: SessionObjects,
  options: MountOptions & { mode: 'ro' | 'fork' },
): Promise<Mount> {
  const { mode, version, onProgress } = options;
  for (;;) {
    const base = version === undefined ? await requireHead(objects) : await requireVersion(objects, version);
    try {
      const folder = await restore(context, objects, base, options);
      return new Mount(context, {
        ...{ objects, mode, base, folder, onProgress },
        ...{ lease: undefined, fence: 0, checkpoint: undefined },
      });
    } catch (error) {
      // Without a lease, the version can be replaced and its packs deleted during the mount.
      const replaced = version === undefined && (await requireHead(objects)).version !== base.version;
      if (!(error instanceof CorruptObjectError) || !replaced) throw error;
    }
  }
}

async function openWriter(
  context: StoreContext,
  objects: SessionObjects,
  options: MountOptions & { mode: 'rw' | 'clean' },
  { keeper, previous, listing }: AcquiredLease,
  early: Manifest | undefined,
): Promise<Mount> {
  const { user, session } = objects.keys;
  const { mode, onProgress } = options;
  const newest = listing.versions.at(-1);
  const head =
    (early?.version === newest ? early : await readHead(objects, listing)) ?? emptyManifest(user, session, 0);
  const mayBeRunning = previous === 'expired' || (previous === 'unknown' && head.version > 0);
  const base = mayBeRunning ? await fenceOff(context, objects, head) : head;
  const isEmpty = mode === 'clean' || isTombstone(base) || base.version === 0;
  // Both can fail: neither may continue unobserved.
  const [folder, checkpoint] = await Promise.allSettled([
    isEmpty ? createEmpty(context) : prepare(context, objects, head, options),
    mode === 'clean' ? undefined : readNewestCheckpoint(objects, listing, base.contentVersion),
  ]);
  if (folder.status === 'rejected') throw folder.reason;
  if (checkpoint.status === 'rejected') {
    await folder.value.remove();
    throw checkpoint.reason;
  }
  return new Mount(context, {
    ...{ objects, mode, base, onProgress },
    ...{ folder: folder.value, checkpoint: checkpoint.value, lease: keeper, fence: base.version + 1 },
  });
}

/**
 * Uses the number of the next version, so that the former holder of the lease, which may only be slow, cannot commit.
 * @returns the new version: a copy of the content, or a tombstone if there is none
 */
async function fenceOff(context: StoreContext, objects: SessionObjects, head: Manifest): Promise<Manifest> {
  context.counters.takeovers += 1;
  const isEmpty = head.version === 0 || isTombstone(head);
  const next = nextOf(head);
  return await publish(objects, context.store, {
    ...head,
    ...next,
    fence: next.version + 1,
    reason: isEmpty ? 'deleted' : 'takeover',
  });
}

function createEmpty({ folders, counters }: StoreContext): Promise<MountFolder> {
  counters.mounts.empty += 1;
  return folders.create();
}

/** Takes the last mounted folder if its files are exactly those of the version, else restores the version. */
async function prepare(
  context: StoreContext,
  objects: SessionObjects,
  head: Manifest,
  options: MountOptions,
): Promise<MountFolder> {
  const last = await context.folders.takeLast(objects.keys, head.id);
  if (last) {
    const snapshot = await takeSnapshot(last.dir, context.exclude).catch(() => undefined);
    if (snapshot && hasSameFiles(head, snapshot)) {
      context.counters.mounts.lastFolder += 1;
      return last;
    }
    await last.remove();
  }
  return await restore(context, objects, head, options);
}

async function restore(
  { folders, counters }: StoreContext,
  objects: SessionObjects,
  manifest: Manifest,
  { onProgress, signal }: MountOptions,
): Promise<MountFolder> {
  const folder = await folders.create();
  const read = (pack: PackInfo) => objects.readPack(pack, signal ? { signal } : {});
  try {
    await restoreFiles(folder.dir, manifest, countProgress(manifest, onProgress, read));
    counters.mounts.packs += 1;
    return folder;
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

/** Reports the progress of a function that reads packs. */
export function countProgress(
  { packs }: Manifest,
  onProgress: MountOptions['onProgress'],
  read: (pack: PackInfo) => Promise<Uint8Array>,
): (pack: PackInfo) => Promise<Uint8Array> {
  const totalBytes = packs.reduce((sum, { size }) => sum + size, 0);
  let bytes = 0;
  return async (pack) => {
    const raw = await read(pack);
    bytes += pack.size;
    onProgress?.({ phase: 'download', bytes, totalBytes });
    return raw;
  };
}
