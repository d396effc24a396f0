import type { DatabaseSync } from 'node:sqlite';

/** Stored in the file as `user_version`. Every change of the tables needs the next number and a migration. */
const VERSION = 3;

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
    name TEXT,
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

/** Version 1 had the names of domain events as types, and the present types, roughly, as categories. */
const FROM_VERSION_1 = `
  UPDATE events SET
    category = CASE type
      WHEN 'engine_started' THEN 'created'
      WHEN 'engine_stopped' THEN iif(details ->> 'reason' = 'deleted', 'deleted', 'failed')
      WHEN 'engine_changed' THEN CASE details ->> 'change'
        WHEN 'health' THEN CASE details ->> 'health'
          WHEN 'healthy' THEN 'recovered' WHEN 'unhealthy' THEN 'failed' ELSE 'warning' END
        WHEN 'deleting' THEN iif(details ->> 'deleting', 'deleting', 'failed')
        ELSE 'forwarded' END
      WHEN 'runtime_connected' THEN 'connected'
      WHEN 'runtime_disconnected' THEN 'disconnected'
      WHEN 'vpn_changed' THEN iif(details ->> 'connected', 'connected', 'disconnected')
      WHEN 'vpn_emergency' THEN iif(details ->> 'active', 'failed', 'recovered')
      WHEN 'vpn_restarted' THEN 'restarted'
      WHEN 'breaker_changed' THEN 'circuit_breaker'
      WHEN 'leadership_changed' THEN 'leadership'
      WHEN 'stream_started' THEN 'started'
      WHEN 'stream_ended' THEN 'ended'
      WHEN 'streams_restored' THEN 'restored'
      ELSE 'warning' END,
    type = CASE
      WHEN type = 'engine_changed' AND details ->> 'change' = 'health' THEN 'health'
      WHEN category IN ('engine', 'stream', 'vpn') THEN category
      ELSE 'system' END;
`;

/** Version 2 had no names of streams. */
const FROM_VERSION_2 = `
  ALTER TABLE streams ADD COLUMN name TEXT;
  PRAGMA user_version = ${VERSION};
`;

/** A valid SQLite file of another program, or of another version of this one. */
export class UnsupportedFileError extends Error {
  override readonly name = 'UnsupportedFileError';
}

/** Creates the tables in a new file, or migrates those of an earlier version. @throws UnsupportedFileError */
export function ensureTables(db: DatabaseSync): void {
  const version = Number(db.prepare('PRAGMA user_version').get()?.user_version);
  if (version === VERSION) return;
  if (version === 1) {
    db.exec(`BEGIN IMMEDIATE; ${FROM_VERSION_1} ${FROM_VERSION_2} COMMIT;`);
    return;
  }
  if (version === 2) {
    db.exec(`BEGIN IMMEDIATE; ${FROM_VERSION_2} COMMIT;`);
    return;
  }
  if (version !== 0) throw new UnsupportedFileError(`schema version ${version}, supported is ${VERSION}`);
  const tables = Number(db.prepare('SELECT count(*) AS count FROM sqlite_schema').get()?.count);
  if (tables > 0) throw new UnsupportedFileError('it contains tables of another program');
  db.exec(`BEGIN IMMEDIATE; ${TABLES} COMMIT;`);
}
