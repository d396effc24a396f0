import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ProfileStoreOptions, StorageError } from '../../../src/library/browser-state/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import {
  commitFiles,
  MemoryStore,
  mountedFiles,
  openHost,
  randomBytes,
  readFiles,
  writeFiles,
} from './support.ts';

const GRACE_S = 1000;
const PACKS = 'browser-state/user/s1/p/';

async function openStore(options: Partial<ProfileStoreOptions> = {}) {
  const driver = new MemoryStore();
  const clock = new FakeClock();
  const store = await openHost({ driver, clock, timeoutMs: 1e9, sweepGraceS: GRACE_S, ...options });
  const other = await openHost({ driver, clock, timeoutMs: 1e9, sweepGraceS: GRACE_S, ...options });
  const packs = () => [...driver.objects.keys()].filter((key) => key.startsWith(PACKS));
  /** Time of the store and of the hosts. */
  const pass = (seconds: number) => {
    driver.now += seconds * 1000;
    clock.advance(seconds * 1000);
  };
  return { driver, clock, store, other, packs, pass };
}

describe('a sweep', () => {
  test('removes packs that no version needs, after the grace period by the time of the store', async () => {
    const { store, packs, pass, driver } = await openStore({ history: { maxVersions: 1 } });
    await commitFiles(store, 'user', 's1', { file: 'one' });
    await commitFiles(store, 'user', 's1', { file: 'two' });
    driver.objects.set(`${PACKS}${'0'.repeat(64)}`, { bytes: Buffer.from('orphan'), modifiedMs: driver.now });
    expect(await store.sweep('user', 's1')).toMatchObject({ trimmedVersions: 1, deletedPacks: 0 });
    pass(GRACE_S - 1);
    expect(await store.sweep('user', 's1')).toMatchObject({ deletedPacks: 0 });
    pass(2);
    expect(await store.sweep('user', 's1')).toMatchObject({ trimmedVersions: 0, deletedPacks: 2 });
    expect(packs()).toHaveLength(1);
    expect(await mountedFiles(store, 'user', 's1')).toEqual({ file: 'two' });
    expect((await store.verify('user', 's1')).problems).toEqual([]);
    expect([...driver.objects.keys()].filter((key) => key.includes('~clock'))).toEqual([]);
  });

  test('keeps the packs of a version for the grace period after the version was removed', async () => {
    const { store, packs, pass } = await openStore({ history: { maxVersions: 1 } });
    await commitFiles(store, 'user', 's1', { file: 'one' });
    pass(10 * GRACE_S);
    await commitFiles(store, 'user', 's1', { file: 'two' });
    expect(await store.sweep('user', 's1')).toMatchObject({ trimmedVersions: 1, deletedPacks: 0 });
    expect(await store.sweep('user', 's1')).toMatchObject({ trimmedVersions: 0, deletedPacks: 0 });
    pass(GRACE_S);
    expect(await store.sweep('user', 's1')).toMatchObject({ deletedPacks: 1 });
    expect(packs()).toHaveLength(1);
  });

  test('keeps history by count and by age; the newest version always stays', async () => {
    const { store, pass } = await openStore({ history: { maxVersions: 3, maxAgeS: 500 } });
    for (let i = 1; i <= 5; i += 1) {
      await commitFiles(store, 'user', 's1', { file: `${i}` });
      pass(200);
    }
    await store.sweep('user', 's1');
    const versions = async () => (await store.versions('user', 's1')).map(({ version }) => version);
    expect(await versions()).toEqual([5, 4]);
    pass(10_000);
    await store.sweep('user', 's1');
    expect(await versions()).toEqual([5]);
    await expect(store.mount('user', 's1', { mode: 'ro', version: 4 })).rejects.toMatchObject({
      code: 'SESSION_NOT_FOUND',
    });
    await expect(store.rollback('user', 's1', 4)).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
    await commitFiles(store, 'user', 's1', { file: '6' });
    expect(await versions()).toEqual([6, 5]);
  });

  test('deletes nothing if a manifest cannot be read', async () => {
    const { store, driver, packs, pass } = await openStore({ history: { maxVersions: 1 } });
    await commitFiles(store, 'user', 's1', { file: 'one' });
    await commitFiles(store, 'user', 's1', { file: 'two' });
    pass(10 * GRACE_S);
    driver.objects.set('browser-state/user/s1/m/00000001', { bytes: Buffer.from('damaged'), modifiedMs: 0 });
    await expect(store.sweep('user', 's1')).rejects.toMatchObject({ code: 'CORRUPT_OBJECT' });
    expect(packs()).toHaveLength(2);
  });

  test('runs by itself after every 16th version, and its errors do not fail the commit', async () => {
    const errors: unknown[] = [];
    const { store, driver, packs, pass } = await openStore({
      history: { maxVersions: 2 },
      onError: (error) => errors.push(error),
    });
    const versions = async () => (await store.versions('user', 's1')).map(({ version }) => version);
    for (let i = 1; i <= 15; i += 1) await commitFiles(store, 'user', 's1', { file: `${i}` });
    expect(await versions()).toHaveLength(15);
    pass(2 * GRACE_S);
    await commitFiles(store, 'user', 's1', { file: '16' });
    expect(await versions()).toEqual([16, 15]);
    // Mounts may still be reading the packs of versions that were just removed.
    expect(packs()).toHaveLength(16);
    pass(2 * GRACE_S);
    for (let i = 17; i <= 31; i += 1) await commitFiles(store, 'user', 's1', { file: `${i}` });
    driver.before = (call) => {
      if (call.startsWith('put browser-state/~clock')) throw new StorageError('denied', { transient: false });
    };
    await commitFiles(store, 'user', 's1', { file: '32' });
    expect(errors).toHaveLength(1);
    expect(await versions()).toHaveLength(18);
    driver.before = () => {};
    await store.sweep('user', 's1');
    expect(await versions()).toEqual([32, 31]);
    expect(packs()).toHaveLength(18);
    expect((await store.verify('user', 's1')).problems).toEqual([]);
  });

  test('during a long mount does not break its commit', async () => {
    const { store, other, pass, driver, packs } = await openStore({ history: { maxVersions: 1 } });
    await commitFiles(store, 'user', 's1', { kept: randomBytes(50_000), file: 'one' });
    await using mount = await other.mount('user', 's1', { leaseS: 10 * GRACE_S });
    pass(0.9 * GRACE_S);
    // As if a sweep with another idea of the time had removed it.
    for (const key of packs()) driver.objects.delete(key);
    await writeFile(join(mount.dir, 'file'), 'two');
    expect(await mount.commit()).toBe(2);
    expect((await store.verify('user', 's1')).problems).toHaveLength(1);
    expect(await mountedFiles(store, 'user', 's1')).toEqual({
      kept: randomBytes(50_000).toString('latin1'),
      file: 'two',
    });
  });

  test('during a slow commit does not remove its packs unnoticed', async () => {
    const { store, other, pass, driver, packs } = await openStore();
    await using mount = await other.mount('user', 's1', { leaseS: 10 * GRACE_S });
    await writeFiles(mount.dir, { file: 'content' });
    let slow = true;
    driver.after = async (call) => {
      if (!slow || !call.startsWith(`put ${PACKS}`)) return;
      slow = false;
      pass(GRACE_S + 1);
      await store.sweep('user', 's1');
    };
    expect(await mount.commit()).toBe(1);
    expect(packs()).toHaveLength(1);
    expect(await mountedFiles(store, 'user', 's1')).toEqual({ file: 'content' });
  });
});

