import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Stream } from '../streams/streams.ts';
import type { Change, EventCounts, EventFilter, EventRecord } from './records.ts';
import {
  eventValues,
  INSERT_EVENT,
  streamValues,
  toEvent,
  toStream,
  UPSERT_STREAM,
  whereClause,
} from './rows.ts';
import { ensureTables } from './schema.ts';

/** Another process, such as an operator's `sqlite3`, may have locked the file. */
const BUSY_TIMEOUT_MS = 1000;

const COUNTS = `
  SELECT type, category, count(*) AS count, min(time) AS oldest, max(time) AS newest
  FROM events GROUP BY type, category`;
const PRUNE_STREAMS = `
  DELETE FROM streams WHERE rowid IN (
    SELECT rowid FROM streams
    WHERE ended_at < ? OR ended_at <= (
      SELECT ended_at FROM streams WHERE ended_at IS NOT NULL ORDER BY ended_at DESC LIMIT 1 OFFSET ?)
    ORDER BY ended_at LIMIT ?)`;

/** SQLite's integrity check failed. */
export class CorruptFileError extends Error {
  override readonly name = 'CorruptFileError';
}

/** Events and streams in one SQLite database. Every method is synchronous and may block on the disk. */
export class Tables {
  readonly #db: DatabaseSync;
  readonly #insertEvent: StatementSync;
  readonly #upsertStream: StatementSync;
  #eventCount: number;

  /**
   * @param path a file, or `:memory:`
   * @throws CorruptFileError
   * @throws UnsupportedFileError
   * @throws Error of SQLite
   */
  constructor(path: string) {
    this.#db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
    try {
      // In WAL mode, a killed process loses no commit even without waiting for the disk, hence NORMAL.
      this.#db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
      const result = this.#db.prepare('PRAGMA quick_check(1)').get()?.quick_check;
      if (result !== 'ok') throw new CorruptFileError(String(result));
      ensureTables(this.#db);
      this.#insertEvent = this.#db.prepare(INSERT_EVENT);
      this.#upsertStream = this.#db.prepare(UPSERT_STREAM);
      this.#eventCount = this.count({});
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /** Number of stored events, from memory. */
  get eventCount(): number {
    return this.#eventCount;
  }

  /** Stores all changes in one transaction. Events that are already stored are ignored. */
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

  /** Returns matching events, newest first. */
  events(filter: EventFilter, limit: number, offset: number): EventRecord[] {
    const { where, values } = whereClause(filter);
    const rows = this.#db.prepare(`SELECT * FROM events ${where} ORDER BY id DESC LIMIT ? OFFSET ?`);
    return rows.all(...values, limit, offset).map(toEvent);
  }

  /** Returns the number of matching events. */
  count(filter: EventFilter): number {
    const { where, values } = whereClause(filter);
    const row = this.#db.prepare(`SELECT count(*) AS count FROM events ${where}`).get(...values);
    return Number(row?.count);
  }

  /** Counts all events by type and category. */
  counts(): EventCounts {
    const rows = this.#db.prepare(COUNTS).all();
    const counts: EventCounts = { total: 0, byType: {}, byCategory: {}, oldest: null, newest: null };
    for (const { type, category, count, oldest, newest } of rows) {
      addCounts(counts, {
        total: Number(count),
        byType: { [String(type)]: Number(count) },
        byCategory: { [String(category)]: Number(count) },
        oldest: Number(oldest),
        newest: Number(newest),
      });
    }
    return counts;
  }

  /**
   * Returns the `maxEnded` latest streams that have ended, in the order of their ends, followed by all streams
   * that have not ended.
   */
  streams(maxEnded: number): Stream[] {
    const open = this.#db.prepare('SELECT * FROM streams WHERE ended_at IS NULL ORDER BY started_at').all();
    const ended = this.#db
      .prepare('SELECT * FROM streams WHERE ended_at IS NOT NULL ORDER BY ended_at DESC LIMIT ?')
      .all(maxEnded);
    return [...ended.reverse(), ...open].map(toStream);
  }

  /** Returns up to `limit` events and up to `limit` streams, oldest first, to be moved to another database. */
  oldest(limit: number): Change[] {
    const events = this.#db.prepare('SELECT * FROM events ORDER BY id LIMIT ?').all(limit);
    const streams = this.#db.prepare('SELECT * FROM streams ORDER BY rowid LIMIT ?').all(limit);
    return [
      ...events.map((row) => ({ event: toEvent(row) })),
      ...streams.map((row) => ({ stream: toStream(row) })),
    ];
  }

  /** Deletes events and streams. */
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

  /**
   * Deletes the oldest events in excess of `maxEvents`, at most `limit` of them.
   * @returns the number of deleted events
   */
  pruneExcess(maxEvents: number, limit: number): number {
    const excess = Math.min(limit, this.#eventCount - maxEvents);
    return excess <= 0 ? 0 : this.#deleteOldest(Number.MAX_SAFE_INTEGER, excess);
  }

  /**
   * Deletes events and ended streams from before a time, and the oldest ended streams in excess of `maxEnded`;
   * at most `limit` events and `limit` streams.
   * @param before milliseconds since the epoch
   * @returns the number of deleted rows
   */
  pruneExpired(before: number, maxEnded: number, limit: number): number {
    const streams = this.#db.prepare(PRUNE_STREAMS).run(before, maxEnded, limit);
    return this.deleteBefore(before, limit) + Number(streams.changes);
  }

  /**
   * Deletes the oldest events from before a time, at most `limit` of them.
   * @param before milliseconds since the epoch
   * @returns the number of deleted events
   */
  deleteBefore(before: number, limit: number): number {
    // By ID, which is the primary key and grows with time.
    return this.#deleteOldest(before * 1000, limit);
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
      // SQLite itself may have rolled back, for example because the disk is full.
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK');
      throw error;
    }
  }

  /** Closes the database. */
  close(): void {
    this.#db.close();
  }
}

/** Adds the counts of another part of the log to `sum`. */
export function addCounts(sum: EventCounts, part: EventCounts): void {
  sum.total += part.total;
  for (const field of ['byType', 'byCategory'] as const) {
    for (const [name, count] of Object.entries(part[field]))
      sum[field][name] = (sum[field][name] ?? 0) + count;
  }
  if (part.oldest !== null) sum.oldest = Math.min(sum.oldest ?? part.oldest, part.oldest);
  if (part.newest !== null) sum.newest = Math.max(sum.newest ?? part.newest, part.newest);
}
