import { Type } from 'typebox';
import { Bytes, Nullable, oneOf, Time } from './common.ts';
import { SinceTime } from './since.ts';

const KeyType = oneOf(['content_id', 'infohash', 'url', 'magnet']);
/** The limits on texts bound what one report adds to each list of streams: 13 kB. A key can be a magnet link. */
const MAX_KEY_LENGTH = 4096;
const MAX_SESSION_ID_LENGTH = 256;
const Key = Type.String({ minLength: 1, maxLength: MAX_KEY_LENGTH });
const SessionId = Type.String({ minLength: 1, maxLength: MAX_SESSION_ID_LENGTH });
const SessionUrl = Type.String({ minLength: 1, maxLength: 2048 });
const EngineHost = Type.String({ minLength: 1, maxLength: 255 });
/** Long enough for the id of a stream whose client sends none: key, `|` and session id. */
const StreamId = Type.String({ minLength: 1, maxLength: MAX_KEY_LENGTH + 1 + MAX_SESSION_ID_LENGTH });
const Label = Type.String({ maxLength: MAX_KEY_LENGTH });
const Labels = Type.Object(
  {
    stream_id: Type.Optional(Label),
    'proxy.name': Type.Optional(
      Type.String({ maxLength: MAX_KEY_LENGTH, description: 'Name of the stream' }),
    ),
  },
  { additionalProperties: Label },
);
const EXAMPLE_KEY = '0123456789abcdef0123456789abcdef01234567';
const EXAMPLE_SESSION = {
  playback_session_id: '4f1c2b8a',
  stat_url: `http://127.0.0.1:19000/ace/stat/${EXAMPLE_KEY}/4f1c2b8a`,
  command_url: `http://127.0.0.1:19000/ace/cmd/${EXAMPLE_KEY}/4f1c2b8a`,
  is_live: 1,
};
/** Default of `limit` of `GET /streams`. */
export const DEFAULT_LIMIT = 500;
const CLOSED = { additionalProperties: false };
const ContainerId = Type.String({ minLength: 1, maxLength: 128 });

const StreamFigureFields = {
  peers: Nullable(Type.Number({ minimum: 0 })),
  speed_down: Nullable(Type.Number({ minimum: 0, description: 'KB/s' })),
  speed_up: Nullable(Type.Number({ minimum: 0, description: 'KB/s' })),
  downloaded: Nullable(Bytes('Since the start of the session')),
  uploaded: Nullable(Bytes('Since the start of the session')),
};

/** A stream. */
export const StreamSchema = Type.Object(
  {
    id: Type.String(),
    key_type: KeyType,
    key: Type.String(),
    name: Nullable(
      Type.String({ description: 'The label `proxy.name` of its client, or the title of its content' }),
    ),
    container_id: Nullable(Type.String()),
    playback_session_id: Type.String(),
    stat_url: Type.String(),
    command_url: Type.String(),
    is_live: Type.Boolean(),
    started_at: Time,
    ended_at: Nullable(Time),
    status: oneOf(['started', 'ended']),
    ...StreamFigureFields,
  },
  { title: 'Stream' },
);

const EngineText = Nullable(Type.String({ description: 'As the engine reports it' }));

/** A sample of a stream's statistics. */
export const StreamSampleSchema = Type.Object(
  {
    ts: Time,
    ...StreamFigureFields,
    status: EngineText,
    livepos: Nullable(
      Type.Object({
        pos: EngineText,
        live_first: EngineText,
        live_last: EngineText,
        first_ts: EngineText,
        last_ts: EngineText,
        is_live: EngineText,
        buffer_pieces: EngineText,
      }),
    ),
  },
  { title: 'StreamSample' },
);

/** `GET /streams`. */
export const StreamsSchema = Type.Array(StreamSchema);

/** `GET /streams/{id}/livepos`. */
export const LivePositionSchema = Type.Object(
  {
    has_livepos: Type.Boolean(),
    is_live: Type.Boolean(),
    livepos: Type.Optional(
      Type.Object({
        pos: EngineText,
        live_first: EngineText,
        live_last: EngineText,
        first_ts: EngineText,
        last_ts: EngineText,
        buffer_pieces: EngineText,
      }),
    ),
  },
  { title: 'LivePosition' },
);

