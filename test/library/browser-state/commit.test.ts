import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { StorageError, VersionConflictError } from '../../../src/library/browser-state/index.ts';
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

const LEASE_MS = 60_000;
/** More than one pack. */
const LARGE = randomBytes(9_000_000);
const OTHER_LARGE = randomBytes(9_000_000, 2);

/**
 * Hosts over one store in memory. Their clocks are separate, as those of real hosts are. Calls have no deadline, because
 * tests may advance a clock by minutes while files are read.
 */
async function openHosts(count = 2) {
  const driver = new MemoryStore();
  const clocks = Array.from({ length: count }, () => new FakeClock());
  const hosts = await Promise.all(clocks.map((clock) => openHost({ driver, clock, timeoutMs: 1e9 })));
  return { driver, clocks, hosts };
}

describe('a commit', () => {
  test('puts packs first, then creates the manifest, then checks for higher numbers', async () => {
    const { driver, hosts } = await openHosts(1);
    await using mount = await hosts[0]!.mount('user', 's1');
    await writeFiles(mount.dir, { file: 'content' });
    driver.calls.length = 0;
    await mount.commit();
    expect(driver.calls.map((call) => call.replace(/[0-9a-f]{64}/, '<sha256>'))).toEqual([
      'put browser-state/user/s1/p/<sha256>',
      'create browser-state/user/s1/m/00000001',
      'list browser-state/user/s1/m/',
    ]);
  });

  test('of an unchanged profile sends nothing', async () => {
    const { driver, hosts } = await openHosts(1);
    await commitFiles(hosts[0]!, 'user', 's1', { file: 'content', large: randomBytes(200_000) });
    await using mount = await hosts[0]!.mount('user', 's1');
    driver.calls.length = 0;
    expect(await mount.commit()).toBe(1);
    expect(driver.calls).toEqual([]);
  });

  test('sends what has changed: one part of a large file', async () => {
    const { hosts } = await openHosts(1);
    const large = randomBytes(5_000_000);
    await commitFiles(hosts[0]!, 'user', 's1', { large });
    const before = hosts[0]!.stats().storage.bytesWritten;
    await using mount = await hosts[0]!.mount('user', 's1');
    const changed = Buffer.concat([
      large.subarray(0, 2_000_000),
      Buffer.from('inserted'),
      large.subarray(2_000_000),
    ]);
    await writeFile(join(mount.dir, 'large'), changed);
    expect(await mount.commit()).toBe(2);
    expect(hosts[0]!.stats().storage.bytesWritten - before).toBeLessThan(100_000);
    expect((await mountedFiles(hosts[0]!, 'user', 's1')).large).toBe(changed.toString('latin1'));
  });

  test('that another writer preceded fails with both versions, overwrites nothing, and can be forked', async () => {
    const { hosts, clocks } = await openHosts();
    const [first, second] = hosts as [(typeof hosts)[0], (typeof hosts)[0]];
    await commitFiles(first, 'user', 's1', { file: 'one' });
    const slow = await first.mount('user', 's1');
    await writeFiles(slow.dir, { file: 'slow' });
    await expect(second.mount('user', 's1')).rejects.toMatchObject({ code: 'SESSION_LOCKED' });
    clocks[1]!.advance(LEASE_MS);
    const fast = await second.mount('user', 's1');
    expect(fast.version).toBe(2);
    await expect(slow.commit()).rejects.toThrow(new VersionConflictError('user/s1', 1, 2));
    await writeFiles(fast.dir, { file: 'fast' });
    expect(await fast.commit()).toBe(3);
    await expect(slow.commit()).rejects.toThrow(new VersionConflictError('user/s1', 1, 3));
    expect(await slow.fork('rescued')).toBe(1);
    await slow.discard();
    await fast.discard();
    expect(await mountedFiles(first, 'user', 's1')).toEqual({ file: 'fast' });
    expect(await mountedFiles(first, 'user', 'rescued')).toEqual({ file: 'slow' });
    expect((await first.versions('user', 's1')).map(({ reason }) => reason)).toEqual([
      'commit',
      'takeover',
      'commit',
    ]);
  });

  test('whose answer was lost is recognised as its own', async () => {
    const { driver, hosts, clocks } = await openHosts(1);
    await using mount = await hosts[0]!.mount('user', 's1');
    await writeFiles(mount.dir, { file: 'content' });
    let cut = 0;
    driver.after = (call) => {
      if (!call.startsWith('create') || !call.includes('/m/') || cut > 0) return;
      cut += 1;
      throw new StorageError('the connection was cut', { transient: true });
    };
    expect(await whileTimePasses(clocks[0]!, mount.commit())).toBe(1);
    expect(cut).toBe(1);
    expect(driver.calls.filter((call) => call.startsWith('create') && call.includes('/m/'))).toHaveLength(2);
  });

  test('to a storage that does not answer fails after its deadlines, and can be repeated', async () => {
    const driver = new MemoryStore();
    const clock = new FakeClock();
    const host = await openHost({ driver, clock, timeoutMs: 1000 });
    await commitFiles(host, 'user', 's1', { file: 'one' });
    await using mount = await host.mount('user', 's1', { leaseS: 1e6 });
    await writeFiles(mount.dir, { file: 'two' });
    const attempts: string[] = [];
    driver.before = (call) => {
      if (!call.startsWith('put') || !call.includes('/p/')) return;
      attempts.push(call);
      return new Promise(() => {});
    };
    const failed = whileTimePasses(clock, mount.commit());
    await expect(failed).rejects.toMatchObject({ code: 'STORAGE_FAILED', transient: true });
    expect(attempts).toHaveLength(4);
    driver.before = () => {};
    expect(await mountedFiles(host, 'user', 's1')).toEqual({ file: 'one' });
    expect(await mount.commit()).toBe(2);
    expect(await mountedFiles(host, 'user', 's1')).toEqual({ file: 'two' });
  });

  test('of another writer with the same number is not taken for its own', async () => {
    const { driver, hosts, clocks } = await openHosts();
    const mount = await hosts[0]!.mount('user', 's1');
    await writeFiles(mount.dir, { file: 'first' });
    let cut = false;
    driver.before = async (call) => {
      if (cut || !call.startsWith('create') || !call.includes('/m/')) return;
      cut = true;
      await hosts[1]!.importFrom('user', 's1', { storageState: { cookies: [] } });
      throw new StorageError('the connection was cut', { transient: true });
    };
    await expect(whileTimePasses(clocks[0]!, mount.commit())).rejects.toThrow(VersionConflictError);
    await mount.discard();
    expect(await mountedFiles(hosts[0]!, 'user', 's1')).toEqual({});
  });

  test('to a number that is free only because the history was removed fails, and the number stays unused', async () => {
    const { driver, hosts } = await openHosts();
    await commitFiles(hosts[0]!, 'user', 's1', { file: '1' });
    const stale = await hosts[0]!.mount('user', 's1');
    await writeFiles(stale.dir, { file: 'stale' });
    await hosts[1]!.rollback('user', 's1', 1);
    await hosts[1]!.rollback('user', 's1', 1);
    driver.objects.delete('browser-state/user/s1/m/00000002');
    await expect(stale.commit()).rejects.toThrow(new VersionConflictError('user/s1', 1, 3));
    await stale.discard();
    expect(await mountedFiles(hosts[1]!, 'user', 's1')).toEqual({ file: '1' });
    expect((await hosts[1]!.versions('user', 's1')).map(({ version }) => version)).toEqual([3, 1]);
  });

  test('after the session was deleted fails', async () => {
    const { hosts } = await openHosts();
    await commitFiles(hosts[0]!, 'user', 's1', { file: '1' });
    await using mount = await hosts[0]!.mount('user', 's1');
    await writeFiles(mount.dir, { file: '2' });
    await hosts[1]!.delete('user', 's1');
    await expect(mount.commit()).rejects.toThrow(VersionConflictError);
    expect(await hosts[1]!.has('user', 's1')).toBe(false);
  });

  test('of a file that changes meanwhile fails', async () => {
    const { driver, hosts } = await openHosts(1);
    await using mount = await hosts[0]!.mount('user', 's1');
    await writeFiles(mount.dir, { a: LARGE });
    await writeFiles(mount.dir, { c: OTHER_LARGE });
    driver.before = async (call) => {
      if (call.startsWith('put')) await writeFile(join(mount.dir, 'c'), 'short');
    };
    await expect(mount.commit()).rejects.toMatchObject({ code: 'PROFILE_CHANGED' });
    expect(await hosts[0]!.has('user', 's1')).toBe(false);
  });
});

