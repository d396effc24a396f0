import { closeSync, mkdirSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { UnknownFileError } from './schema.ts';
import { DamagedFileError, Tables } from './tables.ts';

/** SQLite's codes for a file whose content is at fault: SQLITE_CORRUPT and SQLITE_NOTADB. */
const DAMAGE = new Set([11, 26]);
/** SQLITE_ERROR: at opening, tables that are not ours, or not all of them. */
const STRANGE_TABLES = 1;
/** SQLite keeps parts of a database in files beside it, which belong to that database alone. */
const PARTS = ['', '-wal', '-shm'];
/** Files set aside would otherwise fill the disk that made them. */
const KEPT_ASIDE = 3;

interface SqliteError extends Error {
  errcode?: number;
}

/** Whether an error says that the content of the file cannot be trusted. */
export function tellsDamage(error: unknown): boolean {
  return error instanceof DamagedFileError || DAMAGE.has(resultCode(error));
}

/** SQLite's primary result code, or 0 for another error. */
function resultCode(error: unknown): number {
  return ((error as SqliteError).errcode ?? 0) & 0xff;
}

/**
 * Opens the file, making it and its folder where they are not there. One that cannot be used is set aside
 * and a new one made in its place.
 * @param onSetAside told of the new name of a file that was set aside, and why
 * @throws Error if there can be no file at this path now
 */
export function openFile(path: string, onSetAside: (name: string, cause: Error) => void): Tables {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    return openPrivately(path);
  } catch (error) {
    const unusable =
      tellsDamage(error) || error instanceof UnknownFileError || resultCode(error) === STRANGE_TABLES;
    if (!unusable) throw error;
    onSetAside(setAside(path, error instanceof UnknownFileError ? 'unknown' : 'damaged'), error as Error);
    return openPrivately(path);
  }
}

/** Addresses and keys of streams are nobody else's business; SQLite gives its other files the same mode. */
function openPrivately(path: string): Tables {
  closeSync(openSync(path, 'a', 0o600));
  return new Tables(path);
}

/** Renames the file and its parts. @returns its new name */
export function setAside(path: string, why: 'damaged' | 'unknown'): string {
  const time = new Date().toISOString().replace(/[:.]/g, '-');
  const stem = join(dirname(path), basename(path, '.sqlite'));
  const target = `${stem}.${why}-${time}.sqlite`;
  for (const part of PARTS) {
    try {
      renameSync(path + part, target + part);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  forgetOldest(`${stem}.${why}-`);
  return basename(target);
}

function forgetOldest(start: string): void {
  const names = readdirSync(dirname(start)).filter(
    (name) => name.startsWith(basename(start)) && name.endsWith('.sqlite'),
  );
  // The time in the name is in an order that sorts.
  for (const name of names.sort().slice(0, -KEPT_ASIDE)) {
    for (const part of PARTS) rmSync(join(dirname(start), name + part), { force: true });
  }
}
