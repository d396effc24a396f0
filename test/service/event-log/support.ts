import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { EventLog, type EventLogOptions } from '../../../src/service/event-log/event-log.ts';
import type {
  Change,
  EventDescription,
  EventRecord,
  LogLine,
  StorageState,
} from '../../../src/service/event-log/records.ts';
import { EventLogStore, type StoreOptions } from '../../../src/service/event-log/store.ts';
import type { Stream } from '../../../src/service/streams/streams.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** Time of the events that tests create, in milliseconds since the epoch. */
export const NOON = Date.UTC(2026, 10, 21, 12);

/** Creates a folder that is removed after the test. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-event-log-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Names of the databases in a folder, without SQLite's auxiliary files. */
export async function databasesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.sqlite')).sort();
}

export function describeEngine(containerId: string, message = 'Engine is running'): EventDescription {
  return {
    type: 'engine',
    category: 'created',
    containerId,
    streamId: null,
    message,
    details: { port: 19_000 },
  };
}

/** An event `seconds` after {@link NOON}. */
export function eventAt(seconds: number, fields: Partial<EventRecord> = {}): EventRecord {
  const time = NOON + seconds * 1000;
  return { id: time * 1000, time, ...describeEngine('c1'), ...fields };
}

export function eventsAt(from: number, count: number): Change[] {
  return Array.from({ length: count }, (_, index) => ({ event: eventAt(from + index) }));
}

export function makeStream(id: string, fields: Partial<Stream> = {}): Stream {
  return {
    id,
    keyType: 'infohash',
    key: 'b04372b9543d763bd2dbd2a1842d9723fd080076',
    engineId: null,
    playbackSessionId: `session of ${id}`,
    statUrl: 'http://127.0.0.1:19000/ace/stat/1',
    commandUrl: 'http://127.0.0.1:19000/ace/cmd/1',
    name: null,
    isLive: true,
    startedAt: NOON,
    endedAt: null,
    ...fields,
  };
}

export interface OpenStore {
  store: EventLogStore;
  logLines: LogLine[];
  storageChanges: StorageState[];
}

/** Opens a store in this thread. The test must close it. */
export function openStore(path: string, options: Partial<StoreOptions> = {}): OpenStore {
  const logLines: LogLine[] = [];
  const storageChanges: StorageState[] = [];
  const store = new EventLogStore({
    path,
    maxEvents: 100_000,
    maxAgeMs: 1e12,
    now: () => NOON,
    onLog: (line) => logLines.push(line),
    onStorageChange: (storage) => storageChanges.push(storage),
    ...options,
  });
  return { store, logLines, storageChanges };
}

/** Starts an event log with its real worker, closed after the test. */
export function startEventLog(dataDir: string, options: Partial<EventLogOptions> = {}) {
  const logLines: LogLine[] = [];
  const eventLog = new EventLog({
    dataDir,
    maxEvents: 100_000,
    maxAgeS: 1e9,
    onLog: (line) => logLines.push(line),
    ...options,
  });
  eventLog.start();
  onTestFinished(() => eventLog.close());
  return { eventLog, logLines };
}

/** Resolves once the log contains `total` events. */
export function written(eventLog: EventLog, total: number): Promise<true> {
  return waitUntil(`${total} events`, async () => (await eventLog.stats()).total === total, 20_000);
}
