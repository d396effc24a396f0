import { randomBytes } from 'node:crypto';
import { type FileHandle, link, lstat, mkdir, open, unlink } from 'node:fs/promises';
import { codeOf, DiskStoreError, ifExists } from './errors.ts';

/** File systems round sizes up to blocks. */
const BLOCK_BYTES = 4096;

/** Records, leases and the like are much smaller. */
const MAX_SMALL_FILE_BYTES = 64 * 1024 * 1024;

/** Returns how much of the disk a file of `size` bytes takes. */
export function diskBytes(size: number): number {
  return Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES;
}

/** Returns a name that no other process or thread uses. */
export function uniqueName(): string {
  return randomBytes(12).toString('hex');
}

/** Creates a folder if it does not exist. A link to a folder is refused: old files in it would be removed. */
export async function createFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  if (!(await lstat(path)).isDirectory()) {
    throw new DiskStoreError('ERR_STORE_FORMAT', `${path} is not a folder, but a link: remove it`);
  }
}

/** Creates `target` from the file `source` if it does not exist. @returns false if it exists */
export async function createFrom(source: string, target: string): Promise<boolean> {
  try {
    await link(source, target);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** Removes a file. @returns false if it does not exist, for example because another process has removed it */
export async function removeFile(path: string): Promise<boolean> {
  return (await ifExists(unlink(path).then(() => true))) ?? false;
}

/** Reads a file that is not a body. @returns undefined if it does not exist */
export async function readSmallFile(path: string): Promise<Buffer | undefined> {
  const handle = await ifExists(open(path));
  if (!handle) return undefined;
  try {
    return (await readOpenFile(handle)).bytes;
  } finally {
    await handle.close();
  }
}

/**
 * Reads a file that is not a body. One of another kind, such as a device without an end, is read as if it were empty.
 */
export async function readOpenFile(handle: FileHandle): Promise<{ bytes: Buffer; changedAt: number }> {
  const { size, mtimeMs } = await handle.stat();
  const bytes = Buffer.allocUnsafeSlow(size > MAX_SMALL_FILE_BYTES ? 0 : size);
  const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
  return { bytes: bytes.subarray(0, bytesRead), changedAt: mtimeMs };
}

/** Parses JSON. @returns undefined if the text is not JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
