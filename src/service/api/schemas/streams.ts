import { Type } from 'typebox';
import { Bytes, Nullable, Time } from './common.ts';
import { SinceTime } from './since.ts';

const KeyType = Type.Union([
  Type.Literal('content_id'),
  Type.Literal('infohash'),
  Type.Literal('url'),
  Type.Literal('magnet'),
]);
const MAX_TEXT_LENGTH = 4096;
const Text = Type.String({ minLength: 1, maxLength: MAX_TEXT_LENGTH });
/** Made of two texts and a bar between them, where a client names none. */
const StreamId = Type.String({ minLength: 1, maxLength: 2 * MAX_TEXT_LENGTH + 1 });
const Label = Type.String({ maxLength: MAX_TEXT_LENGTH });
const Labels = Type.Object({ stream_id: Type.Optional(Label) }, { additionalProperties: Label });
const CLOSED = { additionalProperties: false };
const ContainerId = Type.String({ minLength: 1, maxLength: 128 });

const StreamFigureFields = {
  peers: Nullable(Type.Number({ minimum: 0 })),
  speed_down: Nullable(Type.Number({ minimum: 0, description: 'KB/s' })),
  speed_up: Nullable(Type.Number({ minimum: 0, description: 'KB/s' })),
  downloaded: Nullable(Bytes('Since the session began')),
  uploaded: Nullable(Bytes('Since the session began')),
};

export const StreamSchema = Type.Object({
  id: Type.String(),
  key_type: KeyType,
  key: Type.String(),
  container_id: Nullable(Type.String()),
  playback_session_id: Type.String(),
  stat_url: Type.String(),
  command_url: Type.String(),
  is_live: Type.Boolean(),
  started_at: Time,
  ended_at: Nullable(Time),
  status: Type.Union([Type.Literal('started'), Type.Literal('ended')]),
  ...StreamFigureFields,
});

const EngineText = Nullable(Type.String({ description: "The engine's own words" }));

export const StreamSampleSchema = Type.Object({
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
});

export const StreamStoppedSchema = Type.Object({
  message: Type.String(),
  stream_id: Type.String(),
  stopped: Type.Boolean({ description: 'Whether the engine confirmed that the session is over' }),
  stream: StreamSchema,
});

export const StreamParams = Type.Object({ id: StreamId });

export const StreamStatsQuery = Type.Object({
  since: Type.Optional(SinceTime),
});

export const StreamStartedBody = Type.Object(
  {
    container_id: Type.Optional(Nullable(ContainerId)),
    engine: Type.Object({ host: Text, port: Type.Integer({ minimum: 1, maximum: 65_535 }) }, CLOSED),
    stream: Type.Object({ key_type: KeyType, key: Text }, CLOSED),
    session: Type.Object(
      {
        playback_session_id: Text,
        stat_url: Text,
        command_url: Text,
        is_live: Type.Union([Type.Literal(0), Type.Literal(1)]),
      },
      CLOSED,
    ),
    labels: Type.Optional(Nullable(Labels)),
  },
  CLOSED,
);

export const StreamEndedBody = Type.Object(
  {
    container_id: Type.Optional(Nullable(ContainerId)),
    stream_id: Type.Optional(Nullable(StreamId)),
    reason: Type.Optional(Nullable(Type.String({ maxLength: 1024 }))),
  },
  CLOSED,
);

/** Closed too: a filter that is misspelt must not pass for none. */
export const StreamsQuery = Type.Object(
  {
    status: Type.Optional(Type.Union([Type.Literal('started'), Type.Literal('ended')])),
    container_id: Type.Optional(ContainerId),
  },
  CLOSED,
);
