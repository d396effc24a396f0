import { mkdir, open, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { databasesIn, eventAt, eventsAt, makeFolder, makeStream, NOON, openStore } from './support.ts';

const ALL = { limit: 1000, offset: 0 };
const MORE_THAN_SQLITE_CACHES = 40_000;
const ASIDE = /^history\.damaged-\d{4}-\d{2}-\d{2}T[\d-]+Z\.sqlite$/;

/** A file with events, closed. */
async function makeFile(events = 2000): Promise<{ folder: string; path: string }> {
  const folder = await makeFolder();
  const path = join(folder, 'history.sqlite');
  const { store } = openStore(path);
  store.write(eventsAt(0, events));
  store.close();
  return { folder, path };
}

async function alter(path: string, sql: string): Promise<void> {
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
}

/** What JSON is to be there is none, as after a change of bytes within a page. */
const BREAK_CHECK =
  "PRAGMA ignore_check_constraints = ON; UPDATE events SET details = '{' WHERE id % 7000000 = 0";

async function overwrite(path: string, from: number, length: number): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(Buffer.alloc(length, 0xa5), 0, length, from);
  await file.close();
}

describe('a damaged file', () => {
  it.each<[string, (path: string) => Promise<void>]>([
    ['garbage from its first byte', (path) => overwrite(path, 0, 4096)],
    ['garbage in the middle', async (path) => overwrite(path, ((await stat(path)).size >> 1) & ~4095, 8192)],
    ['a part cut off', async (path) => truncate(path, (await stat(path)).size >> 1)],
    ['text', (path) => writeFile(path, 'these are not the pages you are looking for\n'.repeat(100))],
    ['a row that is no event', (path) => alter(path, BREAK_CHECK)],
    ['a table missing', (path) => alter(path, 'DROP TABLE streams')],
  ])('with %s is set aside, reported once, and a new one begins', async (_what, damage) => {
    const { folder, path } = await makeFile();
    await damage(path);
    const damaged = await readFile(path);
    const { store, reports } = openStore(path);
    store.write(eventsAt(0, 3));
    expect(store.events(ALL)).toHaveLength(3);
    expect(store.keeping.store).toBe('file');
    store.close();
    const [aside, kept, ...others] = await databasesIn(folder);
    expect(aside).toMatch(ASIDE);
    expect([kept, ...others]).toEqual(['history.sqlite']);
    expect((await readFile(join(folder, aside!))).equals(damaged)).toBe(true);
    expect(reports).toEqual([{ level: 'warn', message: expect.stringContaining(aside!) }]);
    const next = openStore(path);
    expect(next.store.events(ALL)).toHaveLength(3);
    expect(next.reports).toEqual([]);
    next.store.close();
  });

  it('is found while it is being read, and the service goes on with a new one', async () => {
    const { folder, path } = await makeFile(MORE_THAN_SQLITE_CACHES);
    const { store, reports } = openStore(path);
    await overwrite(path, 4096, (await stat(path)).size - 4096);
    expect(store.events({ limit: 5, offset: MORE_THAN_SQLITE_CACHES - 5 })).toEqual([]);
    expect(reports).toHaveLength(1);
    expect(await databasesIn(folder)).toEqual([expect.stringMatching(ASIDE), 'history.sqlite']);
    store.write(eventsAt(0, 2));
    expect(store.events(ALL)).toEqual([eventAt(1), eventAt(0)]);
    expect(store.keeping).toEqual({ store: 'file', fault: null });
    store.close();
  });

  it('is found while it is being written, and what was to be written is kept', async () => {
    const { folder, path } = await makeFile(MORE_THAN_SQLITE_CACHES);
    const { store, reports } = openStore(path);
    await overwrite(path, 4096, (await stat(path)).size - 4096);
    store.write([...eventsAt(0, 1), ...eventsAt(MORE_THAN_SQLITE_CACHES, 1)]);
    const both = [eventAt(MORE_THAN_SQLITE_CACHES), eventAt(0)];
    expect(store.events(ALL)).toEqual(both);
    while (store.tidy());
    expect(store.events(ALL)).toEqual(both);
    expect(store.keeping).toEqual({ store: 'file', fault: null });
    expect(reports).toHaveLength(1);
    expect(await databasesIn(folder)).toHaveLength(2);
    store.close();
  });

  it('is kept aside three times at most', async () => {
    const { folder, path } = await makeFile();
    for (let round = 0; round < 5; round += 1) {
      await writeFile(path, `round ${round} `.repeat(100));
      openStore(path).store.close();
    }
    const aside = (await databasesIn(folder)).filter((name) => name !== 'history.sqlite');
    const texts = await Promise.all(aside.map((name) => readFile(join(folder, name), 'utf8')));
    expect(texts.map((text) => text.slice(0, 7))).toEqual(['round 2', 'round 3', 'round 4']);
  });
});

