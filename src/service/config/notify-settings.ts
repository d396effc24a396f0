import { parsed, seconds, secret } from '../../library/settings/index.ts';
import { type NotifyTarget, parseNotifyUrls } from './notify-urls.ts';

/** The settings of notifications. */
export const NOTIFY_SETTINGS = {
  notifyUrls: secret(
    parsed<readonly NotifyTarget[]>(
      'NOTIFY_URLS',
      [],
      'none',
      'URLs, separated by spaces',
      'Where notifications are sent: `https://…` (a webhook), `ntfys://host/topic` or `apprises://host/key`, each with an optional `?level=`. See [Notifications](notifications.md).',
      parseNotifyUrls,
    ),
  ),
  notifyQuietS: seconds(
    'NOTIFY_QUIET_S',
    300,
    'For how long repeats of a notification are counted instead of sent. They follow as one notification.',
    0,
  ),
} as const;
