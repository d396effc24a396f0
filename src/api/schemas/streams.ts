import { Type } from 'typebox';
import { Nullable, Time } from './common.ts';

const KeyType = Type.Union([
  Type.Literal('content_id'),
  Type.Literal('infohash'),
  Type.Literal('url'),
  Type.Literal('magnet'),
]);
const Text = Type.String({ minLength: 1, maxLength: 4096 });
const ContainerId = Type.String({ minLength: 1, maxLength: 128 });

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
});

export const StreamStartedBody = Type.Object(
  {
    container_id: Type.Optional(Nullable(ContainerId)),
    engine: Type.Object({ host: Text, port: Type.Integer({ minimum: 1, maximum: 65_535 }) }),
    stream: Type.Object({ key_type: KeyType, key: Text }),
    session: Type.Object({
      playback_session_id: Text,
      stat_url: Text,
      command_url: Text,
      is_live: Type.Union([Type.Literal(0), Type.Literal(1)]),
    }),
    labels: Type.Optional(Nullable(Type.Record(Type.String(), Type.String({ maxLength: 4096 })))),
  },
  { additionalProperties: false },
);

export const StreamEndedBody = Type.Object(
  {
    container_id: Type.Optional(Nullable(ContainerId)),
    stream_id: Type.Optional(Nullable(Text)),
    reason: Type.Optional(Nullable(Type.String({ maxLength: 1024 }))),
  },
  { additionalProperties: false },
);

export const StreamsQuery = Type.Object({
  status: Type.Optional(Type.Union([Type.Literal('started'), Type.Literal('ended')])),
  container_id: Type.Optional(ContainerId),
});
