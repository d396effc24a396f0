import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { EventLog, type EventLogOptions } from '../../../src/service/event-log/event-log.ts';
import type {
  Change,
  Description,
  EventRecord,
  Keeping,
  Report,
} from '../../../src/service/event-log/records.ts';
import { EventLogStore, type StoreOptions } from '../../../src/service/event-log/store.ts';
import type { Stream } from '../../../src/service/streams/streams.ts';
import { waitUntil } from '../../support/wait-until.ts';

/** A fixed moment for events that are made by hand. */
export const NOON = Date.UTC(2026, 10, 21, 12);

/** A folder that goes with the test. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-history-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** What lies in a folder, without SQLite's files beside a database. */
export async function databasesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.sqlite')).sort();
}

export function describeEngine(containerId: string, message = 'Engine runs'): Description {
  return { category: 'engine', containerId, streamId: null, message, details: { port: 19_000 } };
}

/** The event that happened `seconds` after noon. */
export function eventAt(seconds: number, facts: Partial<EventRecord> = {}): EventRecord {
  const time = NOON + seconds * 1000;
  return { id: time * 1000, time, type: 'engine_started', ...describeEngine('c1'), ...facts };
}

export function eventsAt(from: number, count: number): Change[] {
  return Array.from({ length: count }, (_, index) => ({ event: eventAt(from + index) }));
}

export function makeStream(id: string, facts: Partial<Stream> = {}): Stream {
  return {
    id,
    keyType: 'infohash',
    key: 'b04372b9543d763bd2dbd2a1842d9723fd080076',
    engineId: null,
    playbackSessionId: `session of ${id}`,
    statUrl: 'http://127.0.0.1:19000/ace/stat/1',
    commandUrl: 'http://127.0.0.1:19000/ace/cmd/1',
    isLive: true,
    startedAt: NOON,
    endedAt: null,
    ...facts,
  };
}

export interface OpenStore {
  store: EventLogStore;
  reports: Report[];
  keepings: Keeping[];
}

/** A store in this thread, closed with the test if not before. */
export function openStore(path: string, options: Partial<StoreOptions> = {}): OpenStore {
  const reports: Report[] = [];
  const keepings: Keeping[] = [];
  const store = new EventLogStore({
    path,
    maxEvents: 100_000,
    maxAgeMs: 1e12,
    now: () => NOON,
    report: (report) => reports.push(report),
    onKeeping: (keeping) => keepings.push(keeping),
    ...options,
  });
  return { store, reports, keepings };
}

/** The history with its real worker, closed with the test. */
export function startHistory(dataDir: string, options: Partial<EventLogOptions> = {}) {
  const reports: Report[] = [];
  const history = new EventLog({
    dataDir,
    maxEvents: 100_000,
    maxAgeS: 1e9,
    report: (report) => reports.push(report),
    ...options,
  });
  history.start();
  onTestFinished(() => history.close());
  return { history, reports };
}

/** Resolves once everything that was recorded until now has been written. */
export function written(history: EventLog, total: number): Promise<true> {
  return waitUntil(`${total} events`, async () => (await history.figures()).total === total, 20_000);
}
