import { describe, expect, it } from 'vitest';
import { keepEvents, keepStreams, restoreStreams } from '../../../src/service/event-log/connect.ts';
import { type DomainEvent, EventBus } from '../../../src/service/events/events.ts';
import { type NewStream, Streams } from '../../../src/service/streams/streams.ts';
import { makeFolder, makeStream, startHistory, written } from './support.ts';

/** One run of what the history is connected to. */
function startRun(folder: string, engines: { available: boolean; ids: string[] }) {
  const bus = new EventBus();
  const events: DomainEvent[] = [];
  const { history, reports } = startHistory(folder);
  keepEvents(bus, history);
  const streams = new Streams(bus);
  keepStreams(bus, history, streams);
  bus.subscribe((event) => events.push(event));
  const known = {
    get available() {
      return engines.available;
    },
    get: (id: string) => (engines.ids.includes(id) ? { id } : undefined),
  };
  const report = () => {};
  const restore = () => restoreStreams({ history, bus, streams, engines: known, report });
  return { bus, streams, events, history, reports, restore };
}

function newStream(id: string, engineId: string | null): NewStream {
  const { startedAt: _startedAt, endedAt: _endedAt, ...stream } = makeStream(id, { engineId });
  return stream;
}

const AWAY = { available: false, ids: [] };

/** A run in which three streams have started, of which one has ended. */
async function leaveStreams(folder: string) {
  const { streams, history } = startRun(folder, AWAY);
  const kept = streams.start(newStream('kept', 'c1'));
  const orphan = streams.start(newStream('orphan', 'c2'));
  const free = streams.start(newStream('free', null));
  streams.start(newStream('ended', 'c1'));
  const ended = streams.end('ended', null)!;
  await history.close();
  return { kept, orphan, free, ended };
}

describe('streams after a restart', () => {
  it('are what they were, until it is known which engines run', async () => {
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

    // Only the first comparison after the restart judges what was restored.
    engines.ids = [];
    bus.publish({ type: 'runtime_connected' });
    expect(streams.get('kept')?.endedAt).toBeNull();
  });

  it('of engines that are known not to run are ended at once', async () => {
    const folder = await makeFolder();
    await leaveStreams(folder);
    const { streams, restore } = startRun(folder, { available: true, ids: ['c1'] });
    await restore();
    expect(streams.get('orphan')?.endedAt).not.toBeNull();
    expect(streams.get('kept')?.endedAt).toBeNull();
    expect(streams.get('free')?.endedAt).toBeNull();
  });

  it('are not taken up where they have been heard of since', async () => {
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

  it('that ended in the second run are ended in the third', async () => {
    const folder = await makeFolder();
    await leaveStreams(folder);
    const second = startRun(folder, AWAY);
    await second.restore();
    const kept = second.streams.end('kept', null);
    await second.history.close();
    const third = startRun(folder, AWAY);
    await third.restore();
    expect(third.streams.get('kept')).toEqual(kept);
    expect(third.streams.counts()).toMatchObject({ active: 2, total: 4 });
  });

  it('are none after a first start, and nothing is said of it', async () => {
    const { events, streams, restore } = startRun(await makeFolder(), AWAY);
    await restore();
    expect(events).toEqual([]);
    expect(streams.list()).toEqual([]);
  });
});

describe('what happens', () => {
  it('is in the log with its stream', async () => {
    const folder = await makeFolder();
    const { bus, streams, history } = startRun(folder, AWAY);
    bus.publish({ type: 'engine_started', engineId: 'c1' });
    const stream = streams.start(newStream('s', 'c1'));
    streams.start(newStream('s', 'c1'));
    bus.publish({ type: 'engine_stopped', engineId: 'c1', reason: 'gone' });
    await written(history, 4);
    const events = await history.events({ limit: 10, offset: 0 });
    expect(events.map(({ type }) => type)).toEqual([
      'stream_ended',
      'engine_stopped',
      'stream_started',
      'engine_started',
    ]);
    expect(await history.events({ limit: 10, offset: 0, streamId: 's' })).toHaveLength(2);
    const [kept] = await history.streams(10);
    expect(kept).toEqual({ ...stream, endedAt: expect.any(Number) });
  });
});
