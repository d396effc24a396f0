import { readlinkSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const USER_DATA_DIR = '--user-data-dir=';
/** Folders that Playwright creates for a browser, and removes unless its process is killed. */
const TEMPORARY_PROFILE = /^playwright_\w+dev_profile-/;
const SOCKET_FOLDER = /^org\.chromium\.Chromium\./;

/**
 * Removes what a browser leaves behind if the service was killed: its temporary profile and the folder of its socket.
 * The folder of a mounted profile is removed when the service starts again.
 * @param args arguments of Chromium
 */
export function removeLeftovers(args: readonly string[]): void {
  const folder = args.find((each) => each.startsWith(USER_DATA_DIR))?.slice(USER_DATA_DIR.length);
  if (folder === undefined) return;
  const socketFolder = socketFolderOf(folder);
  if (socketFolder !== undefined) remove(socketFolder);
  if (TEMPORARY_PROFILE.test(basename(folder))) remove(folder);
}

function socketFolderOf(folder: string): string | undefined {
  try {
    const socketFolder = dirname(readlinkSync(join(folder, 'SingletonSocket')));
    return SOCKET_FOLDER.test(basename(socketFolder)) ? socketFolder : undefined;
  } catch {
    // Chromium has removed it.
    return undefined;
  }
}

function remove(folder: string): void {
  try {
    // A process of Chromium may still write.
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  } catch {
    // Nobody is left who could read a message.
  }
}
