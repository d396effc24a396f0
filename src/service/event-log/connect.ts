import { setTimeout as delay } from 'node:timers/promises';
import type { EventBus } from '../events/events.ts';
import { REMEMBERED_ENDS, type Streams } from '../streams/streams.ts';
import { describeEvent } from './describe.ts';
import type { EventLog } from './event-log.ts';
import type { Report } from './records.ts';

/** The service does not wait longer for its past; what comes later is taken up then. */
const RESTORE_DEADLINE_MS = 2000;

export interface RestoreParts {
  history: EventLog;
  bus: EventBus;
  streams: Streams;
  engines: { readonly available: boolean; get(id: string): unknown };
  report: (report: Report) => void;
}

/** Keeps each event. Subscribe it early: what an event brings about is to stand after it in the log. */
export function keepEvents(bus: EventBus, history: EventLog): void {
  bus.subscribe((event) => history.record(event.type, describeEvent(event)));
}

/** Keeps each stream as it starts and ends. */
export function keepStreams(bus: EventBus, history: EventLog, streams: Streams): void {
  bus.subscribe((event) => {
    if (event.type !== 'stream_started' && event.type !== 'stream_ended') return;
    const stream = streams.get(event.streamId);
    if (stream) history.save(stream);
  });
}

/**
 * Hands the streams of the former run back. Those of engines that no longer run are ended as soon as it is
 * known which engines do. Resolves when that is done or, if it takes long, before.
 */
export async function restoreStreams(parts: RestoreParts): Promise<void> {
  const { history, bus, streams, engines, report } = parts;
  const restore = async () => {
    const stored = await history.streams(REMEMBERED_ENDS);
    streams.restore(stored);
    const endOrphans = () => {
      for (const { id, engineId, endedAt } of stored) {
        if (endedAt === null && engineId !== null && engines.get(engineId) === undefined)
          streams.end(id, 'engine_stopped');
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
    report({ level: 'warn', message: `The streams of the former run are not known: ${error.message}` });
  });
  await Promise.race([restored, delay(RESTORE_DEADLINE_MS, undefined, { ref: false })]);
}
