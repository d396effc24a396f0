import { chmodSync, chownSync, mkdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename } from 'node:path';

const USER_DATA_DIR = '--user-data-dir=';
/** Folders that Playwright creates for a browser, and removes unless its process is killed. */
const TEMPORARY_PROFILE = /^playwright_\w+dev_profile-/;
/** A process that Chromium has started may still write. */
const REMOVAL = { recursive: true, force: true, maxRetries: 5, retryDelay: 100 };

/**
 * Creates the folder for the temporary files of Chromium, which leaves some when it is killed.
 * @param folder path that does not exist yet
 * @param userId user of Chromium, if it is another one
 */
export function createTemporaryFolder(folder: string, userId: number | undefined): void {
  mkdirSync(folder, { mode: 0o700 });
  // The mask of the process may have removed rights.
  chmodSync(folder, 0o700);
  if (userId !== undefined) chownSync(folder, userId, userId);
}

/** Removes a folder of a Chromium that has ended, if it is there. */
export function removeFolder(folder: string): void {
  try {
    rmSync(folder, REMOVAL);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
  }
}

/** As {@link removeFolder}, without blocking the process. Rejects if that is not possible. */
export async function removeFolderLater(folder: string): Promise<void> {
  await rm(folder, REMOVAL);
}

/** Returns the profile folder in the arguments of Chromium. */
export function profileFolderOf(args: readonly string[]): string | undefined {
  return args.find((each) => each.startsWith(USER_DATA_DIR))?.slice(USER_DATA_DIR.length);
}

/** Whether a profile folder is one that Playwright has created, and not a mounted profile. */
export function isTemporaryProfile(folder: string): boolean {
  return TEMPORARY_PROFILE.test(basename(folder));
}
