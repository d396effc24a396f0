import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FakeClock } from '../../support/fake-clock.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { makeFolder, openStore } from './support.ts';

const SOON_MS = 10_000;

test('one of many gets a lease; the others wait until it is released', async () => {
  const dir = await makeFolder();
  const stores = [await openStore({ dir }), await openStore({ dir })];
  const leases = await Promise.all(
    Array.from({ length: 20 }, (_, index) => stores[index % 2]!.tryLease('app', 'k')),
  );
  const [lease, ...others] = leases.filter((one) => one !== undefined);
  expect(others).toEqual([]);
  expect(await stores[1]!.leaseEnded('app', 'k', { timeoutMs: 1 })).toBe(false);
  expect(await stores[1]!.tryLease('app', 'other')).toBeDefined();
  expect(await stores[1]!.tryLease('other', 'k')).toBeDefined();
  const waiting = stores[1]!.leaseEnded('app', 'k', { timeoutMs: SOON_MS });
  await lease!.release();
  expect(await waiting).toBe(true);
  expect(await stores[1]!.leaseEnded('app', 'k', { timeoutMs: 0 })).toBe(true);
  expect(await stores[1]!.tryLease('app', 'k')).toBeDefined();
});

test('a lease without a heartbeat is taken over after 5 s by the clock of the one that waits', async () => {
  const dir = await makeFolder();
  const [suspended, clock] = [new FakeClock(), new FakeClock()];
  const holder = await openStore({ dir, clock: suspended });
  const store = await openStore({ dir, clock });
  const lease = await holder.tryLease('app', 'k');
  let ended: boolean | undefined;
  const waiting = store.leaseEnded('app', 'k', { timeoutMs: 60_000 }).then((result) => {
    ended = result;
  });
  const startedAt = clock.now();
  await waitUntil(
    'the lease is taken over',
    () => {
      clock.advance(100);
      // With heartbeats up to here, the 5 s count from the last one.
      if (clock.now() - startedAt < 4000) suspended.advance(500);
      return ended;
    },
    SOON_MS,
  );
  await waiting;
  expect(clock.now() - startedAt).toBeGreaterThanOrEqual(5000);
  const next = await store.tryLease('app', 'k');
  expect(next).toBeDefined();
  // The former holder cannot release the lease of the next one.
  await lease!.release();
  expect(await holder.tryLease('app', 'k')).toBeUndefined();
});

test('a process that is interrupted for seconds while it reads a lease does not take it over', async () => {
  const dir = await makeFolder();
  const [holding, clock] = [new FakeClock(), new FakeClock()];
  const holder = await openStore({ dir, clock: holding, timeoutMs: 60_000 });
  const store = await openStore({ dir, clock, timeoutMs: 60_000 });
  await holder.tryLease('app', 'k');
  const leaseFile = (await readdir(dir, { recursive: true, withFileTypes: true })).find(
    (entry) => entry.isFile() && /lease/.test(entry.parentPath),
  )!;
  const mtime = async () => (await stat(join(leaseFile.parentPath, leaseFile.name))).mtimeMs;
  let ended: boolean | undefined;
  void store.leaseEnded('app', 'k', { timeoutMs: 60_000 }).then((result) => {
    ended = result;
  });
  for (let count = 0; count < 5; count += 1) {
    for (let poll = 0; poll < 10; poll += 1) {
      clock.advance(100);
      for (let turn = 0; turn < 5; turn += 1) await mtime();
    }
    // The file is being read: its reply cannot arrive before the next turn of the event loop.
    clock.advance(100);
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
    clock.advance(6000);
    const before = await mtime();
    const isRenewed = async () => {
      holding.advance(500);
      return (await mtime()) !== before;
    };
    await waitUntil('the lease is renewed', isRenewed, SOON_MS);
  }
  expect(ended).toBeUndefined();
});

test('a lease whose file a power failure has emptied is free', async () => {
  const store = await openStore();
  for (const content of ['', '{', 'null', '{"id":1}']) {
    const lease = await store.tryLease('app', 'k');
    const [name] = await readdir(join(store.dir, 'leases'));
    await writeFile(join(store.dir, 'leases', name!), content);
    expect(await store.leaseEnded('app', 'k', { timeoutMs: SOON_MS })).toBe(true);
    await using next = await store.tryLease('app', 'k');
    expect(next).toBeDefined();
    await lease!.release();
  }
});

test('waiting ends with the signal', async () => {
  const store = await openStore();
  await using _lease = await store.tryLease('app', 'k');
  const reason = new Error('the client has gone');
  const waiting = store.leaseEnded('app', 'k', { timeoutMs: SOON_MS, signal: AbortSignal.abort(reason) });
  await expect(waiting).rejects.toBe(reason);
});

test('closing a store releases its leases and leaves no files', async () => {
  const dir = await makeFolder();
  const first = await openStore({ dir });
  await first.tryLease('app', 'a');
  await first.tryLease('app', 'b');
  await first.close();
  expect(await readdir(join(dir, 'leases'))).toEqual([]);
  expect(await readdir(join(dir, 'tmp'))).toEqual([]);
});
