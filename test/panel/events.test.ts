import { describe, expect, test } from 'vitest';
import { groupEvents } from '../../src/panel/lib/event-groups.ts';
import { EventPages } from '../../src/panel/lib/event-pages.ts';
import { describeEvent, type Subjects } from '../../src/panel/lib/event-text.ts';
import { openLastVisit } from '../../src/panel/lib/last-visit.ts';
import type { EventRecord } from '../../src/panel/lib/wire.ts';
import { aReading, MemoryStorage } from './fixtures.ts';

function anEvent(id: number, fields: Partial<EventRecord> = {}): EventRecord {
  return {
    id,
    timestamp: '2026-01-01T00:00:00.000Z',
    event_type: 'engine',
    category: 'created',
    message: 'what the service says',
    container_id: `id-${id}`,
    stream_id: null,
    details: {},
    ...fields,
  };
}

describe('groups', () => {
  test('have consecutive events of one kind', () => {
    const stopped = { category: 'failed', details: { reason: 'gone', exitCode: 137, name: 'a' } };
    const events = [
      anEvent(6),
      anEvent(5),
      anEvent(4, stopped),
      anEvent(3, { ...stopped, details: { ...stopped.details, name: 'b' } }),
      anEvent(2, { ...stopped, details: { reason: 'gone', exitCode: 1 } }),
      anEvent(1),
    ];
    expect(groupEvents(events, null).map(({ events }) => events.map(({ id }) => id))).toEqual([
      [6, 5],
      [4, 3],
      [2],
      [1],
    ]);
  });

  test('do not cross the last visit', () => {
    const groups = groupEvents([anEvent(3), anEvent(2), anEvent(1)], 2);
    expect(groups.map(({ isNew, events }) => [isNew, events.length])).toEqual([
      [true, 1],
      [false, 2],
    ]);
  });
});

describe('the text of an event', () => {
  const subjects: Subjects = {
    engines: new Map([['id-1', 'engine-1']]),
    streams: new Map([['s1', 'Channel 1']]),
  };

  test('names an engine that runs, with a link', () => {
    expect(describeEvent(anEvent(1), subjects)).toEqual({
      before: 'Engine ',
      name: 'engine-1',
      href: '#/engines/id-1',
      after: ' is running',
    });
  });

  test('names an engine that has stopped, with its exit code and without a link', () => {
    const event = anEvent(2, { category: 'failed', details: { name: 'engine-2', exitCode: 137 } });
    expect(describeEvent(event, subjects)).toMatchObject({
      name: 'engine-2',
      href: null,
      after: ' stopped unexpectedly (exit code 137)',
    });
  });

  test('says that an engine has exceeded its memory limit', () => {
    const details = { name: 'engine-2', exitCode: 137, outOfMemory: true };
    const event = anEvent(2, { category: 'failed', details });
    expect(describeEvent(event, subjects).after).toBe(' stopped unexpectedly (out of memory)');
  });

  test('says that an engine, or a stream, has ended with its node', () => {
    const details = { reason: 'node_lost' };
    expect(describeEvent(anEvent(1, { category: 'failed', details }), subjects).after).toBe(
      ' was lost with its node',
    );
    const stream = anEvent(1, { event_type: 'stream', category: 'ended', stream_id: 's1', details });
    expect(describeEvent(stream, subjects).after).toBe(' ended: the node of its engine was lost');
  });

  test('calls an engine without a name by its id, as docker ps does', () => {
    const id = 'f'.repeat(64);
    expect(describeEvent(anEvent(3, { container_id: id }), subjects).name).toBe('f'.repeat(12));
  });

  test.each([
    ['session_gone', 'its engine no longer has the session'],
    ['viewer left', 'viewer left'],
  ])('has the reason %j why a stream ended', (reason, text) => {
    const event = anEvent(4, {
      event_type: 'stream',
      category: 'ended',
      stream_id: 's1',
      details: { reason },
    });
    expect(describeEvent(event, subjects)).toMatchObject({ name: 'Channel 1', after: ` ended: ${text}` });
  });

  test('of an unknown kind is that of the service', () => {
    expect(describeEvent(anEvent(5, { category: 'new_in_a_later_version' }), subjects)).toEqual({
      before: 'what the service says',
      name: '',
      href: null,
      after: '',
    });
  });
});

describe('pages', () => {
  const FILTER = { type: 'engine', engineId: '', text: ' oom ', since: '' };

  /** Pages of a log of `count` events, which can grow. */
  function pagesOf(count: number) {
    const log = Array.from({ length: count }, (_, index) => anEvent(index + 1));
    const queries: object[] = [];
    const api = {
      read: async (_operation: string, { query }: { query: { limit: number; before_id?: number } }) => {
        queries.push(query);
        const matching = log
          .toReversed()
          .filter(({ id }) => id < (query.before_id ?? Number.POSITIVE_INFINITY));
        return aReading(matching.slice(0, query.limit));
      },
    };
    return { pages: new EventPages(api as never, FILTER), log, queries };
  }

  const idsOf = ({ state }: EventPages) => state.value.events!.map(({ id }) => id);

  test('reach the oldest of 10,000 events', async () => {
    const { pages, queries } = pagesOf(10_000);
    await pages.refresh();
    while (pages.state.value.hasMore && queries.length < 200) await pages.readMore();
    expect(idsOf(pages)).toEqual(Array.from({ length: 10_000 }, (_, index) => 10_000 - index));
    expect(queries[0]).toEqual({ limit: 100, event_type: 'engine', q: 'oom' });
  });

  test('add new events without losing or repeating older ones', async () => {
    const { pages, log } = pagesOf(150);
    await pages.refresh();
    await pages.readMore();
    for (const id of [151, 152]) log.push(anEvent(id));
    await pages.refresh();
    expect(idsOf(pages)).toEqual(Array.from({ length: 152 }, (_, index) => 152 - index));
    expect(pages.state.value.hasMore).toBe(false);
  });

  test('begin again after an absence in which more happened than one page has', async () => {
    const { pages, log } = pagesOf(100);
    await pages.refresh();
    for (let id = 101; id <= 300; id += 1) log.push(anEvent(id));
    await pages.refresh();
    expect(idsOf(pages)).toEqual(Array.from({ length: 100 }, (_, index) => 300 - index));
    expect(pages.state.value.hasMore).toBe(true);
  });
});

test('the last visit is the newest event that was shown before', () => {
  const storage = new MemoryStorage();
  const first = openLastVisit(storage);
  expect(first.eventId).toBeNull();
  first.save(7);
  first.save(5);
  expect(first.eventId).toBeNull();
  expect(openLastVisit(storage).eventId).toBe(7);
  storage.setItem('roundhouse-last-event', 'rubbish');
  expect(openLastVisit(storage).eventId).toBeNull();
});
