import type { Static } from 'typebox';
import type { EventQuery } from '../../event-log/records.ts';
import { replaceUnmodified } from '../conditional.ts';
import type { Api } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { DEFAULT_LIMIT, EventStatsSchema, EventsQuery, EventsSchema } from '../schemas/events.ts';
import { problems } from '../schemas/problem.ts';
import { toMs } from '../schemas/since.ts';
import { toWireEvent, toWireEventStats } from '../views/events.ts';

/** `/events`: the event log. */
export function eventRoutes(api: Api, { eventLog }: Pick<RouteDependencies, 'eventLog'>): void {
  api.get(
    '/',
    {
      onSend: replaceUnmodified,
      schema: {
        tags: ['events'],
        summary: 'Query the event log, newest first',
        querystring: EventsQuery,
        response: { 200: EventsSchema, ...problems('invalid_request', 'history_unavailable') },
      },
    },
    async ({ query }) => (await eventLog.events(toEventQuery(query))).map(toWireEvent),
  );

  api.get(
    '/stats',
    {
      schema: {
        tags: ['events'],
        summary: 'Statistics of the event log',
        response: { 200: EventStatsSchema, ...problems('history_unavailable') },
      },
    },
    async (_request, reply) => {
      const stats = await eventLog.stats();
      reply.header('Cache-Control', 'no-store');
      return toWireEventStats(stats);
    },
  );
}

function toEventQuery(query: Static<typeof EventsQuery>): EventQuery {
  const {
    limit = DEFAULT_LIMIT,
    offset = 0,
    event_type: type,
    category,
    container_id,
    stream_id,
    since,
  } = query;
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