describe('packs', () => {
  test('of which less than half is live are rewritten', async () => {
    const { store, packs } = await openStore();
    const [small, large] = [randomBytes(40_000, 1), randomBytes(60_000, 2)];
    await commitFiles(store, 'user', 's1', { small, large });
    await commitFiles(store, 'user', 's1', { large });
    expect(packs()).toHaveLength(1);
    await commitFiles(store, 'user', 's1', { small: 'replaced', large: small });
    expect(packs()).toHaveLength(2);
    const { problems, packs: read } = await store.verify('user', 's1');
    expect({ problems, read }).toEqual({ problems: [], read: 2 });
  });

  test('are never more than 16 for a small profile, after 60 commits of one small change', async () => {
    const { store, other, driver } = await openStore({ history: { maxVersions: 100 } });
    const counts: number[] = [];
    for (let i = 0; i < 60; i += 1) {
      await using mount = await store.mount('user', 's1');
      await writeFiles(mount.dir, { [`file ${i}`]: `content ${i}` });
      await mount.commit();
    }
    for (const { version } of await store.versions('user', 's1')) {
      const reads = driver.calls.length;
      await using old = await other.mount('user', 's1', { mode: 'ro', version });
      expect(Object.keys(await readFiles(old.dir))).toHaveLength(version);
      counts.push(driver.calls.slice(reads).filter((call) => call.startsWith(`get ${PACKS}`)).length);
    }
    expect(counts).toHaveLength(60);
    expect(Math.max(...counts)).toBe(16);
    expect((await store.verify('user', 's1')).problems).toEqual([]);
  });

  test('of two commits with the same content have different names: deleting one cannot remove the other', async () => {
    const { store, packs } = await openStore();
    await commitFiles(store, 'user', 's1', { file: 'content' });
    const before = packs();
    await store.delete('user', 's1');
    await commitFiles(store, 'user', 's1', { file: 'content' });
    expect(packs()).not.toEqual(before);
  });
});

describe('a deletion', () => {
  test('removes everything but a tombstone, also a deletion that was interrupted', async () => {
    const { store, driver } = await openStore();
    await commitFiles(store, 'user', 's1', { file: 'one' });
    await commitFiles(store, 'user', 's1', { file: 'two' });
    driver.before = (call) => {
      if (call.startsWith('delete')) throw Object.assign(new Error('crashed'), { code: 'EACCES' });
    };
    await expect(store.delete('user', 's1')).rejects.toThrow('crashed');
    driver.before = () => {};
    expect(await store.has('user', 's1')).toBe(false);
    expect(await store.versions('user', 's1')).toEqual([]);
    expect(await store.sessions('user')).toEqual([]);
    expect(await store.delete('user', 's1')).toBe(false);
    expect([...driver.objects.keys()].filter((key) => !key.includes('~'))).toEqual([
      'browser-state/user/s1/m/00000003',
    ]);
  });
});
