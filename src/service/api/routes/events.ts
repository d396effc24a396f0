import type { Static } from 'typebox';
import type { EventQuery } from '../../event-log/records.ts';
import { replaceUnmodified } from '../conditional.ts';
import type { Api } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';
import {
  CleanedUpSchema,
  CleanupQuery,
  DEFAULT_LIMIT,
  EventStatsSchema,
  EventsQuery,
  EventsSchema,
} from '../schemas/events.ts';
import { KEY_SECURITY, problems, WRITE_CODES } from '../schemas/problem.ts';
import { toMs } from '../schemas/since.ts';
import { toWireEvent, toWireEventStats } from '../views/events.ts';

const DEFAULT_MAX_AGE_DAYS = 30;
const DAY_MS = 86_400_000;

/** `/events`: the event log. */
export function eventRoutes(
  api: Api,
  { eventLog, checkKey }: Pick<RouteDependencies, 'eventLog' | 'checkKey'>,
): void {
  api.get(
    '/',
    {
      onSend: replaceUnmodified,
      schema: {
        tags: ['events'],
        summary: 'Query the event log, newest first',
        description: 'All filters can be combined. Unknown parameters are refused.',
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
        description: 'Counts by type, and the time of the oldest event.',
        response: { 200: EventStatsSchema, ...problems('history_unavailable') },
      },
    },
    async (_request, reply) => {
      const stats = await eventLog.stats();
      reply.header('Cache-Control', 'no-store');
      return toWireEventStats(stats);
    },
  );

  api.post(
    '/cleanup',
    {
      onRequest: checkKey,
      schema: {
        tags: ['events'],
        summary: 'Delete old events',
        description: 'Deletes all events older than `max_age_days`.',
        security: KEY_SECURITY,
        querystring: CleanupQuery,
        response: { 200: CleanedUpSchema, ...problems(...WRITE_CODES, 'history_unavailable') },
      },
    },
    async ({ query: { max_age_days: days = DEFAULT_MAX_AGE_DAYS } }) => {
      const deleted = await eventLog.deleteBefore(Date.now() - days * DAY_MS);
      return { deleted, message: `Deleted ${deleted} events older than ${days} days` };
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
    until,
    before_id: beforeId,
    q: text,
  } = query;
  return {
    limit,
    offset,
    ...(type !== undefined && { type }),
    ...(category !== undefined && { category }),
    ...(container_id !== undefined && { containerId: container_id }),
    ...(stream_id !== undefined && { streamId: stream_id }),
    ...(since !== undefined && { since: toMs(since) }),
    ...(until !== undefined && { until: toMs(until) }),
    ...(beforeId !== undefined && { beforeId }),
    ...(text !== undefined && { text }),
  };
}
