import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import {
  type DiskStore,
  type DiskStoreOptions,
  openDiskStore,
} from '../../../src/library/disk-store/index.ts';

export { content } from './content.ts';

/** Creates a folder that is removed after the test. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'roundhouse-disk-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Opens a store that is closed after the test. Default: in a new folder. */
export async function openStore(options: Partial<DiskStoreOptions> = {}): Promise<DiskStore> {
  const store = await openDiskStore({ dir: options.dir ?? (await makeFolder()), ...options });
  onTestFinished(() => store.close());
  return store;
}

/** Reads a body through `bytes()`. */
export async function readBytes(
  store: DiskStore,
  namespace: string,
  key: string,
): Promise<Buffer | undefined> {
  return (await store.get(namespace, key))?.bytes();
}

/** Reads a body through `stream()`. */
export async function readStream(
  store: DiskStore,
  namespace: string,
  key: string,
): Promise<Buffer | undefined> {
  const stream = await (await store.get(namespace, key))?.stream();
  return stream && buffer(stream);
}

/** Paths of all files in a folder, without directories and links. Other processes may remove folders meanwhile. */
export async function filesIn(folder: string): Promise<string[]> {
  const found = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const paths = found.map((one) => {
    const path = join(folder, one.name);
    if (one.isDirectory()) return filesIn(path);
    return one.isFile() ? [path] : [];
  });
  return (await Promise.all(paths)).flat();
}

/** Paths of the bodies of a store. */
export async function bodiesIn(folder: string): Promise<string[]> {
  return (await filesIn(join(folder, 'ns'))).filter((path) => path.includes('.', path.lastIndexOf('/')));
}

/** Paths of the records of a store. */
export async function recordsIn(folder: string): Promise<string[]> {
  return (await filesIn(join(folder, 'ns'))).filter((path) => !path.includes('.', path.lastIndexOf('/')));
}

/** How much of the disk the files of a folder take, in blocks of 4 KiB. */
export async function diskUsage(folder: string): Promise<number> {
  const sizes = await Promise.all(
    (await filesIn(folder)).map((path) =>
      stat(path).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + Math.ceil(size / 4096) * 4096, 0);
}

/** Checks each body against its name, independently of the store. @returns the number of bodies */
export async function verifyBodies(folder: string): Promise<number> {
  const paths = await bodiesIn(folder);
  for (const path of paths) {
    const hash = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
    if (!path.endsWith(`.${hash}`)) throw new Error(`${path} has the hash ${hash}`);
  }
  return paths.length;
}
