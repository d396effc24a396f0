import { describe, expect, it } from 'vitest';
import { recordEvents, recordStreams, restoreStreams } from '../../../src/service/event-log/connect.ts';
import { type DomainEvent, EventBus } from '../../../src/service/events/events.ts';
import { type NewStream, Streams } from '../../../src/service/streams/streams.ts';
import { makeFolder, makeStream, startEventLog, written } from './support.ts';

/** One run of the service: a bus, the streams and the event log. */
function startRun(folder: string, engines: { available: boolean; ids: string[] }) {
  const bus = new EventBus();
  const events: DomainEvent[] = [];
  const { eventLog, logLines } = startEventLog(folder);
  recordEvents(bus, eventLog);
  const streams = new Streams(bus);
  recordStreams(bus, eventLog, streams);
  bus.subscribe((event) => events.push(event));
  const registry = {
    get available() {
      return engines.available;
    },
    get: (id: string) => (engines.ids.includes(id) ? { id } : undefined),
  };
  const restore = () => restoreStreams({ eventLog, bus, streams, engines: registry, onLog: () => {} });
  return { bus, streams, events, eventLog, logLines, restore };
}

function newStream(id: string, engineId: string | null): NewStream {
  const { startedAt: _startedAt, endedAt: _endedAt, ...stream } = makeStream(id, { engineId });
  return stream;
}

const AWAY = { available: false, ids: [] };

/** A run in which four streams start and one of them ends. */
async function leaveStreams(folder: string) {
  const { streams, eventLog } = startRun(folder, AWAY);
  const kept = streams.start(newStream('kept', 'c1'));
  const orphan = streams.start(newStream('orphan', 'c2'));
  const free = streams.start(newStream('free', null));
  streams.start(newStream('ended', 'c1'));
  const ended = streams.end('ended', null)!;
  await eventLog.close();
  return { kept, orphan, free, ended };
}

describe('streams after a restart', () => {
  it('are restored, and end once the running engines are known and theirs is not among them', async () => {
    const folder = await makeFolder();
    const { kept, orphan, free, ended } = await leaveStreams(folder);
    const engines = { available: false, ids: [] as string[] };
    const { bus, streams, events, restore } = startRun(folder, engines);
    await restore();
    expect(events).toEqual([{ type: 'streams_restored', started: 3 }]);
    expect(new Set(streams.list())).toEqual(new Set([kept, orphan, free, ended]));
    expect(streams.counts()).toEqual({ active: 3, total: 4, engineIds: new Set(['c1', 'c2']) });

    engines.available = true;
    engines.ids = ['c1'];
    bus.publish({ type: 'runtime_connected' });
    expect(events.slice(2)).toEqual([
      { type: 'stream_ended', streamId: 'orphan', engineId: 'c2', reason: 'engine_stopped' },
    ]);
    expect(streams.get('orphan')?.endedAt).toBeGreaterThanOrEqual(orphan.startedAt);
    expect(streams.ofEngine('c1')).toEqual([kept]);

    // Only the first list of engines after the restart ends restored streams.
    engines.ids = [];
    bus.publish({ type: 'runtime_connected' });
    expect(streams.get('kept')?.endedAt).toBeNull();
  });

  it('end only if they have not been started again since', async () => {
    const folder = await makeFolder();
    await leaveStreams(folder);
    const engines = { available: false, ids: ['c1'] };
    const { bus, streams, restore } = startRun(folder, engines);
    await restore();
    streams.end('orphan', 'stopped');
    const again = streams.start(newStream('orphan', 'c1'));
    engines.available = true;
    bus.publish({ type: 'runtime_connected' });
    expect(streams.get('orphan')).toEqual(again);
  });

  it('end at once if the engines are already known and theirs is not among them', async () => {
    const folder = await makeFolder();
    await leaveStreams(folder);
    const { streams, restore } = startRun(folder, { available: true, ids: ['c1'] });
    await restore();
    expect(streams.get('orphan')?.endedAt).not.toBeNull();
    expect(streams.get('kept')?.endedAt).toBeNull();
    expect(streams.get('free')?.endedAt).toBeNull();
  });

  it('are not restored if they have been reported since the restart', async () => {
    const folder = await makeFolder();
    await leaveStreams(folder);
    const { streams, restore } = startRun(folder, AWAY);
    const again = streams.start(newStream('kept', 'c9'));
    streams.start(newStream('orphan', 'c2'));
    const ended = streams.end('orphan', null);
    await restore();
    expect(streams.get('kept')).toEqual(again);
    expect(streams.get('orphan')).toEqual(ended);
    expect(streams.counts().active).toBe(2);
  });

  it('stay ended in later runs', async () => {
    const folder = await makeFolder();
    await leaveStreams(folder);
    const second = startRun(folder, AWAY);
    await second.restore();
    const kept = second.streams.end('kept', null);
    await second.eventLog.close();
    const third = startRun(folder, AWAY);
    await third.restore();
    expect(third.streams.get('kept')).toEqual(kept);
    expect(third.streams.counts()).toMatchObject({ active: 2, total: 4 });
  });

  it('are empty after the first start, and no event is published', async () => {
    const { events, streams, restore } = startRun(await makeFolder(), AWAY);
    await restore();
    expect(events).toEqual([]);
    expect(streams.list()).toEqual([]);
  });
});

describe('domain events', () => {
  it('are logged with the ID of their stream', async () => {
    const folder = await makeFolder();
    const { bus, streams, eventLog } = startRun(folder, AWAY);
    bus.publish({ type: 'engine_started', engineId: 'c1' });
    const stream = streams.start(newStream('s', 'c1'));
    streams.start(newStream('s', 'c1'));
    bus.publish({ type: 'engine_stopped', engineId: 'c1', reason: 'gone' });
    await written(eventLog, 4);
    const events = await eventLog.events({ limit: 10, offset: 0 });
    expect(events.map(({ type, category }) => `${type} ${category}`)).toEqual([
      'stream ended',
      'engine failed',
      'stream started',
      'engine created',
    ]);
    expect(await eventLog.events({ limit: 10, offset: 0, streamId: 's' })).toHaveLength(2);
    const [kept] = await eventLog.streams(10);
    expect(kept).toEqual({ ...stream, endedAt: expect.any(Number) });
  });
});
