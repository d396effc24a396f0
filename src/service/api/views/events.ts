import type { Static } from 'typebox';
import type { EventLog } from '../../event-log/event-log.ts';
import type { EventRecord } from '../../event-log/records.ts';
import type { EventSchema, EventStatsSchema } from '../schemas/events.ts';
import { toTime } from './time.ts';

/** Maps an entry of the event log. */
export function toWireEvent(event: EventRecord): Static<typeof EventSchema> {
  return {
    id: event.id,
    timestamp: toTime(event.time),
    event_type: event.type,
    category: event.category,
    message: event.message,
    container_id: event.containerId,
    stream_id: event.streamId,
    details: event.details,
  };
}

/** Maps the statistics of the event log to `GET /events/stats`. */
export function toWireEventStats(
  stats: Awaited<ReturnType<EventLog['stats']>>,
): Static<typeof EventStatsSchema> {
  return {
    total: stats.total,
    by_type: { engine: 0, stream: 0, vpn: 0, health: 0, system: 0, app: 0, ...stats.byType },
    by_category: stats.byCategory,
    oldest: toTime(stats.oldest),
    newest: toTime(stats.newest),
    dropped: stats.dropped,
    queued: stats.queued,
    store: stats.storage?.store ?? 'away',
  };
}
