import { type Static, Type } from 'typebox';
import { NOTIFY_LEVELS } from '../../config/notify-urls.ts';
import { Count, Nullable, oneOf, Time } from './common.ts';

const Level = oneOf([...NOTIFY_LEVELS], { description: 'The least urgent level that is sent' });
const MaskedUrl = Type.String({
  description: 'The configured URL without what may be secret: credentials, path and query',
});

/** A target of notifications. */
export const NotifyTargetSchema = Type.Object(
  {
    url: MaskedUrl,
    kind: oneOf(['webhook', 'ntfy', 'apprise']),
    level: Level,
    waiting: Count('Notifications that wait to be sent'),
    sent: Count('Notifications sent since the start'),
    dropped: Count('Notifications dropped since the start'),
    last_sent_at: Nullable(Time),
    error: Nullable(Type.String({ description: 'Why the latest attempt failed; null if it succeeded' })),
  },
  { title: 'NotifyTarget' },
);

/** Body of `GET /notifications`. */
export const NotificationsSchema = Type.Object(
  { targets: Type.Array(NotifyTargetSchema), quiet_s: Type.Number({ minimum: 0 }) },
  {
    examples: [
      {
        targets: [
          {
            url: 'ntfys://ntfy.example.com/…',
            kind: 'ntfy',
            level: 'warning',
            waiting: 0,
            sent: 3,
            dropped: 0,
            last_sent_at: '2026-03-01T12:00:00.000Z',
            error: null,
          },
        ],
        quiet_s: 300,
      },
    ],
  },
);

/** Body of `POST /notifications/test`. */
export const NotifyTestSchema = Type.Object(
  {
    results: Type.Array(
      Type.Object({
        url: MaskedUrl,
        delivered: Type.Boolean(),
        error: Nullable(Type.String({ description: 'Why it was not delivered' })),
      }),
    ),
  },
  { examples: [{ results: [{ url: 'ntfys://ntfy.example.com/…', delivered: true, error: null }] }] },
);

/** A target of notifications. */
export type WireNotifyTarget = Static<typeof NotifyTargetSchema>;