/** `GET /streams/{id}/extended-stats`. */
export const ContentSchema = Type.Object(
  {
    title: Type.Optional(Type.String()),
    categories: Type.Optional(Type.Array(Type.String())),
    content_type: Type.Optional(Type.String()),
    transport_type: Type.Optional(Type.String()),
    infohash: Type.Optional(Type.String()),
    content_id: Type.Optional(Type.String()),
    item_url: Type.Optional(Type.String()),
    is_live: Type.Optional(Type.Integer({ description: '1 for live, 0 for video on demand, -1 if unknown' })),
  },
  { title: 'StreamContent' },
);

/** Body of `POST /streams/batch-stop`: the `command_url` of each stream. */
export const BatchStopBody = Type.Array(SessionUrl, {
  maxItems: 1000,
  examples: [[EXAMPLE_SESSION.command_url]],
});

/** `POST /streams/batch-stop`. */
export const BatchStoppedSchema = Type.Object(
  {
    total: Type.Integer({ minimum: 0 }),
    success_count: Type.Integer({ minimum: 0 }),
    failure_count: Type.Integer({ minimum: 0 }),
    results: Type.Array(
      Type.Object({
        command_url: Type.String(),
        success: Type.Boolean({ description: 'Whether the stream was playing and has ended' }),
        message: Type.String(),
        stream_id: Nullable(Type.String()),
      }),
    ),
  },
  { title: 'BatchStop' },
);

/** `GET /streams/{id}/stats`. */
export const StreamSamplesSchema = Type.Array(StreamSampleSchema);

/** `DELETE /streams/{id}`. */
export const StreamStoppedSchema = Type.Object({
  message: Type.String(),
  stream_id: Type.String(),
  stopped: Type.Boolean({ description: 'Whether the engine confirmed that the session has ended' }),
  stream: StreamSchema,
});

/** `POST /events/stream_ended`. */
export const StreamEndReportedSchema = Type.Object({
  updated: Type.Boolean({ description: 'Whether a stream was playing until now' }),
  stream: Nullable(StreamSchema),
});

/** Path parameters of one stream. */
export const StreamParams = Type.Object({ id: StreamId });

/** Query of `GET /streams/{id}/stats`. */
export const StreamStatsQuery = Type.Object({
  since: Type.Optional(SinceTime),
});

/** Body of `POST /events/stream_started`. Unknown fields are ignored: clients may be newer than the service. */
export const StreamStartedBody = Type.Object(
  {
    container_id: Type.Optional(Nullable(ContainerId)),
    engine: Type.Object({ host: EngineHost, port: Type.Integer({ minimum: 1, maximum: 65_535 }) }),
    stream: Type.Object({ key_type: KeyType, key: Key }),
    session: Type.Object({
      playback_session_id: SessionId,
      stat_url: SessionUrl,
      command_url: SessionUrl,
      is_live: Type.Enum([0, 1], { type: 'integer' }),
    }),
    labels: Type.Optional(Nullable(Labels)),
  },
  {
    examples: [
      {
        engine: { host: '127.0.0.1', port: 19_000 },
        stream: { key_type: 'infohash', key: EXAMPLE_KEY },
        session: EXAMPLE_SESSION,
        labels: { 'proxy.name': 'News' },
      },
    ],
  },
);

/** Body of `POST /events/stream_ended`. Unknown fields are ignored, as those of `stream_started`. */
export const StreamEndedBody = Type.Object(
  {
    container_id: Type.Optional(Nullable(ContainerId)),
    stream_id: Type.Optional(Nullable(StreamId)),
    reason: Type.Optional(Nullable(Type.String({ maxLength: 1024 }))),
  },
  {
    examples: [
      { stream_id: `${EXAMPLE_KEY}|${EXAMPLE_SESSION.playback_session_id}`, reason: 'player closed' },
    ],
  },
);

/** Query of `GET /streams`. Unknown parameters are refused, because a misspelt filter must not be ignored. */
export const StreamsQuery = Type.Object(
  {
    status: Type.Optional(
      oneOf(['started', 'ended'], {
        default: 'started',
        description: 'Streams that are playing, or that have ended',
      }),
    ),
    container_id: Type.Optional(ContainerId),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: DEFAULT_LIMIT })),
    cursor: Type.Optional(
      Type.String({
        pattern: '^\\d{1,16}-[\\w-]{12}$',
        description: 'Where the page starts, from the `Link` header of the former page',
      }),
    ),
  },
  CLOSED,
);
