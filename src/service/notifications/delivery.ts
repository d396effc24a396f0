import type { Clock } from '../../library/cache/index.ts';
import { withinDeadline } from '../../library/util/deadline.ts';
import type { NotifyTarget } from '../config/notify-urls.ts';
import { postJson } from '../http-client/post-json.ts';
import type { Notification } from './notification.ts';

const TIMEOUT_MS = 10_000;
const PRIORITIES = { info: 3, warning: 4, error: 5 } as const;
const TAGS = { info: 'information_source', warning: 'warning', error: 'rotating_light' } as const;
const APPRISE_TYPES = { info: 'info', warning: 'warning', error: 'failure' } as const;

/** A notification could not be delivered. The message contains no part of the target's URL. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError';
  /** Whether another attempt would fail in the same way. */
  readonly isFinal: boolean;
  /** Earliest time of another attempt that the receiver asks for, in seconds from now; null if it does not. */
  readonly retryAfterS: number | null;

  constructor(message: string, isFinal: boolean, retryAfterS: number | null = null) {
    super(message);
    this.isFinal = isFinal;
    this.retryAfterS = retryAfterS;
  }
}

/** Sends a notification to a target. @throws DeliveryError */
export async function deliver(
  target: NotifyTarget,
  notification: Notification,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<void> {
  const headers = {
    'User-Agent': 'Roundhouse',
    ...(target.authorization !== null && { Authorization: target.authorization }),
  };
  const deadline = { clock, timeoutMs: TIMEOUT_MS, subject: 'The receiver', signal };
  const reply = await withinDeadline(deadline, (deadlineSignal) =>
    postJson(target.url, bodyFor(target, notification), { headers, signal: deadlineSignal }),
  ).catch((error: Error & { code?: string }) => {
    throw new DeliveryError(error.code ? `The request failed (${error.code})` : error.message, false);
  });
  const { status, retryAfterS } = reply;
  // Apprise's API has no configuration, or no service with these tags, under the key.
  if (target.kind === 'apprise' && status === 204)
    throw new DeliveryError('Apprise has no configuration with this key', true);
  if (status >= 200 && status < 300) return;
  const isFinal = status < 500 && status !== 408 && status !== 429;
  throw new DeliveryError(`The receiver responded with status ${status}`, isFinal, retryAfterS);
}

/** The body of the request, in the form that the kind of target expects. */
export function bodyFor({ kind, topic }: NotifyTarget, notification: Notification): object {
  const { level, resolved, title, message } = notification;
  switch (kind) {
    // https://docs.ntfy.sh/publish/#publish-as-json
    case 'ntfy':
      return {
        topic,
        title,
        message,
        priority: resolved ? PRIORITIES.info : PRIORITIES[level],
        tags: [resolved ? 'white_check_mark' : TAGS[level]],
      };
    // https://github.com/caronc/apprise-api#api-details
    case 'apprise':
      return {
        title,
        body: message,
        type: resolved ? 'success' : APPRISE_TYPES[level],
        format: 'text',
        ...(topic !== null && { tag: topic }),
      };
    case 'webhook':
      return notification;
  }
}
