import type { TargetState } from '../../notifications/target-queue.ts';
import type { Api } from '../context.ts';
import type { RouteDependencies } from '../dependencies.ts';
import { NotificationsSchema, NotifyTestSchema, type WireNotifyTarget } from '../schemas/notifications.ts';
import { KEY_SECURITY, problems, WRITE_CODES } from '../schemas/problem.ts';
import { toTime } from '../views/time.ts';

/** `/notifications`: where notifications are sent, and a test. */
export function notificationRoutes(
  api: Api,
  { notifications, limits, checkKey }: Pick<RouteDependencies, 'notifications' | 'limits' | 'checkKey'>,
): void {
  api.get(
    '/',
    {
      schema: {
        tags: ['notifications'],
        summary: 'List the targets of notifications',
        description: 'URLs are masked. Targets are configured by `NOTIFY_URLS`.',
        response: { 200: NotificationsSchema },
      },
    },
    async () => ({ targets: notifications.states.map(toWireTarget), quiet_s: limits.notifyQuietS }),
  );

  api.post(
    '/test',
    {
      onRequest: checkKey,
      schema: {
        tags: ['notifications'],
        summary: 'Send a test to all targets',
        description:
          'It is sent to each target once, whatever its level. The response says for each target whether it has arrived.',
        security: KEY_SECURITY,
        response: { 200: NotifyTestSchema, ...problems(...WRITE_CODES) },
      },
    },
    async (request) => {
      const results = await notifications.test(request.signal);
      return {
        results: results.map(({ target, error }) => ({
          url: target.masked,
          delivered: error === null,
          error,
        })),
      };
    },
  );
}

function toWireTarget({ target, lastSentAt, ...state }: TargetState): WireNotifyTarget {
  const { masked, kind, level } = target;
  const { waiting, sent, dropped, error } = state;
  return {
    url: masked,
    kind,
    level,
    waiting,
    sent,
    dropped,
    last_sent_at: toTime(lastSentAt),
    error,
  };
}
