import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Child } from './children.ts';
import { killWriters } from './kills.ts';
import { diskUsage, makeFolder, openStore, verifyBodies } from './support.ts';

const MIB = 1024 * 1024;

test('a process that is killed in the middle of a write leaves the former or the new entry', {
  timeout: 60_000,
}, async () => {
  const { bodies } = await killWriters(await makeFolder(), 3);
  expect(bodies).toBeGreaterThanOrEqual(3);
});

test('processes and worker threads keep one limit, and read what the others have stored', {
  timeout: 60_000,
}, async () => {
  const dir = await makeFolder();
  const maxBytes = 4 * MIB;
  await using first = new Child({ do: 'fill', dir, maxBytes, name: 'first' });
  await using second = new Child({ do: 'fill', dir, maxBytes, name: 'second', threads: 2 });
  const exits = Promise.all([first.exit(), second.exit()]);
  let ended = false;
  exits.then(() => {
    ended = true;
  });
  const store = await openStore({ dir, maxBytes });
  let hits = 0;
  for (let index = 0; !ended; index += 1) {
    const entry = await store.get('app', `k${index % 20}`);
    const bytes = await entry?.bytes();
    if (bytes) {
      hits += 1;
      expect(bytes.length).toBe(entry!.metadata.size);
    }
  }
  expect([await exits, first.stderr, second.stderr]).toEqual([[0, 0], '', '']);
  expect(await diskUsage(join(dir, 'ns'))).toBeLessThanOrEqual(maxBytes);
  expect(hits).toBeGreaterThan(0);
  expect(store.stats().corrupt).toBe(0);
  expect(await verifyBodies(dir)).toBeGreaterThan(0);
});

test('the lease of a killed process ends at once', async () => {
  const dir = await makeFolder();
  await using holder = new Child({ do: 'lease', dir, maxBytes: MIB, name: 'holder' });
  expect(await holder.message()).toBe('leased');
  const store = await openStore({ dir, maxBytes: MIB });
  expect(await store.tryLease('app', 'k')).toBeUndefined();
  const waiting = store.leaseEnded('app', 'k', { timeoutMs: 20_000 });
  const killedAt = performance.now();
  await holder.kill();
  expect(await waiting).toBe(true);
  expect(performance.now() - killedAt).toBeLessThan(4000);
  expect(await store.tryLease('app', 'k')).toBeDefined();
});
