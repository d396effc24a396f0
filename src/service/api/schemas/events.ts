import { Type } from 'typebox';
import { EVENT_TYPES } from '../../event-log/describe.ts';
import { CATEGORIES } from '../../event-log/records.ts';
import { Nullable, Time } from './common.ts';
import { Since } from './since.ts';

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

export const EventsQuery = Type.Object({
  limit: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 1000, default: 100, description: 'Maximum number of events' }),
  ),
  offset: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 999_999_999, default: 0, description: 'Number of events to skip' }),
  ),
  event_type: Type.Optional(Type.Enum(EVENT_TYPES, { type: 'string' })),
  category: Type.Optional(CategorySchema),
  container_id: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  stream_id: Type.Optional(Type.String({ minLength: 1, maxLength: 8192 })),
  since: Type.Optional(Since),
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
