import type { ChangeNotice } from '../../events/change-feed.ts';
import type { LiveNotice, LiveSnapshot } from '../schemas/live.ts';

/** How long a client waits before it reconnects, in milliseconds. */
const RETRY_MS = 2000;

/** Sent first, so that a client sees at once that it is connected. */
export const GREETING = `retry: ${RETRY_MS}\n\n`;
/** A comment, which clients ignore. It keeps proxies from closing an idle connection. */
export const HEARTBEAT = ': heartbeat\n\n';

/**
 * A message that makes a client read everything again.
 * @param reason `connected` for a new client, `gap` if the notices that a client missed cannot be replayed
 * @param at milliseconds since the epoch
 */
export function snapshotMessage(id: string, reason: LiveSnapshot['reason'], at: number): string {
  const data: LiveSnapshot = { reason, keys: ['*'], at: new Date(at).toISOString() };
  return message(id, 'snapshot', data);
}

/** A message that says which cached answers a change has invalidated. */
export function noticeMessage({ id, event, keys, at }: ChangeNotice): string {
  const data: LiveNotice = {
    type: event.type,
    keys: [...keys],
    engine_id: 'engineId' in event ? event.engineId : null,
    stream_id: 'streamId' in event ? event.streamId : null,
    at: new Date(at).toISOString(),
  };
  return message(id, 'notice', data);
}

/** JSON contains no line breaks, so one `data` line is enough. */
function message(id: string, event: string, data: object): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
