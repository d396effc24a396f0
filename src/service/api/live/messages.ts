import type { ChangeNotice } from '../../events/change-feed.ts';
import type { DomainEvent } from '../../events/events.ts';

/** How long a client waits before it connects again, in milliseconds. */
const RETRY_MS = 2000;

/** Sent first, so that a client knows at once that it is connected. */
export const GREETING = `retry: ${RETRY_MS}\n\n`;
/** A comment, which clients pass over: it keeps proxies from taking a quiet stream for a dead one. */
export const HEARTBEAT = ': heartbeat\n\n';

/** Tells a client to ask for everything: it has just come, or cannot be told all that it missed. */
export function snapshotMessage(id: string, reason: 'connected' | 'gap', at: number): string {
  return message(id, 'snapshot', { reason, keys: ['*'], at: new Date(at).toISOString() });
}

/** Tells a client which cached answers a change has made out of date. */
export function noticeMessage({ id, event, keys, at }: ChangeNotice): string {
  return message(id, 'notice', { type: event.type, keys, ...idsOf(event), at: new Date(at).toISOString() });
}

function idsOf(event: DomainEvent): { engine_id: string | null; stream_id: string | null } {
  return {
    engine_id: 'engineId' in event ? event.engineId : null,
    stream_id: 'streamId' in event ? event.streamId : null,
  };
}

/** JSON holds no line breaks, so that one line of data is all of it. */
function message(id: string, event: string, data: object): string {
  return `id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
