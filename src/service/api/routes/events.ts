import type { Static } from 'typebox';
import { Type } from 'typebox';
import type { EventLog } from '../../event-log/event-log.ts';
import type { EventQuery, EventRecord } from '../../event-log/records.ts';
import { replaceUnmodified } from '../conditional.ts';
import type { Api } from '../context.ts';
import { problems } from '../schemas/common.ts';
import { EventSchema, EventStatsSchema, EventsQuery } from '../schemas/events.ts';
import { toMs } from '../schemas/since.ts';

/** The event log. */
export function eventRoutes(api: Api, eventLog: EventLog): void {
  api.get(
    '/events',
    {
      onSend: replaceUnmodified,
      schema: {
        tags: ['events'],
        summary: 'The event log, newest first',
        querystring: EventsQuery,
        response: {
          200: Type.Array(EventSchema),
          ...problems('invalid_request', 'history_unavailable'),
        },
      },
    },
    async ({ query }) => (await eventLog.events(toQuery(query))).map(toWireEvent),
  );

  api.get(
    '/events/stats',
    {
      schema: {
        tags: ['events'],
        summary: 'The event log in figures',
        response: { 200: EventStatsSchema, ...problems('history_unavailable') },
      },
    },
    async (_request, reply) => {
      const { total, byType, byCategory, oldest, newest, dropped, queued, storage } = await eventLog.stats();
      reply.header('Cache-Control', 'no-store');
      return {
        total,
        by_type: byType,
        by_category: byCategory,
        oldest: oldest === null ? null : toTime(oldest),
        newest: newest === null ? null : toTime(newest),
        dropped,
        queued,
        store: storage?.store ?? ('away' as const),
      };
    },
  );
}

function toQuery(query: Static<typeof EventsQuery>): EventQuery {
  const { limit = 100, offset = 0, event_type: type, category, container_id, stream_id, since } = query;
  return {
    limit,
    offset,
    ...(type !== undefined && { type }),
    ...(category !== undefined && { category }),
    ...(container_id !== undefined && { containerId: container_id }),
    ...(stream_id !== undefined && { streamId: stream_id }),
    ...(since !== undefined && { since: toMs(since) }),
  };
}

function toWireEvent(event: EventRecord): Static<typeof EventSchema> {
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

function toTime(ms: number): string {
  return new Date(ms).toISOString();
}
