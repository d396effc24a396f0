import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SessionLockedError, StorageError } from '../../../src/library/browser-state/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { commitFiles, MemoryStore, openHost, readFiles, writeFiles } from './support.ts';

const LEASE_S = 60;
const ROOT = 'browser-state/user/s1/';

async function openHosts() {
  const driver = new MemoryStore();
  // The clocks start an hour apart: only differences of one clock may count.
  const clocks = [new FakeClock(), new FakeClock()] as const;
  clocks[1].advance(3_600_000);
  const errors: unknown[] = [];
  const open = (clock: FakeClock) =>
    openHost({ driver, clock, timeoutMs: 1e9, onError: (error) => errors.push(error) });
  return { driver, clocks, errors, a: await open(clocks[0]), b: await open(clocks[1]) };
}

describe('a lease', () => {
  test('allows one writer, in this process too; the error names the holder and the time', async () => {
    const { a, b, clocks } = await openHosts();
    await using mount = await a.mount('user', 's1');
    expect(mount.lease).toMatchObject({ fence: 1, remainingMs: LEASE_S * 1000 });
    await expect(a.mount('user', 's1', { mode: 'clean' })).rejects.toThrow(SessionLockedError);
    const refused = b.mount('user', 's1');
    await expect(refused).rejects.toMatchObject({
      holder: { pid: process.pid },
      remainingMs: LEASE_S * 1000,
    });
    await expect(refused).rejects.toThrow(/is mounted by process \d+ on .*, whose lease ends in 60\.0 s/);
    clocks[1].advance(20_000);
    await expect(b.mount('user', 's1')).rejects.toMatchObject({ remainingMs: 40_000 });
    await using other = await b.mount('user', 's2');
    expect(other.version).toBe(0);
  });

  test('is released at the end of a mount, and leaves no object', async () => {
    const { a, b, driver } = await openHosts();
    const mount = await a.mount('user', 's1');
    expect([...driver.objects.keys()]).toContain(`${ROOT}l/00000001`);
    await mount.discard();
    expect([...driver.objects.keys()]).toEqual(['browser-state/~store/id']);
    await using next = await b.mount('user', 's1');
    expect(next.version).toBe(0);
    expect(b.stats().takeovers).toBe(0);
  });

  test('is renewed while the mount is open', async () => {
    const { a, b, clocks } = await openHosts();
    await using mount = await a.mount('user', 's1');
    await expect(b.mount('user', 's1')).rejects.toThrow(SessionLockedError);
    for (let minute = 0; minute < 5; minute += 1) {
      await clocks[0].advanceAsync(LEASE_S * 1000);
      clocks[1].advance(LEASE_S * 1000);
      await expect(b.mount('user', 's1')).rejects.toThrow(SessionLockedError);
    }
    expect(mount.lease?.remainingMs).toBeGreaterThan(0);
  });

  test('that is not renewed is taken over after its length by the clock of the taker', async () => {
    const { a, b, clocks, driver } = await openHosts();
    await commitFiles(a, 'user', 's1', { file: 'one' });
    const former = await a.mount('user', 's1');
    await expect(b.mount('user', 's1')).rejects.toThrow(SessionLockedError);
    clocks[1].advance(LEASE_S * 1000 - 1);
    await expect(b.mount('user', 's1')).rejects.toMatchObject({ remainingMs: 1 });
    clocks[1].advance(1);
    await using next = await b.mount('user', 's1');
    expect(next.version).toBe(2);
    expect(next.lease?.fence).toBe(3);
    expect(await readFiles(next.dir)).toEqual({ file: 'one' });
    expect([...driver.objects.keys()].filter((key) => key.includes('/l/'))).toEqual([
      `${ROOT}l/00000001`,
      `${ROOT}l/00000002`,
    ]);
    // The former holder wakes up: its renewal finds that the lease is lost.
    await clocks[0].advanceAsync(LEASE_S * 1000);
    expect(former.lease?.signal.aborted).toBe(true);
    await writeFiles(former.dir, { file: 'two' });
    await expect(former.commit()).rejects.toMatchObject({ code: 'LEASE_LOST' });
    await expect(former.saveCheckpoint({})).rejects.toMatchObject({ code: 'LEASE_LOST' });
    expect(await former.fork('rescued')).toBe(1);
    await former.discard();
    await writeFile(join(next.dir, 'file'), 'three');
    expect(await next.commit()).toBe(3);
    await next.discard();
    expect([...driver.objects.keys()].filter((key) => key.includes('/l/'))).toEqual([]);
  });

  test('can be taken over again and again', async () => {
    const { a, b, clocks, driver } = await openHosts();
    const mounts = [await a.mount('user', 's1')];
    for (let i = 0; i < 4; i += 1) {
      await expect(b.mount('user', 's1')).rejects.toThrow(SessionLockedError);
      clocks[1].stall(LEASE_S * 1000);
      mounts.push(await b.mount('user', 's1'));
    }
    expect([...driver.objects.keys()].filter((key) => key.includes('/l/'))).toHaveLength(2);
    for (const mount of mounts.reverse()) await mount.discard();
    expect([...driver.objects.keys()].filter((key) => key.includes('/l/'))).toEqual([]);
  });

  test('of a session without versions is taken over too: its holder cannot create the first version', async () => {
    const { a, b, clocks } = await openHosts();
    const former = await a.mount('user', 's1');
    await writeFiles(former.dir, { file: 'late' });
    await expect(b.mount('user', 's1')).rejects.toThrow(SessionLockedError);
    clocks[1].advance(LEASE_S * 1000);
    await using next = await b.mount('user', 's1');
    expect(next.version).toBe(0);
    expect(await b.has('user', 's1')).toBe(false);
    await expect(former.commit()).rejects.toMatchObject({ code: 'VERSION_CONFLICT' });
    await former.discard();
    await writeFiles(next.dir, { file: 'content' });
    expect(await next.commit()).toBe(2);
  });

  test('whose end has passed is renewed by a commit, if nobody has taken it', async () => {
    const { a, clocks } = await openHosts();
    await using mount = await a.mount('user', 's1');
    await writeFiles(mount.dir, { file: 'content' });
    clocks[0].stall(10 * LEASE_S * 1000);
    expect(mount.lease?.remainingMs).toBe(0);
    expect(await mount.commit()).toBe(1);
    expect(mount.lease?.remainingMs).toBe(LEASE_S * 1000);
  });

  test('whose renewal fails is kept, and the error is reported', async () => {
    const { a, clocks, driver, errors } = await openHosts();
    await using mount = await a.mount('user', 's1');
    driver.before = () => {
      throw new StorageError('access denied', { transient: false });
    };
    await clocks[0].advanceAsync(LEASE_S * 500);
    expect(errors).toHaveLength(1);
    driver.before = () => {};
    await clocks[0].advanceAsync(LEASE_S * 500);
    expect(mount.lease?.signal.aborted).toBe(false);
    await writeFiles(mount.dir, { file: 'content' });
    expect(await mount.commit()).toBe(1);
  });

  test('can be waited for', async () => {
    const { a, b, clocks } = await openHosts();
    const first = await a.mount('user', 's1');
    const second = b.mount('user', 's1', { waitMs: 10_000 });
    await clocks[1].advanceAsync(3000);
    await first.discard();
    await clocks[1].advanceAsync(3000);
    await (await second).discard();
    await using third = await a.mount('user', 's1');
    const late = b.mount('user', 's1', { waitMs: 1000 });
    const refused = expect(late).rejects.toThrow(SessionLockedError);
    await clocks[1].advanceAsync(2000);
    await refused;
    const controller = new AbortController();
    const aborted = b.mount('user', 's1', { waitMs: 60_000, signal: controller.signal });
    const stopped = expect(aborted).rejects.toThrow('stop');
    await clocks[1].advanceAsync(1000);
    controller.abort(new Error('stop'));
    await stopped;
    expect(third.version).toBe(0);
  });

  test('is granted to one of 20 mounts at the same time', async () => {
    const { a, b } = await openHosts();
    const mounts = await Promise.allSettled(
      Array.from({ length: 20 }, (_, index) => (index % 2 ? a : b).mount('user', 's1')),
    );
    const granted = mounts.filter((result) => result.status === 'fulfilled');
    expect(granted).toHaveLength(1);
    for (const result of mounts.filter((each) => each.status === 'rejected'))
      expect(result.reason).toBeInstanceOf(SessionLockedError);
    await granted[0]!.value.discard();
  });
});