/** Stops a host at the nth call to the storage: before or after it takes effect. */
const CRASHES = ['before', 'after'] as const;

describe('a crash at any call of a commit', () => {
  test.each(CRASHES)('(%s it takes effect) leaves the old version or the new one', async (moment) => {
    const outcomes = new Set<number>();
    for (let crashAt = 1, crashed = true; crashed; crashAt += 1) {
      crashed = false;
      const { driver, hosts, clocks } = await openHosts();
      const files = { file: 'one', large: randomBytes(300_000) };
      await commitFiles(hosts[0]!, 'user', 's1', files);
      const mount = await hosts[0]!.mount('user', 's1');
      await writeFiles(mount.dir, { file: 'two', large: OTHER_LARGE });
      let calls = 0;
      driver[moment] = () => {
        calls += 1;
        if (calls < crashAt) return;
        crashed = true;
        throw new StorageError('crashed', { transient: false });
      };
      const committed = await mount.commit().catch(() => undefined);
      driver[moment] = () => {};
      clocks[1]!.advance(LEASE_MS);
      const observed = await hosts[1]!.mount('user', 's1').catch(() => undefined);
      await observed?.discard();
      clocks[1]!.advance(LEASE_MS);
      await using next = await hosts[1]!.mount('user', 's1');
      const restored = await readFiles(next.dir);
      const isNew = restored.file === 'two';
      expect(restored).toEqual(
        isNew
          ? { file: 'two', large: OTHER_LARGE.toString('latin1') }
          : { file: 'one', large: files.large.toString('latin1') },
      );
      if (committed !== undefined) expect(isNew).toBe(true);
      expect((await hosts[1]!.verify('user', 's1')).problems).toEqual([]);
      if (committed === undefined) await expect(mount.commit()).rejects.toThrow(VersionConflictError);
      outcomes.add(isNew ? 2 : 1);
    }
    expect([...outcomes].sort()).toEqual([1, 2]);
  });
});

/** Resolves with the result of a call that waits on a fake clock. */
async function whileTimePasses<T>(clock: FakeClock, call: Promise<T>): Promise<T> {
  let settled = false;
  const finished = call.finally(() => {
    settled = true;
  });
  finished.catch(() => {});
  while (!settled) await clock.advanceAsync(10);
  return await finished;
}
