import type { EventRecord } from './wire.ts';

/** Events that say the same about different engines or streams, or repeat, one after another. */
export interface EventGroup {
  /** Newest first; at least one. */
  events: readonly [EventRecord, ...EventRecord[]];
  /** Whether all of them are from after the last visit. */
  isNew: boolean;
}

/**
 * Groups consecutive events of the same kind.
 * @param events newest first
 * @param lastSeenId id of the newest event of the last visit, or null
 */
export function groupEvents(events: readonly EventRecord[], lastSeenId: number | null): EventGroup[] {
  const groups: { events: [EventRecord, ...EventRecord[]]; isNew: boolean; kind: string }[] = [];
  for (const event of events) {
    const kind = kindOf(event);
    const isNew = lastSeenId !== null && event.id > lastSeenId;
    const current = groups.at(-1);
    if (current?.kind === kind && current.isNew === isNew) current.events.push(event);
    else groups.push({ events: [event], isNew, kind });
  }
  return groups;
}

/** What has happened, whatever it has happened to. */
function kindOf({ event_type, category, details }: EventRecord): string {
  const { reason, exitCode, outOfMemory, vpn, breaker, node, state, agent, app } = details;
  const about = [vpn, breaker, node, state, agent, app];
  return JSON.stringify([event_type, category, reason, exitCode, outOfMemory, about]);
}
