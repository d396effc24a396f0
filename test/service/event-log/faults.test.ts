import { mkdir, open, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it } from 'vitest';
import { databasesIn, eventAt, eventsAt, makeFolder, makeStream, NOON, openStore } from './support.ts';

const ALL = { limit: 1000, offset: 0 };
const EXCEEDS_SQLITE_CACHE = 40_000;
const QUARANTINED = /^history\.damaged-\d{4}-\d{2}-\d{2}T[\d-]+Z\.sqlite$/;

/** Creates a closed file with events. */
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

/** Breaks the JSON in a column, as changed bytes within a page would. */
const BREAK_CHECK =
  "PRAGMA ignore_check_constraints = ON; UPDATE events SET details = '{' WHERE id % 7000000 = 0";

async function overwrite(path: string, from: number, length: number): Promise<void> {
  const file = await open(path, 'r+');
  await file.write(Buffer.alloc(length, 0xa5), 0, length, from);
  await file.close();
}

describe('a corrupt file', () => {
  it.each<[string, (path: string) => Promise<void>]>([
    ['garbage from its first byte', (path) => overwrite(path, 0, 4096)],
    ['garbage in the middle', async (path) => overwrite(path, ((await stat(path)).size >> 1) & ~4095, 8192)],
    ['its second half missing', async (path) => truncate(path, (await stat(path)).size >> 1)],
    ['text', (path) => writeFile(path, 'these are not the pages you are looking for\n'.repeat(100))],
    ['an invalid row', (path) => alter(path, BREAK_CHECK)],
    ['a table missing', (path) => alter(path, 'DROP TABLE streams')],
  ])('with %s is quarantined, logged once and replaced', async (_what, damage) => {
    const { folder, path } = await makeFile();
    await damage(path);
    const damaged = await readFile(path);
    const { store, logLines } = openStore(path);
    store.write(eventsAt(0, 3));
    expect(store.events(ALL)).toHaveLength(3);
    expect(store.storage.store).toBe('file');
    store.close();
    const [quarantined, current, ...others] = await databasesIn(folder);
    expect(quarantined).toMatch(QUARANTINED);
    expect([current, ...others]).toEqual(['history.sqlite']);
    expect((await readFile(join(folder, quarantined!))).equals(damaged)).toBe(true);
    expect(logLines).toEqual([{ level: 'warn', message: expect.stringContaining(quarantined!) }]);
    const next = openStore(path);
    expect(next.store.events(ALL)).toHaveLength(3);
    expect(next.logLines).toEqual([]);
    next.store.close();
  });

  it('is detected by a read and replaced', async () => {
    const { folder, path } = await makeFile(EXCEEDS_SQLITE_CACHE);
    const { store, logLines } = openStore(path);
    await overwrite(path, 4096, (await stat(path)).size - 4096);
    expect(store.events({ limit: 5, offset: EXCEEDS_SQLITE_CACHE - 5 })).toEqual([]);
    expect(logLines).toHaveLength(1);
    expect(await databasesIn(folder)).toEqual([expect.stringMatching(QUARANTINED), 'history.sqlite']);
    store.write(eventsAt(0, 2));
    expect(store.events(ALL)).toEqual([eventAt(1), eventAt(0)]);
    expect(store.storage).toEqual({ store: 'file', error: null });
    store.close();
  });

  it('is detected by a write, which is stored in the new file', async () => {
    const { folder, path } = await makeFile(EXCEEDS_SQLITE_CACHE);
    const { store, logLines } = openStore(path);
    await overwrite(path, 4096, (await stat(path)).size - 4096);
    store.write([...eventsAt(0, 1), ...eventsAt(EXCEEDS_SQLITE_CACHE, 1)]);
    const both = [eventAt(EXCEEDS_SQLITE_CACHE), eventAt(0)];
    expect(store.events(ALL)).toEqual(both);
    while (store.tidy());
    expect(store.events(ALL)).toEqual(both);
    expect(store.storage).toEqual({ store: 'file', error: null });
    expect(logLines).toHaveLength(1);
    expect(await databasesIn(folder)).toHaveLength(2);
    store.close();
  });

  it('is deleted once three later ones are in quarantine', async () => {
    const { folder, path } = await makeFile();
    for (let round = 0; round < 5; round += 1) {
      await writeFile(path, `round ${round} `.repeat(100));
      openStore(path).store.close();
    }
    const quarantined = (await databasesIn(folder)).filter((name) => name !== 'history.sqlite');
    const texts = await Promise.all(quarantined.map((name) => readFile(join(folder, name), 'utf8')));
    expect(texts.map((text) => text.slice(0, 7))).toEqual(['round 2', 'round 3', 'round 4']);
  });
});

