import { setTimeout as delay } from 'node:timers/promises';
import type { EventBus } from '../events/events.ts';
import { MAX_ENDED_STREAMS, type Streams } from '../streams/streams.ts';
import { describeEvent } from './describe.ts';
import type { EventLog } from './event-log.ts';
import type { LogLine } from './records.ts';
import type { SubjectNames } from './subject-names.ts';

/** The start of the service waits no longer than this for stored streams; later ones are restored on arrival. */
const RESTORE_TIMEOUT_MS = 2000;

/** What {@link restoreStreams} works on. */
export interface RestoreParts {
  eventLog: EventLog;
  bus: EventBus;
  streams: Streams;
  /** The engine registry. `available` is false until the running engines have been listed. */
  engines: { readonly available: boolean; get(id: string): unknown };
  /** Called if the streams cannot be read. */
  onLog: (line: LogLine) => void;
}

/**
 * Records every domain event in the event log. Subscribe it before other listeners: events that they publish
 * in response must follow the original event in the log. Without `names`, subjects are called by their ids.
 */
export function recordEvents(bus: EventBus, eventLog: EventLog, names?: SubjectNames): void {
  bus.subscribe((event) => eventLog.record(describeEvent(event, names)));
}

/** Saves each stream when it starts and when it ends. */
export function recordStreams(bus: EventBus, eventLog: EventLog, streams: Streams): void {
  bus.subscribe((event) => {
    if (event.type !== 'stream_started' && event.type !== 'stream_ended') return;
    const stream = streams.get(event.streamId);
    if (stream) eventLog.saveStream(stream);
  });
}

/**
 * Restores the streams of the previous run. Streams whose engine no longer runs are ended once the running
 * engines are known. Resolves once the streams are restored, or after 2 seconds. Never rejects.
 */
export async function restoreStreams(parts: RestoreParts): Promise<void> {
  const { eventLog, bus, streams, engines, onLog } = parts;
  const restore = async () => {
    const stored = await eventLog.streams(MAX_ENDED_STREAMS);
    streams.restore(stored);
    const endOrphans = () => {
      for (const { id, startedAt, engineId, endedAt } of stored) {
        if (endedAt !== null || engineId === null || engines.get(engineId) !== undefined) continue;
        // A client may have ended the stream and started it again, on another engine.
        if (streams.get(id)?.startedAt === startedAt) streams.end(id, 'engine_stopped');
      }
    };
    if (engines.available) return endOrphans();
    const unsubscribe = bus.subscribe((event) => {
      if (event.type !== 'runtime_connected') return;
      unsubscribe();
      endOrphans();
    });
  };
  const restored = restore().catch((error: Error) => {
    onLog({ level: 'warn', message: `could not restore the streams of the previous run: ${error.message}` });
  });
  await Promise.race([restored, delay(RESTORE_TIMEOUT_MS, undefined, { ref: false })]);
}