describe('the mode', () => {
  test('ro needs no lease and saves nothing', async () => {
    const { a, b } = await openHosts();
    await commitFiles(a, 'user', 's1', { file: 'one' });
    await using writer = await a.mount('user', 's1');
    await using reader = await b.mount('user', 's1', { mode: 'ro' });
    expect(reader.lease).toBeUndefined();
    expect(reader.dir).not.toBe(writer.dir);
    await expect(reader.commit()).rejects.toMatchObject({ code: 'READ_ONLY' });
    await expect(reader.fork('s2')).rejects.toMatchObject({ code: 'READ_ONLY' });
    await expect(reader.saveCheckpoint({})).rejects.toMatchObject({ code: 'READ_ONLY' });
    await expect(b.mount('user', 'none', { mode: 'ro' })).rejects.toMatchObject({
      code: 'SESSION_NOT_FOUND',
    });
  });

  test('fork needs no lease and saves as another session', async () => {
    const { a, b } = await openHosts();
    await commitFiles(a, 'user', 's1', { file: 'one' });
    await using writer = await a.mount('user', 's1');
    await using fork = await b.mount('user', 's1', { mode: 'fork' });
    await writeFiles(fork.dir, { file: 'forked' });
    await expect(fork.commit()).rejects.toThrow('use fork()');
    expect(await fork.fork('s2')).toBe(1);
    await expect(fork.fork('s2')).rejects.toMatchObject({ code: 'VERSION_CONFLICT' });
    await expect(fork.fork('../s2')).rejects.toThrow(RangeError);
    expect(await readFiles(writer.dir)).toEqual({ file: 'one' });
  });

  test('clean starts empty; its commit replaces the profile', async () => {
    const { a } = await openHosts();
    await commitFiles(a, 'user', 's1', { file: 'one', other: 'x' });
    await using mount = await a.mount('user', 's1', { mode: 'clean' });
    expect(await readFiles(mount.dir)).toEqual({});
    await writeFiles(mount.dir, { file: 'two' });
    expect(await mount.commit()).toBe(2);
  });

  test('rw of an old version is refused', async () => {
    const { a } = await openHosts();
    await expect(a.mount('user', 's1', { version: 1 })).rejects.toThrow('rollback()');
    await expect(a.mount('user', 's1', { leaseS: 0 })).rejects.toThrow('leaseS must be above 0');
  });
});

test('a mount that has ended cannot be used, and its folder is gone', async () => {
  const { a } = await openHosts();
  const mount = await a.mount('user', 's1');
  await mount.discard();
  await mount.discard();
  await expect(mount.commit()).rejects.toMatchObject({ code: 'MOUNT_CLOSED' });
  await expect(readFiles(mount.dir)).rejects.toThrow('ENOENT');
});

test('a mount that fails releases its lease and leaves no folder', async () => {
  const { a, b, driver } = await openHosts();
  await commitFiles(a, 'user', 's1', { file: 'one' });
  const key = [...driver.objects.keys()].find((each) => each.includes('/p/'))!;
  const pack = driver.objects.get(key)!;
  driver.objects.delete(key);
  await expect(b.mount('user', 's1')).rejects.toMatchObject({ code: 'CORRUPT_OBJECT' });
  driver.objects.set(key, pack);
  await using mount = await b.mount('user', 's1');
  expect(await readFiles(mount.dir)).toEqual({ file: 'one' });
});