describe('a file of version 1', () => {
  it.each([
    ['engine_started', 'engine', {}, 'engine', 'created'],
    ['engine_stopped', 'engine', { reason: 'deleted' }, 'engine', 'deleted'],
    ['engine_stopped', 'engine', { reason: 'gone' }, 'engine', 'failed'],
    ['engine_changed', 'engine', { change: 'health', health: 'healthy' }, 'health', 'recovered'],
    ['engine_changed', 'engine', { change: 'health', health: 'unhealthy' }, 'health', 'failed'],
    ['engine_changed', 'engine', { change: 'deleting', deleting: true }, 'engine', 'deleting'],
    ['engine_changed', 'engine', { change: 'forwarded', forwarded: false }, 'engine', 'forwarded'],
    ['runtime_connected', 'runtime', {}, 'system', 'connected'],
    ['breaker_changed', 'provisioning', { state: 'open' }, 'system', 'circuit_breaker'],
    ['vpn_changed', 'vpn', { connected: false }, 'vpn', 'disconnected'],
    ['vpn_emergency', 'vpn', { active: true }, 'vpn', 'failed'],
    ['stream_ended', 'stream', {}, 'stream', 'ended'],
    ['something_else', 'runtime', {}, 'system', 'warning'],
  ])('%s of %s with %j becomes %s, %s', async (oldType, oldCategory, details, type, category) => {
    const { path } = await makeFile();
    const row = `'${oldType}', '${oldCategory}', 'text', '${JSON.stringify(details)}'`;
    await alter(
      path,
      `DELETE FROM events; INSERT INTO events (id, time, type, category, message, details) VALUES (1, 1, ${row});
       ALTER TABLE streams DROP COLUMN name; PRAGMA user_version = 1`,
    );
    const { store, logLines } = openStore(path);
    expect(store.events(ALL)).toMatchObject([{ type, category, message: 'text', details }]);
    expect(logLines).toEqual([]);
    store.close();
  });
});

describe('a file of version 2', () => {
  it('keeps its streams, which have no names', async () => {
    const { path } = await makeFile();
    const stream = makeStream('a');
    const writer = openStore(path);
    writer.store.write([{ stream }]);
    writer.store.close();
    await alter(path, 'ALTER TABLE streams DROP COLUMN name; PRAGMA user_version = 2');
    const { store, logLines } = openStore(path);
    store.write([{ stream: { ...stream, endedAt: stream.startedAt + 1, name: 'Title' } }]);
    expect(store.streams(10)).toMatchObject([{ id: 'a', name: 'Title', endedAt: stream.startedAt + 1 }]);
    expect(logLines).toEqual([]);
    store.close();
  });
});

describe('an unsupported file', () => {
  it.each<[string, string, string]>([
    ['of a later version', 'PRAGMA user_version = 99', 'schema version 99'],
    ['of another program', 'PRAGMA user_version = 0; CREATE TABLE others (why TEXT)', 'another program'],
  ])('%s is quarantined unchanged', async (_what, sql, reason) => {
    const { folder, path } = await makeFile();
    await alter(path, sql);
    const { store, logLines } = openStore(path);
    expect(store.events(ALL)).toEqual([]);
    store.close();
    const names = await databasesIn(folder);
    expect(names).toEqual(['history.sqlite', expect.stringMatching(/^history\.unknown-/)]);
    expect(logLines).toEqual([{ level: 'warn', message: expect.stringContaining(reason) }]);
    const quarantined = new DatabaseSync(join(folder, names[1]!), { readOnly: true });
    expect(quarantined.prepare('SELECT count(*) AS n FROM events').get()).toEqual({ n: 2000 });
    quarantined.close();
  });
});

