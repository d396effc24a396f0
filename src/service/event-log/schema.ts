import type { DatabaseSync } from 'node:sqlite';

/** Stored in the file as `user_version`. Every change of the tables needs the next number and a migration. */
const VERSION = 1;

const TABLES = `
  CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    time INTEGER NOT NULL,
    type TEXT NOT NULL,
    category TEXT NOT NULL,
    container_id TEXT,
    stream_id TEXT,
    message TEXT NOT NULL,
    details TEXT NOT NULL CHECK (json_valid(details))
  ) STRICT;
  CREATE TABLE streams (
    id TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    key_type TEXT NOT NULL,
    key TEXT NOT NULL,
    container_id TEXT,
    playback_session_id TEXT NOT NULL,
    stat_url TEXT NOT NULL,
    command_url TEXT NOT NULL,
    is_live INTEGER NOT NULL,
    UNIQUE (id, started_at)
  ) STRICT;
  CREATE INDEX streams_by_end ON streams (ended_at);
  PRAGMA user_version = ${VERSION};
`;

/** A valid SQLite file of another program, or of another version of this one. */
export class UnsupportedFileError extends Error {
  override readonly name = 'UnsupportedFileError';
}

/** Creates the tables in a new file. @throws UnsupportedFileError */
export function ensureTables(db: DatabaseSync): void {
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version);
  if (version === VERSION) return;
  if (version !== 0) throw new UnsupportedFileError(`schema version ${version}, supported is ${VERSION}`);
  const tables = Number(db.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.count);
  if (tables > 0) throw new UnsupportedFileError('it contains tables of another program');
  db.exec(`BEGIN IMMEDIATE; ${TABLES} COMMIT;`);
}
