import { chmodSync, chownSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Creates a folder for the temporary files of Chromium, which leaves some when it is killed.
 * @param userId user of Chromium, if it is another one
 */
export function createTemporaryFolder(userId: number | undefined): string {
  // Short: the path of a socket in it has at most 107 bytes.
  const folder = mkdtempSync(join(tmpdir(), 'chromium-'));
  chmodSync(folder, 0o700);
  if (userId !== undefined) chownSync(folder, userId, userId);
  return folder;
}

/** Removes the folder of a Chromium that has ended. */
export function removeTemporaryFolder(folder: string): void {
  try {
    // A process that Chromium has started may still write.
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
  }
}
