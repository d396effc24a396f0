import { closeSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ensureFolder } from '../config/data-folder.ts';
import { UnsupportedFileError } from './schema.ts';
import { CorruptFileError, Tables } from './tables.ts';

/** `SQLITE_CORRUPT` and `SQLITE_NOTADB`. */
const CORRUPTION_CODES = new Set([11, 26]);
/** `SQLITE_ERROR`: when a file is opened, its tables are missing or have other columns. */
const SCHEMA_MISMATCH_CODE = 1;
/** SQLite's files: the database, and beside it the write-ahead log and the shared memory that belong to it. */
const SUFFIXES = ['', '-wal', '-shm'];
/** A limit, because quarantined files could otherwise fill the disk whose faults produced them. */
const MAX_QUARANTINED = 3;

/** @see https://www.sqlite.org/rescode.html */
interface SqliteError extends Error {
  errcode?: number;
}

/** Whether an error means that the content of the file is corrupt. */
export function isCorruptionError(error: unknown): boolean {
  return error instanceof CorruptFileError || CORRUPTION_CODES.has(resultCode(error));
}

/** SQLite's primary result code, or 0 for any other error. */
function resultCode(error: unknown): number {
  return ((error as SqliteError).errcode ?? 0) & 0xff;
}

/**
 * Opens the database, creating the file and its folder if they do not exist. A file that cannot be used is
 * quarantined and replaced by a new one.
 * @param onQuarantine called with the new name of the quarantined file and the reason
 * @throws Error if no file can be opened or created at this path
 */
export function openFile(path: string, onQuarantine: (name: string, cause: Error) => void): Tables {
  ensureFolder(dirname(path));
  try {
    return openPrivately(path);
  } catch (error) {
    const isUnsupported = error instanceof UnsupportedFileError;
    const isUnusable =
      isUnsupported || isCorruptionError(error) || resultCode(error) === SCHEMA_MISMATCH_CODE;
    if (!isUnusable) throw error;
    onQuarantine(quarantine(path, isUnsupported ? 'unknown' : 'damaged'), error as Error);
    return openPrivately(path);
  }
}

/**
 * Creates the file readable by its owner only, because it contains addresses and keys of streams. SQLite gives
 * the files beside it the same mode.
 */
function openPrivately(path: string): Tables {
  closeSync(openSync(path, 'a', 0o600));
  return new Tables(path);
}

/**
 * Renames the database and the files beside it, and deletes all but the latest three quarantined files.
 * @param label `damaged` for a corrupt file, `unknown` for one of another program or version
 * @returns the new name, without its folder
 */
export function quarantine(path: string, label: 'damaged' | 'unknown'): string {
  const time = new Date().toISOString().replace(/[:.]/g, '-');
  const stem = join(dirname(path), basename(path, '.sqlite'));
  const target = `${stem}.${label}-${time}.sqlite`;
  for (const suffix of SUFFIXES) {
    try {
      renameSync(path + suffix, target + suffix);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  deleteOldest(`${stem}.${label}-`);
  return basename(target);
}

function deleteOldest(prefix: string): void {
  const names = readdirSync(dirname(prefix)).filter(
    (name) => name.startsWith(basename(prefix)) && name.endsWith('.sqlite'),
  );
  // ISO times sort chronologically.
  for (const name of names.sort().slice(0, -MAX_QUARANTINED)) {
    for (const suffix of SUFFIXES) rmSync(join(dirname(prefix), name + suffix), { force: true });
  }
}