describe('a file that cannot be written', () => {
  it('is logged once, and events are moved from memory to the file when it can be written', async () => {
    const folder = await makeFolder();
    // A path below a file: not even root can write there.
    await writeFile(join(folder, 'data'), 'in the way');
    const { store, logLines, storageChanges } = openStore(join(folder, 'data', 'history.sqlite'));
    store.write(eventsAt(0, 1200));
    store.recover();
    store.recover();
    expect(store.tidy()).toBe(false);
    expect(store.events({ limit: 2, offset: 1 })).toEqual([eventAt(1198), eventAt(1197)]);
    expect(store.counts().total).toBe(1200);
    expect(store.storage).toEqual({ store: 'memory', error: expect.stringMatching(/^E(EXIST|NOTDIR)/) });
    expect(storageChanges).toEqual([store.storage]);
    expect(logLines).toEqual([
      { level: 'warn', message: expect.stringContaining('storing events in memory') },
    ]);

    await rename(join(folder, 'data'), join(folder, 'away'));
    store.recover();
    store.write(eventsAt(1200, 1));
    while (store.tidy());
    expect(store.storage).toEqual({ store: 'file', error: null });
    expect(storageChanges.at(-1)).toEqual(store.storage);
    expect(logLines.map(({ level }) => level)).toEqual(['warn', 'info']);
    expect(store.events({ limit: 1, offset: 1200 })).toEqual([eventAt(0)]);
    expect(store.counts().total).toBe(1201);
    store.close();
    const { store: next } = openStore(join(folder, 'data', 'history.sqlite'));
    expect(next.counts().total).toBe(1201);
    next.close();
  });

  it('does not let memory grow: the oldest events are dropped, counted and logged once', async () => {
    const folder = await makeFolder();
    await writeFile(join(folder, 'data'), '');
    const { store, logLines } = openStore(join(folder, 'data', 'history.sqlite'), { maxEvents: 100 });
    for (let batch = 0; batch < 5; batch += 1) store.write(eventsAt(batch * 50, 50));
    expect(store.dropped).toBe(150);
    expect(store.counts()).toMatchObject({ total: 100, oldest: NOON + 150_000 });
    expect(logLines.map(({ message }) => message)).toEqual([
      expect.stringContaining('storing events in memory'),
      expect.stringContaining('dropping events'),
    ]);
    store.close();
  });

  it('has streams moved to it as well', async () => {
    const folder = await makeFolder();
    await writeFile(join(folder, 'data'), '');
    const path = join(folder, 'data', 'history.sqlite');
    const { store } = openStore(path);
    store.write([{ stream: makeStream('a') }]);
    expect(store.storage.store).toBe('memory');
    await rm(join(folder, 'data'));
    store.recover();
    while (store.tidy());
    expect(store.streams(10)).toEqual([makeStream('a')]);
    expect(store.storage.store).toBe('file');
    store.close();
  });

  it('may be locked by another process', async () => {
    const { path } = await makeFile();
    const { store, logLines } = openStore(path);
    const other = new DatabaseSync(path);
    other.exec('BEGIN IMMEDIATE');
    store.write(eventsAt(3000, 2));
    expect(store.storage).toEqual({ store: 'memory', error: 'database is locked' });
    // Pages that span memory and the file.
    expect(store.events({ limit: 3, offset: 1 })).toEqual([eventAt(3000), eventAt(1999), eventAt(1998)]);
    expect(store.events({ limit: 2, offset: 3 })).toEqual([eventAt(1998), eventAt(1997)]);
    expect(store.counts().total).toBe(2002);
    other.exec('ROLLBACK');
    other.close();
    store.recover();
    expect(store.storage).toEqual({ store: 'file', error: null });
    expect(store.events({ limit: 3, offset: 1 })).toEqual([eventAt(3000), eventAt(1999), eventAt(1998)]);
    expect(logLines.map(({ level }) => level)).toEqual(['warn', 'info']);
    store.close();
  });

  it('is created again after it was removed', async () => {
    const { folder, path } = await makeFile();
    const { store, logLines } = openStore(path);
    await rm(path);
    store.recover();
    store.write(eventsAt(0, 2));
    expect(store.storage).toEqual({ store: 'file', error: null });
    store.close();
    expect(logLines.map(({ level }) => level)).toEqual(['warn', 'info']);
    expect(await databasesIn(folder)).toEqual(['history.sqlite']);
    const { store: next } = openStore(path);
    expect(next.counts().total).toBe(2);
    next.close();
  });

  it('may be a folder', async () => {
    const path = join(await makeFolder(), 'history.sqlite');
    await mkdir(path);
    const { store } = openStore(path);
    store.write(eventsAt(0, 1));
    expect(store.events(ALL)).toEqual([eventAt(0)]);
    expect(store.storage.store).toBe('memory');
    store.close();
  });
});
