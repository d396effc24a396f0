import type { SessionListing, SessionObjects } from './session-objects.ts';

/** Largest checkpoint in bytes. */
const MAX_BYTES = 256 * 1024 * 1024;

/** The state of a live browser, saved between commits. */
export interface Checkpoint {
  /** What the caller saved: for `withBrowser`, Playwright's `storageState` with IndexedDB. */
  readonly state: unknown;
  /** The version whose content the profile had when its browser was started. */
  readonly contentVersion: number;
  /** When it was saved, by the clock of the host that saved it (ISO 8601). */
  readonly savedAt: string;
}

/**
 * Reads the newest checkpoint that was saved after a version was mounted and that no commit has replaced.
 * @param contentVersion the content version of the newest version
 */
export async function readNewestCheckpoint(
  objects: SessionObjects,
  { checkpoints }: SessionListing,
  contentVersion: number,
): Promise<Checkpoint | undefined> {
  for (const fence of checkpoints.toReversed()) {
    const checkpoint = (await objects.readCheckpoint(fence, MAX_BYTES)) as Checkpoint | undefined;
    if (checkpoint?.contentVersion === contentVersion) return checkpoint;
  }
  return undefined;
}
