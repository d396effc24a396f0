import { Type } from 'typebox';
import { EVENT_TYPES } from '../../event-log/describe.ts';
import { CATEGORIES } from '../../event-log/records.ts';
import { Nullable, Time } from './common.ts';
import { Moment } from './moment.ts';

const Count = Type.Integer({ minimum: 0 });

const CategorySchema = Type.Enum([...CATEGORIES], { type: 'string' });

export const EventSchema = Type.Object({
  id: Type.Integer({ description: 'Grows with time' }),
  timestamp: Time,
  event_type: Type.String(),
  category: CategorySchema,
  message: Type.String(),
  container_id: Nullable(Type.String()),
  stream_id: Nullable(Type.String()),
  details: Type.Record(
    Type.String(),
    Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]),
  ),
});

/** Numbers in a query are text: nothing is converted before the pattern has been checked. */
export const EventsQuery = Type.Object({
  limit: Type.Optional(
    Type.String({ pattern: '^([1-9]\\d{0,2}|1000)$', description: '1 to 1000; 100 where it is not given' }),
  ),
  offset: Type.Optional(Type.String({ pattern: '^\\d{1,9}$', description: 'Events to pass over' })),
  event_type: Type.Optional(Type.Enum(EVENT_TYPES, { type: 'string' })),
  category: Type.Optional(CategorySchema),
  container_id: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  stream_id: Type.Optional(Type.String({ minLength: 1, maxLength: 8192 })),
  since: Type.Optional(Moment),
});

export const EventStatsSchema = Type.Object({
  total: Count,
  by_type: Type.Record(Type.String(), Count),
  by_category: Type.Record(Type.String(), Count),
  oldest: Nullable(Time),
  newest: Nullable(Time),
  dropped: Type.Integer({ minimum: 0, description: 'Events lost since the start for want of room' }),
  queued: Type.Integer({ minimum: 0, description: 'Changes that wait to be written' }),
  store: Type.Union([Type.Literal('file'), Type.Literal('memory'), Type.Literal('away')], {
    description: 'Where the log is kept; in memory while its file cannot be written',
  }),
});
