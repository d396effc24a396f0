import type { DatabaseSync } from 'node:sqlite';

/** Kept in the file as `user_version`. A change of the tables takes the next number and a way there. */
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

/** The file is of a later Roundhouse: what it means is not known here. */
export class NewerFileError extends Error {
  override readonly name = 'NewerFileError';
}

/** Makes the tables in a new file. @throws NewerFileError */
export function ensureTables(db: DatabaseSync): void {
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version);
  if (version > VERSION) throw new NewerFileError(`its version is ${version}, known is ${VERSION}`);
  if (version === 0) db.exec(`BEGIN IMMEDIATE; ${TABLES} COMMIT;`);
}
