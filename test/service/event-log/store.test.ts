import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import type { EventQuery } from '../../../src/service/event-log/records.ts';
import { databasesIn, eventAt, eventsAt, makeFolder, makeStream, NOON, openStore } from './support.ts';

const ALL: EventQuery = { limit: 1000, offset: 0 };

async function storeOfSix() {
  const opened = openStore(join(await makeFolder(), 'history.sqlite'));
  const events = [
    eventAt(0),
    eventAt(1, { containerId: 'c2' }),
    eventAt(2, { type: 'vpn', category: 'connected', containerId: null }),
    eventAt(3, { type: 'stream', category: 'started', streamId: 's1' }),
    eventAt(4, { type: 'stream', category: 'ended', streamId: 's1' }),
    eventAt(5, { category: 'failed', details: { reason: 'gone', cold: true, n: null, 'ü"\\': "';--" } }),
  ];
  opened.store.write(events.map((event) => ({ event })));
  return { ...opened, events };
}

describe('events', () => {
  it('returns events as written, newest first', async () => {
    const { store, events, logLines } = await storeOfSix();
    expect(store.events(ALL)).toEqual(events.toReversed());
    expect(store.storage).toEqual({ store: 'file', error: null });
    expect(logLines).toEqual([]);
    store.close();
  });

  it.each<[string, Partial<EventQuery>, number[]]>([
    ['limit', { limit: 2 }, [5, 4]],
    ['offset', { limit: 2, offset: 3 }, [2, 1]],
    ['offset past the end', { offset: 6 }, []],
    ['type', { type: 'stream' }, [4, 3]],
    ['category', { category: 'created' }, [1, 0]],
    ['container', { containerId: 'c2' }, [1]],
    ['stream', { streamId: 's1' }, [4, 3]],
    ['since, inclusive', { since: NOON + 4000 }, [5, 4]],
    ['until, exclusive', { until: NOON + 1000 }, [0]],
    ['id, for the next page', { beforeId: eventAt(2).id, limit: 1 }, [1]],
    ['text, whatever its case', { text: 'C2' }, [1]],
    ['text of an id', { text: 's1' }, [4, 3]],
    ['text with wildcards', { text: '%' }, []],
    ['all together', { type: 'stream', streamId: 's1', containerId: 'c1', since: NOON + 3500 }, [4]],
    ['conditions that exclude each other', { type: 'vpn', containerId: 'c1' }, []],
    ['a category without events', { category: 'scaling' }, []],
  ])('is filtered by %s', async (_name, query, expected) => {
    const { store, events } = await storeOfSix();
    expect(store.events({ ...ALL, ...query })).toEqual(expected.map((index) => events[index]));
    store.close();
  });

  it.each(["' OR 1=1 --", "c1'; DROP TABLE events; --", '%', '*', 'c1" OR ""="', '\u0000', '?1'])(
    'treats %j as a value, not as SQL',
    async (text) => {
      const { store, events } = await storeOfSix();
      for (const field of ['category', 'containerId', 'streamId'] as const)
        expect(store.events({ ...ALL, [field]: text })).toEqual([]);
      const odd = eventAt(9, { containerId: text, streamId: text, message: text, details: { [text]: text } });
      store.write([{ event: odd }]);
      expect(store.events({ ...ALL, containerId: text })).toEqual([odd]);
      expect(store.events(ALL)).toHaveLength(events.length + 1);
      store.close();
    },
  );

  it('deletes the events from before a time', async () => {
    const { store, events } = await storeOfSix();
    expect(store.deleteBefore(NOON + 2000)).toBe(2);
    expect(store.deleteBefore(NOON + 2000)).toBe(0);
    expect(store.events(ALL)).toEqual(events.slice(2).toReversed());
    expect(store.counts().total).toBe(4);
    store.close();
  });

  it('counts events by type and category', async () => {
    const { store } = await storeOfSix();
    expect(store.counts()).toEqual({
      total: 6,
      byType: { engine: 3, vpn: 1, stream: 2 },
      byCategory: { created: 2, connected: 1, started: 1, ended: 1, failed: 1 },
      oldest: NOON,
      newest: NOON + 5000,
    });
    store.close();
  });

  it('stores an event that is written twice once', async () => {
    const { store, events } = await storeOfSix();
    store.write(events.map((event) => ({ event })));
    expect(store.events(ALL)).toEqual(events.toReversed());
    expect(store.tidy()).toBe(false);
    store.close();
  });

  it('has no oldest and newest event while it is empty', async () => {
    const { store } = openStore(join(await makeFolder(), 'history.sqlite'));
    expect(store.counts()).toEqual({ total: 0, byType: {}, byCategory: {}, oldest: null, newest: null });
    expect(store.events(ALL)).toEqual([]);
    store.close();
  });
});

