import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Stream } from '../streams/streams.ts';
import type { Change, EventCounts, EventFilter, EventRecord } from './records.ts';
import {
  conditions,
  eventValues,
  INSERT_EVENT,
  streamValues,
  toEvent,
  toStream,
  UPSERT_STREAM,
} from './rows.ts';
import { ensureTables } from './schema.ts';

/** Another process may hold the file, an operator's `sqlite3` among them. */
const BUSY_TIMEOUT_MS = 1000;

const FIGURES = `
  SELECT type, category, count(*) AS count, min(time) AS oldest, max(time) AS newest
  FROM events GROUP BY type, category`;
const PRUNE_STREAMS = `
  DELETE FROM streams WHERE rowid IN (
    SELECT rowid FROM streams
    WHERE ended_at < ? OR ended_at <= (
      SELECT ended_at FROM streams WHERE ended_at IS NOT NULL ORDER BY ended_at DESC LIMIT 1 OFFSET ?)
    ORDER BY ended_at LIMIT ?)`;

/** The pages of the file do not hold together. */
export class DamagedFileError extends Error {
  override readonly name = 'DamagedFileError';
}

/** Events and streams in one SQLite database. Every call is synchronous, and may wait for the disk. */
export class Tables {
  readonly #db: DatabaseSync;
  readonly #insertEvent: StatementSync;
  readonly #upsertStream: StatementSync;
  #eventCount: number;

  /** @param path a file, or `:memory:`. @throws Error of SQLite, DamagedFileError, UnknownFileError. */
  constructor(path: string) {
    this.#db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
    try {
      // With a write-ahead log, a process that is killed loses no commit; NORMAL saves the wait for the disk.
      this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
      const verdict = this.#db.prepare('PRAGMA quick_check(1)').get()?.quick_check;
      if (verdict !== 'ok') throw new DamagedFileError(String(verdict));
      ensureTables(this.#db);
      this.#insertEvent = this.#db.prepare(INSERT_EVENT);
      this.#upsertStream = this.#db.prepare(UPSERT_STREAM);
      this.#eventCount = this.count({});
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  get eventCount(): number {
    return this.#eventCount;
  }

  /** Writes all of the changes or, when it throws, none. Events that are there already stay as they are. */
  write(changes: readonly Change[]): void {
    const inserted = this.#inTransaction(() => {
      let events = 0;
      for (const change of changes) {
        if ('event' in change) events += Number(this.#insertEvent.run(eventValues(change.event)).changes);
        else this.#upsertStream.run(streamValues(change.stream));
      }
      return events;
    });
    this.#eventCount += inserted;
  }

  /** Newest first. */
  events(filter: EventFilter, limit: number, offset: number): EventRecord[] {
    const { where, values } = conditions(filter);
    const rows = this.#db.prepare(`SELECT * FROM events ${where} ORDER BY id DESC LIMIT ? OFFSET ?`);
    return rows.all(...values, limit, offset).map(toEvent);
  }

  count(filter: EventFilter): number {
    const { where, values } = conditions(filter);
    const row = this.#db.prepare(`SELECT count(*) AS count FROM events ${where}`).get(...values);
    return Number(row?.count);
  }

  figures(): EventCounts {
    const rows = this.#db.prepare(FIGURES).all();
    const figures: EventCounts = { total: 0, byType: {}, byCategory: {}, oldest: null, newest: null };
    for (const { type, category, count, oldest, newest } of rows) {
      addFigures(figures, {
        total: Number(count),
        byType: { [String(type)]: Number(count) },
        byCategory: { [String(category)]: Number(count) },
        oldest: Number(oldest),
        newest: Number(newest),
      });
    }
    return figures;
  }

  /** Streams that have not ended, and the `ended` last ones that have, in the order of their ends. */
  streams(ended: number): Stream[] {
    const open = this.#db.prepare('SELECT * FROM streams WHERE ended_at IS NULL ORDER BY started_at').all();
    const past = this.#db
      .prepare('SELECT * FROM streams WHERE ended_at IS NOT NULL ORDER BY ended_at DESC LIMIT ?')
      .all(ended);
    return [...past.reverse(), ...open].map(toStream);
  }

  /** The `limit` oldest events, and so many streams: what would be moved to another database first. */
  oldest(limit: number): Change[] {
    const events = this.#db.prepare('SELECT * FROM events ORDER BY id LIMIT ?').all(limit);
    const streams = this.#db.prepare('SELECT * FROM streams ORDER BY rowid LIMIT ?').all(limit);
    return [
      ...events.map((row) => ({ event: toEvent(row) })),
      ...streams.map((row) => ({ stream: toStream(row) })),
    ];
  }

  remove(changes: readonly Change[]): void {
    const event = this.#db.prepare('DELETE FROM events WHERE id = ?');
    const stream = this.#db.prepare('DELETE FROM streams WHERE id = ? AND started_at = ?');
    const removed = this.#inTransaction(() => {
      let events = 0;
      for (const change of changes) {
        if ('event' in change) events += Number(event.run(change.event.id).changes);
        else stream.run(change.stream.id, change.stream.startedAt);
      }
      return events;
    });
    this.#eventCount -= removed;
  }

  /** Removes the oldest events above `maxEvents`, at most `slice` of them. @returns how many. */
  pruneSurplus(maxEvents: number, slice: number): number {
    const surplus = Math.min(slice, this.#eventCount - maxEvents);
    return surplus <= 0 ? 0 : this.#deleteOldest(Number.MAX_SAFE_INTEGER, surplus);
  }

  /**
   * Removes what is from before `before`, and the ended streams above `maxStreams`, at most `slice` of each.
   * @returns how many.
   */
  pruneAged(before: number, maxStreams: number, slice: number): number {
    const streams = this.#db.prepare(PRUNE_STREAMS).run(before, maxStreams, slice);
    // Ids grow with time, and are the key.
    return this.#deleteOldest(before * 1000, slice) + Number(streams.changes);
  }

  #deleteOldest(belowId: number, limit: number): number {
    const statement = this.#db.prepare(
      'DELETE FROM events WHERE id IN (SELECT id FROM events WHERE id < ? ORDER BY id LIMIT ?)',
    );
    const removed = Number(statement.run(belowId, limit).changes);
    this.#eventCount -= removed;
    return removed;
  }

  #inTransaction<T>(step: () => T): T {
    this.#db.exec('BEGIN IMMEDIATE');
    try {
      const result = step();
      this.#db.exec('COMMIT');
      return result;
    } catch (error) {
      // A full disk may have ended it already.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  close(): void {
    this.#db.close();
  }
}

/** Adds the figures of another part of the log to `sum`. */
export function addFigures(sum: EventCounts, part: EventCounts): void {
  sum.total += part.total;
  for (const field of ['byType', 'byCategory'] as const) {
    for (const [name, count] of Object.entries(part[field]))
      sum[field][name] = (sum[field][name] ?? 0) + count;
  }
  if (part.oldest !== null) sum.oldest = Math.min(sum.oldest ?? part.oldest, part.oldest);
  if (part.newest !== null) sum.newest = Math.max(sum.newest ?? part.newest, part.newest);
}
