import { type TSchema, Type } from 'typebox';
import { EVENT_TYPES, type EventType } from '../../event-log/records.ts';
import { Count, Nullable, oneOf, Time } from './common.ts';
import { Since } from './since.ts';

const TypeSchema = oneOf(EVENT_TYPES, { description: 'What the event is about' });
const CategorySchema = Type.String({
  pattern: '^[a-z_]{1,64}$',
  description: 'What has happened, such as `created`, `started`, `ended`, `failed` or `recovered`',
});

/** An entry of the event log. */
export const EventSchema = Type.Object(
  {
    id: Type.Integer({ description: 'Increases with time' }),
    timestamp: Time,
    event_type: TypeSchema,
    category: CategorySchema,
    message: Type.String(),
    container_id: Nullable(Type.String()),
    stream_id: Nullable(Type.String()),
    details: Type.Record(
      Type.String(),
      Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]),
    ),
  },
  { title: 'Event' },
);

/** `GET /events`. */
export const EventsSchema = Type.Array(EventSchema);

/** Default of `limit`. */
export const DEFAULT_LIMIT = 100;

/** Query of `GET /events`. */
export const EventsQuery = Type.Object({
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 1000,
      default: DEFAULT_LIMIT,
      description: 'Maximum number of events',
    }),
  ),
  offset: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 999_999_999, default: 0, description: 'Number of events to skip' }),
  ),
  event_type: Type.Optional(TypeSchema),
  category: Type.Optional(CategorySchema),
  container_id: Type.Optional(Type.String({ minLength: 1, maxLength: 128 })),
  stream_id: Type.Optional(Type.String({ minLength: 1, maxLength: 8192 })),
  since: Type.Optional(Since),
  until: Type.Optional(Since),
  before_id: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: Number.MAX_SAFE_INTEGER,
      description: 'Only events with a smaller `id`: the next page after the last event of this one',
    }),
  ),
  q: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'Text in the message or an id, whatever its case',
    }),
  ),
});

/** `GET /events/stats`. */
export const EventStatsSchema = Type.Object(
  {
    total: Count(),
    by_type: Type.Object({
      engine: Count(),
      stream: Count(),
      vpn: Count(),
      health: Count(),
      system: Count(),
      app: Count(),
    } satisfies Record<EventType, TSchema>),
    by_category: Type.Record(Type.String(), Count()),
    oldest: Nullable(Time),
    newest: Nullable(Time),
    dropped: Count('Events lost since the start because the queue was full'),
    queued: Count('Changes that have not been written yet'),
    store: oneOf(['file', 'memory', 'away'], {
      description: 'Where the log is stored: in memory while its file cannot be written',
    }),
  },
  { title: 'EventStats' },
);

/** Query of `POST /events/cleanup`. Unknown parameters are refused. */
export const CleanupQuery = Type.Object(
  {
    max_age_days: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 36_500, default: 30, description: 'Older events are deleted' }),
    ),
  },
  { additionalProperties: false },
);

/** `POST /events/cleanup`. */
export const CleanedUpSchema = Type.Object({
  deleted: Count('Number of deleted events'),
  message: Type.String(),
});
