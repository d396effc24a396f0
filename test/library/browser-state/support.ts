import { mkdir, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type LeaseManager, LocalStore, ProfileStore } from '../../../src/library/browser-state/index.ts';
import type { ObjectInfo, ObjectStore } from '../../../src/library/browser-state/object-store.ts';
import type { ProfileStoreOptions } from '../../../src/library/browser-state/options.ts';

/** Files by path. */
export type Files = Record<string, string | Uint8Array>;

/** Creates a folder that is removed at the end of the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-browser-state-'));
  // Processes of a browser that was killed may still write to its profile.
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 10 }));
  return folder;
}

/** A host: a store with a work folder of its own. */
export async function openHost(
  options: Partial<ProfileStoreOptions> & { driver: ObjectStore },
): Promise<ProfileStore> {
  const store = await ProfileStore.open({
    workFolder: await temporaryFolder(),
    ...options,
  });
  onTestFinished(() => store.close());
  return store;
}

/** Grants a lease to everyone, as if all former ones had been released: for races of commits. */
export const NO_LEASES: LeaseManager = {
  acquire: async () => ({
    previous: 'released',
    isConfirmedBy: () => true,
    renew: async () => true,
    release: async () => {},
  }),
};

/** Two hosts over one local folder. */
export async function openLocalHosts(options: Partial<ProfileStoreOptions> = {}) {
  const folder = await temporaryFolder();
  const open = () => openHost({ ...options, driver: new LocalStore({ folder }) });
  return { folder, a: await open(), b: await open() };
}

export async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

/** Reads all files of a folder, as text. */
export async function readFiles(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));
  const files = await Promise.all(
    paths.sort().map(async (path) => [path, await readFile(join(folder, path), 'latin1')] as const),
  );
  return Object.fromEntries(files);
}

/** Commits a session with exactly these files. @returns its version */
export async function commitFiles(
  store: ProfileStore,
  user: string,
  session: string,
  files: Files,
): Promise<number> {
  await using mount = await store.mount(user, session, { mode: 'clean' });
  await writeFiles(mount.dir, files);
  return await mount.commit();
}

/** Returns the files of the newest version. */
export async function mountedFiles(store: ProfileStore, user: string, session: string) {
  await using mount = await store.mount(user, session, { mode: 'ro' });
  return await readFiles(mount.dir);
}

/** Bytes that do not compress and are the same in every run. */
export function randomBytes(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  let state = seed * 0x9e3779b9;
  for (let i = 0; i < length; i += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}

/** An object store in memory, whose time and faults a test controls. */
export class MemoryStore implements ObjectStore {
  readonly kind = 'memory';
  readonly objects = new Map<string, { bytes: Uint8Array; modifiedMs: number }>();
  /** All calls, such as `put a/b`. */
  readonly calls: string[] = [];
  /** Time of the store in milliseconds. */
  now = 1_000_000;
  /** Called before each call; may throw or wait. */
  before: (call: string) => void | Promise<void> = () => {};
  /** Called after each call; may throw. */
  after: (call: string) => void | Promise<void> = () => {};

  get(key: string) {
    return this.#call(`get ${key}`, () => this.objects.get(key)?.bytes);
  }

  put(key: string, bytes: Uint8Array) {
    return this.#call(`put ${key}`, () => void this.objects.set(key, { bytes, modifiedMs: this.now }));
  }

  create(key: string, bytes: Uint8Array) {
    return this.#call(`create ${key}`, () => {
      if (this.objects.has(key)) return false;
      this.objects.set(key, { bytes, modifiedMs: this.now });
      return true;
    });
  }

  list(prefix: string, { after = '' } = {}) {
    return this.#call(`list ${prefix}`, () =>
      [...this.objects]
        .filter(([key]) => key.startsWith(prefix) && key > after)
        .map(([key, { bytes, modifiedMs }]): ObjectInfo => ({ key, size: bytes.length, modifiedMs }))
        .sort((a, b) => (a.key < b.key ? -1 : 1)),
    );
  }

  delete(key: string) {
    return this.#call(`delete ${key}`, () => void this.objects.delete(key));
  }

  async [Symbol.asyncDispose]() {}

  async #call<T>(call: string, run: () => T): Promise<T> {
    this.calls.push(call);
    await this.before(call);
    const result = run();
    await this.after(call);
    return result;
  }
}

/** Returns the process ID of the browser that uses a profile. */
export async function browserProcess(dir: string): Promise<number> {
  return Number((await readlink(join(dir, 'SingletonLock'))).split('-').at(-1));
}