describe('retention', () => {
  it('keeps the newest events and deletes the others in slices', async () => {
    const { store } = openStore(join(await makeFolder(), 'history.sqlite'), { maxEvents: 1000 });
    store.write(eventsAt(0, 2700));
    let slices = 0;
    const sizes: number[] = [];
    while (store.tidy()) {
      slices += 1;
      sizes.push(store.counts().total);
    }
    expect(slices).toBe(4);
    expect(sizes).toEqual([2200, 1700, 1200, 1000]);
    expect(store.counts()).toMatchObject({ oldest: NOON + 1_700_000, newest: NOON + 2_699_000 });
    store.close();
  });

  it('includes the events of earlier runs', async () => {
    const path = join(await makeFolder(), 'history.sqlite');
    const { store: first } = openStore(path);
    first.write(eventsAt(0, 30));
    first.close();
    const { store } = openStore(path, { maxEvents: 10 });
    expect(store.tidy()).toBe(true);
    expect(store.counts()).toMatchObject({ total: 10, oldest: NOON + 20_000 });
    store.close();
  });

  it('deletes events and ended streams that are too old, and no stream that has not ended', async () => {
    let now = NOON;
    const options = { maxAgeMs: 60_000, now: () => now };
    const { store } = openStore(join(await makeFolder(), 'history.sqlite'), options);
    const old = makeStream('old', { endedAt: NOON + 5000 });
    const recent = makeStream('recent', { endedAt: NOON + 50_000 });
    const open = makeStream('open', { startedAt: NOON - 1e9 });
    store.write([...eventsAt(0, 1200), { stream: old }, { stream: recent }, { stream: open }]);
    expect(store.pruneExpired()).toBe(false);
    now = NOON + 1_100_000;
    expect(store.pruneExpired()).toBe(true);
    expect(store.counts().total).toBe(700);
    now = NOON + 100_000;
    expect(store.pruneExpired()).toBe(false);
    now = NOON + 1_100_000;
    while (store.pruneExpired());
    // The events of the last 60 seconds remain.
    expect(store.counts()).toMatchObject({ total: 160, oldest: NOON + 1_040_000 });
    expect(store.streams(10)).toEqual([open]);
    store.close();
  });

  it('limits the number of ended streams', async () => {
    const { store } = openStore(join(await makeFolder(), 'history.sqlite'), { maxEvents: 3 });
    const ended = Array.from({ length: 8 }, (_, index) => makeStream(`s${index}`, { endedAt: NOON + index }));
    store.write(ended.map((stream) => ({ stream })));
    while (store.pruneExpired());
    expect(store.streams(100)).toEqual(ended.slice(-3));
    store.close();
  });
});

describe('streams', () => {
  it('are returned as written, the latest ended ones in the order of their ends', async () => {
    const path = join(await makeFolder(), 'history.sqlite');
    const { store: first } = openStore(path);
    const open = makeStream('open', { engineId: 'c1', isLive: false, keyType: 'magnet' });
    const ended = [3, 1, 2].map((end) => makeStream(`e${end}`, { endedAt: NOON + end }));
    first.write([...ended, open].map((stream) => ({ stream })));
    first.close();
    const { store } = openStore(path);
    expect(store.streams(10)).toEqual([ended[1], ended[2], ended[0], open]);
    expect(store.streams(1)).toEqual([ended[0], open]);
    store.close();
  });

  it('can be updated with their end; a stream that starts again is stored separately', async () => {
    const { store } = openStore(join(await makeFolder(), 'history.sqlite'));
    const first = makeStream('s');
    store.write([{ stream: first }]);
    const ended = { ...first, endedAt: NOON + 9 };
    const again = { ...first, startedAt: NOON + 10 };
    store.write([{ stream: ended }, { stream: again }]);
    expect(store.streams(10)).toEqual([ended, again]);
    store.close();
  });
});

describe('the file', () => {
  it('is readable by its owner only', async () => {
    const path = join(await makeFolder(), 'a', 'b', 'history.sqlite');
    const { store } = openStore(path);
    store.write(eventsAt(0, 1));
    for (const part of ['', '-wal', '-shm']) expect(statSync(path + part).mode & 0o777).toBe(0o600);
    store.close();
  });

  it('is a complete database once it is closed', async () => {
    const folder = await makeFolder();
    const path = join(folder, 'history.sqlite');
    const { store } = openStore(path);
    store.write(eventsAt(0, 10));
    store.close();
    expect(readFileSync(path).subarray(0, 15).toString()).toBe('SQLite format 3');
    const db = new DatabaseSync(path, { readOnly: true });
    expect(db.prepare('SELECT count(*) AS n FROM events').get()).toEqual({ n: 10 });
    db.close();
    expect(await databasesIn(folder)).toEqual(['history.sqlite']);
  });
});
