import type { SQLOutputValue } from 'node:sqlite';
import type { KeyType, Stream } from '../streams/streams.ts';
import type { Category, EventFilter, EventRecord, EventType } from './records.ts';

type Row = Record<string, SQLOutputValue>;

/** Inserts an event unless its ID exists. */
export const INSERT_EVENT = `
  INSERT OR IGNORE INTO events (id, time, type, category, container_id, stream_id, message, details)
  VALUES ($id, $time, $type, $category, $containerId, $streamId, $message, $details)`;

/** Inserts a stream, or updates its end. */
export const UPSERT_STREAM = `
  INSERT INTO streams (id, started_at, ended_at, key_type, key, name, container_id, playback_session_id, stat_url,
    command_url, is_live)
  VALUES ($id, $startedAt, $endedAt, $keyType, $key, $name, $engineId, $playbackSessionId, $statUrl, $commandUrl,
    $isLive)
  ON CONFLICT (id, started_at) DO UPDATE SET ended_at = excluded.ended_at, name = excluded.name`;

/** Named parameters of {@link INSERT_EVENT}. */
export function eventValues(event: EventRecord) {
  return { ...event, details: JSON.stringify(event.details) };
}

/** Named parameters of {@link UPSERT_STREAM}. */
export function streamValues(stream: Stream) {
  const { id, startedAt, endedAt, keyType, key, name, engineId, playbackSessionId, statUrl, commandUrl } =
    stream;
  const isLive = stream.isLive ? 1 : 0;
  return {
    id,
    startedAt,
    endedAt,
    keyType,
    key,
    name,
    engineId,
    playbackSessionId,
    statUrl,
    commandUrl,
    isLive,
  };
}

/** Converts a row of the `events` table. */
export function toEvent(row: Row): EventRecord {
  return {
    id: row.id as number,
    time: row.time as number,
    type: row.type as EventType,
    category: row.category as Category,
    containerId: row.container_id as string | null,
    streamId: row.stream_id as string | null,
    message: row.message as string,
    details: JSON.parse(row.details as string),
  };
}

/** Converts a row of the `streams` table. */
export function toStream(row: Row): Stream {
  return {
    id: row.id as string,
    keyType: row.key_type as KeyType,
    key: row.key as string,
    name: row.name as string | null,
    engineId: row.container_id as string | null,
    playbackSessionId: row.playback_session_id as string,
    statUrl: row.stat_url as string,
    commandUrl: row.command_url as string,
    isLive: row.is_live === 1,
    startedAt: row.started_at as number,
    endedAt: row.ended_at as number | null,
  };
}

const CONTAINS = `(message || ' ' || ifnull(container_id, '') || ' ' || ifnull(stream_id, '')) LIKE ? ESCAPE '\\'`;

/**
 * Translates a filter to SQL.
 * @returns the `WHERE` clause, with a placeholder for each of the values
 */
export function whereClause(filter: EventFilter): { where: string; values: (string | number)[] } {
  const conditions: [string, string | number | undefined][] = [
    ['type = ?', filter.type],
    ['category = ?', filter.category],
    ['container_id = ?', filter.containerId],
    ['stream_id = ?', filter.streamId],
    ['time >= ?', filter.since],
    ['time < ?', filter.until],
    ['id < ?', filter.beforeId],
    [CONTAINS, filter.text === undefined ? undefined : `%${filter.text.replace(/[\\%_]/g, '\\$&')}%`],
  ];
  const given = conditions.filter((entry): entry is [string, string | number] => entry[1] !== undefined);
  return {
    where: given.length === 0 ? '' : `WHERE ${given.map(([condition]) => condition).join(' AND ')}`,
    values: given.map(([, value]) => value),
  };
}
