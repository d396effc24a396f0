import { type Static, Type } from 'typebox';
import { Nullable, Time } from './common.ts';

const Keys = Type.Array(Type.String(), { description: 'Globs over the keys that `/cache/stats` lists' });

/** Data of a `snapshot` event of `GET /events/live`. */
export const LiveSnapshotSchema = Type.Object(
  {
    reason: Type.Union([Type.Literal('connected'), Type.Literal('gap')]),
    keys: Keys,
    at: Time,
  },
  { title: 'LiveSnapshot' },
);
/** {@inheritDoc LiveSnapshotSchema} */
export type LiveSnapshot = Static<typeof LiveSnapshotSchema>;

/** Data of a `notice` event of `GET /events/live`. */
export const LiveNoticeSchema = Type.Object(
  {
    type: Type.String({ description: 'Type of the change, such as `engine_started`' }),
    keys: Keys,
    engine_id: Nullable(Type.String()),
    stream_id: Nullable(Type.String()),
    at: Time,
  },
  { title: 'LiveNotice' },
);
/** {@inheritDoc LiveNoticeSchema} */
export type LiveNotice = Static<typeof LiveNoticeSchema>;