describe('a file that is not understood', () => {
  it.each<[string, string, string]>([
    ['of a later version', 'PRAGMA user_version = 99', 'version 99'],
    ['of another program', 'PRAGMA user_version = 0; CREATE TABLE others (why TEXT)', 'another program'],
  ])('because it is %s is set aside with what it holds', async (_what, sql, reason) => {
    const { folder, path } = await makeFile();
    await alter(path, sql);
    const { store, reports } = openStore(path);
    expect(store.events(ALL)).toEqual([]);
    store.close();
    const names = await databasesIn(folder);
    expect(names).toEqual(['history.sqlite', expect.stringMatching(/^history\.unknown-/)]);
    expect(reports).toEqual([{ level: 'warn', message: expect.stringContaining(reason) }]);
    const aside = new DatabaseSync(join(folder, names[1]!), { readOnly: true });
    expect(aside.prepare('SELECT count(*) AS n FROM events').get()).toEqual({ n: 2000 });
    aside.close();
  });
});

describe('a file that cannot be written', () => {
  it('is reported once, memory stands in, and the file takes over when it can', async () => {
    const folder = await makeFolder();
    // A path under a file: root too can write nothing there.
    await writeFile(join(folder, 'data'), 'in the way');
    const { store, reports, keepings } = openStore(join(folder, 'data', 'history.sqlite'));
    store.write(eventsAt(0, 1200));
    store.recover();
    store.recover();
    expect(store.tidy()).toBe(false);
    expect(store.events({ limit: 2, offset: 1 })).toEqual([eventAt(1198), eventAt(1197)]);
    expect(store.figures().total).toBe(1200);
    expect(store.keeping).toEqual({ store: 'memory', fault: expect.stringMatching(/^E(EXIST|NOTDIR)/) });
    expect(keepings).toEqual([store.keeping]);
    expect(reports).toEqual([{ level: 'warn', message: expect.stringContaining('kept in memory') }]);

    await rename(join(folder, 'data'), join(folder, 'away'));
    store.recover();
    store.write(eventsAt(1200, 1));
    while (store.tidy());
    expect(store.keeping).toEqual({ store: 'file', fault: null });
    expect(keepings.at(-1)).toEqual(store.keeping);
    expect(reports.map(({ level }) => level)).toEqual(['warn', 'info']);
    expect(store.events({ limit: 1, offset: 1200 })).toEqual([eventAt(0)]);
    expect(store.figures().total).toBe(1201);
    store.close();
    const { store: next } = openStore(join(folder, 'data', 'history.sqlite'));
    expect(next.figures().total).toBe(1201);
    next.close();
  });

  it('leaves memory bounded: the oldest go, counted and reported once', async () => {
    const folder = await makeFolder();
    await writeFile(join(folder, 'data'), '');
    const { store, reports } = openStore(join(folder, 'data', 'history.sqlite'), { maxEvents: 100 });
    for (let batch = 0; batch < 5; batch += 1) store.write(eventsAt(batch * 50, 50));
    expect(store.dropped).toBe(150);
    expect(store.figures()).toMatchObject({ total: 100, oldest: NOON + 150_000 });
    expect(reports.map(({ message }) => message)).toEqual([
      expect.stringContaining('kept in memory'),
      expect.stringContaining('loses events'),
    ]);
    store.close();
  });

  it('moves streams too', async () => {
    const folder = await makeFolder();
    await writeFile(join(folder, 'data'), '');
    const path = join(folder, 'data', 'history.sqlite');
    const { store } = openStore(path);
    store.write([{ stream: makeStream('a') }]);
    expect(store.keeping.store).toBe('memory');
    await rm(join(folder, 'data'));
    store.recover();
    while (store.tidy());
    expect(store.streams(10)).toEqual([makeStream('a')]);
    expect(store.keeping.store).toBe('file');
    store.close();
  });

  it('may be held by another process for a while', async () => {
    const { path } = await makeFile();
    const { store, reports } = openStore(path);
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    store.write(eventsAt(3000, 2));
    expect(store.keeping).toEqual({ store: 'memory', fault: 'database is locked' });
    // Memory first, then the file, across the border between them.
    expect(store.events({ limit: 3, offset: 1 })).toEqual([eventAt(3000), eventAt(1999), eventAt(1998)]);
    expect(store.events({ limit: 2, offset: 3 })).toEqual([eventAt(1998), eventAt(1997)]);
    expect(store.figures().total).toBe(2002);
    other.exec('ROLLBACK');
    other.close();
    store.recover();
    expect(store.keeping).toEqual({ store: 'file', fault: null });
    expect(store.events({ limit: 3, offset: 1 })).toEqual([eventAt(3000), eventAt(1999), eventAt(1998)]);
    expect(reports.map(({ level }) => level)).toEqual(['warn', 'info']);
    store.close();
  });

  it('is made anew when it was removed', async () => {
    const { folder, path } = await makeFile();
    const { store, reports } = openStore(path);
    await rm(path);
    store.recover();
    store.write(eventsAt(0, 2));
    expect(store.keeping).toEqual({ store: 'file', fault: null });
    store.close();
    expect(reports.map(({ level }) => level)).toEqual(['warn', 'info']);
    expect(await databasesIn(folder)).toEqual(['history.sqlite']);
    const { store: next } = openStore(path);
    expect(next.figures().total).toBe(2);
    next.close();
  });

  it('may be a folder', async () => {
    const path = join(await makeFolder(), 'history.sqlite');
    await mkdir(path);
    const { store } = openStore(path);
    store.write(eventsAt(0, 1));
    expect(store.events(ALL)).toEqual([eventAt(0)]);
    expect(store.keeping.store).toBe('memory');
    store.close();
  });
});
