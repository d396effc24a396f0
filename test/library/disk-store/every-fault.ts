import { readdir } from 'node:fs/promises';
import { expect } from 'vitest';
import { DiskStoreError, openDiskStore } from '../../../src/library/disk-store/index.ts';
import { failDisk, type Outcome } from '../../support/failing-disk.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { content, makeFolder, readBytes, verifyBodies } from './support.ts';

const OLD = content(30_000, 'old');
const NEW = content(300_000, 'new');
const SMALL = content(100, 'small');
const TIMEOUT_MS = 5000;

/** What {@link useStore} has seen. */
interface Seen {
  readonly bodies: Buffer[];
  readonly errors: unknown[];
}

/** Uses each operation of a store once. */
async function useStore(dir: string, clock: FakeClock): Promise<Seen> {
  const bodies: Buffer[] = [];
  const errors: unknown[] = [];
  const attempt = async (operation: () => Promise<unknown>) => {
    try {
      await operation();
    } catch (error) {
      errors.push(error);
    }
  };
  await attempt(async () => {
    const onError = (error: unknown) => void errors.push(error);
    // Far enough from the last use that a hit renews it.
    const wallClock = () => Date.now() + 120_000;
    const store = await openDiskStore({ dir, clock, wallClock, onError, timeoutMs: TIMEOUT_MS });
    const read = async () => bodies.push((await readBytes(store, 'app', 'k')) ?? OLD);
    await attempt(read);
    await attempt(() => store.put('app', 'k', NEW));
    await attempt(read);
    await attempt(() => store.put('app', 'small', SMALL));
    await attempt(async () => (await store.get('app', 'k'))?.setMetadata({ etag: '"2"' }));
    await attempt(async () => {
      const stream = await (await store.get('app', 'k'))?.stream();
      if (stream) bodies.push(Buffer.concat(await stream.toArray()));
    });
    await attempt(async () => (await store.tryLease('app', 'k'))?.release());
    await attempt(() => store.list('app'));
    await attempt(() => store.delete('app', 'small'));
    await attempt(() => store.put('other', 'k', SMALL));
    await attempt(() => store.clearNamespace('other'));
    await attempt(() => store.usage());
    await attempt(() => store.close());
  });
  return { bodies, errors };
}

async function makeStoredFolder(): Promise<string> {
  const dir = await makeFolder();
  await using store = await openDiskStore({ dir });
  await store.put('app', 'k', OLD);
  return dir;
}

/** Places in the code that use the disk. */
async function findPlaces(): Promise<string[]> {
  const dir = await makeStoredFolder();
  using disk = await failDisk({ code: 'EIO', decide: () => 'works' });
  expect((await useStore(dir, new FakeClock())).errors).toEqual([]);
  return [...disk.places];
}

async function countOpenFiles(): Promise<number> {
  return (await readdir('/proc/self/fd')).length;
}

/** Uses a store with an operation that does not work, then without. */
async function tryPlace(place: string, outcome: Outcome): Promise<void> {
  const dir = await makeStoredFolder();
  const before = await countOpenFiles();
  const clock = new FakeClock();
  let passing: NodeJS.Timeout | undefined;
  const disk = await failDisk({
    code: 'EIO',
    decide: (one, count) => {
      if (one !== place || count > 0) return 'works';
      // Others wait for the one that hangs, each for its own timeout.
      if (outcome === 'hangs') passing ??= setInterval(() => clock.advance(TIMEOUT_MS), 10);
      return outcome;
    },
  });
  const { bodies, errors } = await useStore(dir, clock).finally(() => {
    clearInterval(passing);
    disk[Symbol.dispose]();
  });
  expect(bodies.filter((body) => !body.equals(OLD) && !body.equals(NEW))).toEqual([]);
  expect(errors.filter((error) => !(error instanceof DiskStoreError))).toEqual([]);
  if (outcome !== 'hangs') expect(await countOpenFiles()).toBe(before);
  await using store = await openDiskStore({ dir });
  const kept = await readBytes(store, 'app', 'k');
  expect(kept === undefined || kept.equals(OLD) || kept.equals(NEW)).toBe(true);
  await verifyBodies(dir);
  expect(await store.put('app', 'k', NEW)).toBe(true);
  expect((await readBytes(store, 'app', 'k'))!.equals(NEW)).toBe(true);
}

/** Uses a store once for each place in the code that uses the disk, with a fault in that place. */
export async function tryEveryFault(outcome: Outcome): Promise<void> {
  const places = await findPlaces();
  expect(places.length).toBeGreaterThan(40);
  for (const place of places) {
    await tryPlace(place, outcome).catch((error) => {
      throw new Error(`with a fault of ${place}: ${error.message}`, { cause: error });
    });
  }
}
