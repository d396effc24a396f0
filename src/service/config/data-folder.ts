import { accessSync, constants, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Creates a folder and those above it, readable by their owner only, unless they exist.
 * @throws the system's error. Node.js reports ENOENT for a folder on a read-only file system; this function reports
 * EROFS.
 */
export function ensureFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') accessSync(existingAbove(path), constants.W_OK);
    throw error;
  }
}

function existingAbove(path: string): string {
  let folder = dirname(path);
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
}
