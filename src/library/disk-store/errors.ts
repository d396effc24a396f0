/**
 * A disk store could not complete an operation. `code` is one of:
 *
 * - a code of the system, such as `ENOSPC` (disk full), `EIO` or `EACCES`;
 * - `ERR_STORE_TOO_LARGE`: the body exceeds `maxEntryBytes`;
 * - `ERR_STORE_FULL`: no room could be made, because other writes in progress need it;
 * - `ERR_STORE_TIMEOUT`: the disk did not respond within `timeoutMs`;
 * - `ERR_STORE_CORRUPT`: a block that was read does not have the hash of the one that was written;
 * - `ERR_STORE_FORMAT`: the folder contains something else, or a store of another version;
 * - `ERR_STORE_ABORTED`: the write was aborted, or had failed before;
 * - `ERR_STORE_CLOSED`: the store is closed.
 */
export class DiskStoreError extends Error {
  override readonly name = 'DiskStoreError';
  /** What went wrong; see the class. */
  readonly code: string;

  /** @param cause the error of the system, if there is one */
  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** Returns the code of an error of the system, such as `ENOENT`; undefined for other errors. */
export function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

/** Converts an error of the system to a {@link DiskStoreError} with its code. */
export function toStoreError(error: unknown, action: string): unknown {
  const code = codeOf(error);
  if (error instanceof DiskStoreError || code === undefined) return error;
  return new DiskStoreError(code, `the disk store cannot ${action}: ${(error as Error).message}`, error);
}

/**
 * Awaits an operation on a file that may be missing.
 * @returns its result, or undefined if the file does not exist
 */
export async function ifExists<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
