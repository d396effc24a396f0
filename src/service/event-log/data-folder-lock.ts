import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { ConfigError } from '../config/config.ts';
import { ensureFolder } from '../config/data-folder.ts';

/** A service that is being restarted may still be closing. */
const WAIT_MS = 2000;
/** @see https://www.sqlite.org/rescode.html#busy */
const SQLITE_BUSY = 5;

/** A database that is collected as garbage is closed, which would release its lock. */
const held = new Set<DatabaseSync>();

/**
 * Locks the data folder for this process, so that no second service uses it: both would write the same event log, end
 * each other's streams as left over, and overwrite each other's time series. The lock is one of the operating system
 * on the file `lock`, taken by SQLite, so it ends with the process, however that ends. A folder that cannot be written,
 * or whose file system has no locks, is not locked: nothing is lost in it.
 * @param dataDir created if it does not exist
 * @param waitMs how long to wait for another process. Default 2000.
 * @returns a function that releases the lock
 * @throws ConfigError if another process has the lock
 */
export function lockDataFolder(dataDir: string, waitMs: number = WAIT_MS): () => void {
  let database: DatabaseSync | undefined;
  try {
    ensureFolder(dataDir);
    database = new DatabaseSync(join(dataDir, 'lock'), { timeout: waitMs });
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    if ((error as { errcode?: number }).errcode !== SQLITE_BUSY) return () => {};
    throw new ConfigError([
      `DATA_DIR=${JSON.stringify(dataDir)} is used by another Roundhouse that is running: set another folder`,
    ]);
  }
  const locked = database;
  held.add(locked);
  return () => {
    held.delete(locked);
    locked.close();
  };
}
