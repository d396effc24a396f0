import type { Manifest, Sidecar, VersionReason } from './content/manifest.ts';
import { emptyManifest, isTombstone } from './content/manifest.ts';
import type { Snapshot } from './content/snapshot.ts';
import { VersionConflictError } from './errors.ts';
import { commitSnapshot } from './history/commit.ts';
import { readHead } from './history/history.ts';
import type { ProgressEvent } from './options.ts';
import type { SessionObjects } from './session-objects.ts';
import type { StoreContext } from './store-context.ts';

/** A folder to save as the next version of a session. */
export interface SaveInput {
  readonly folder: string;
  readonly snapshot: Snapshot;
  readonly base: Manifest;
  readonly fence: number;
  readonly reason: VersionReason;
  readonly sidecar: Sidecar | undefined;
  readonly browserVersion: string | undefined;
  readonly restoredCheckpoint?: string | undefined;
  /** Whether the packs of `base` may have been deleted since it was read. */
  readonly checkPacks: boolean;
  readonly onProgress: ((event: ProgressEvent) => void) | undefined;
}

/** Saves a folder as the version after `base`. @throws VersionConflictError if another writer was first */
export async function save(
  context: StoreContext,
  objects: SessionObjects,
  input: SaveInput,
): Promise<Manifest> {
  const { onProgress, ...rest } = input;
  const { store, encryption, clock, graceMs, counters } = context;
  let bytes = 0;
  const onBytes = (stored: number) => {
    bytes += stored;
    onProgress?.({ phase: 'upload', bytes });
  };
  try {
    const saved = await commitSnapshot({ ...rest, objects, store, encryption, clock, graceMs, onBytes });
    counters.commits += 1;
    return saved;
  } catch (error) {
    if (error instanceof VersionConflictError) {
      counters.conflicts += 1;
      await objects.dropCaches();
    }
    throw error;
  }
}

/** Saves a folder as the first version of a session. @throws VersionConflictError if the session exists */
export async function saveNew(
  context: StoreContext,
  objects: SessionObjects,
  input: Omit<SaveInput, 'base' | 'fence' | 'checkPacks'>,
): Promise<Manifest> {
  const { user, session } = objects.keys;
  const head = await readHead(objects, await objects.list());
  if (head && !isTombstone(head)) throw new VersionConflictError(`${user}/${session}`, 0, head.version);
  const base = emptyManifest(user, session, head?.version ?? 0, head?.id);
  return await save(context, objects, { ...input, base, fence: base.version + 1, checkPacks: false });
}
