import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskStore } from '../../../library/disk-store/index.ts';
import { SerialTask } from '../../../library/util/serial-task.ts';

/** What a {@link DiskTotal} works with. */
export interface DiskTotalOptions {
  /** Contains the folder of each store. */
  readonly dir: string;
  /** BROWSER_CACHE_TOTAL_MAX_BYTES. */
  readonly maxBytes: number;
  /** Opens the store in a folder. */
  readonly open: (folder: string) => Promise<DiskStore>;
  readonly onError: (error: unknown) => void;
}

interface OpenStore {
  readonly store: DiskStore;
  readonly namespace: string;
  /** Entries that were removed because of the total. */
  evictions: number;
}

/**
 * Keeps the stores of all apps together within a limit by clearing the one that was not used for the longest time. The
 * limit is checked after each write, so it can be exceeded for a short time.
 */
export class DiskTotal {
  readonly #options: DiskTotalOptions;
  /** By folder, the one that was not used for the longest time first. */
  readonly #open = new Map<string, OpenStore>();
  readonly #opening = new Set<string>();
  /** Bytes of the stores that were not opened since the start, by folder, in the order of their last write. */
  #unopened: Map<string, number> | undefined;
  #removing: Promise<void> | undefined;
  readonly #check = new SerialTask(() => this.#enforce().catch(this.#options.onError));

  constructor(options: DiskTotalOptions) {
    this.#options = options;
  }

  /** Opens the store of a namespace. */
  async open(folder: string, namespace: string): Promise<DiskStore> {
    this.#opening.add(folder);
    this.#unopened?.delete(folder);
    // It may be the one that is being removed. A failure is reported by the check.
    await this.#removing?.catch(() => {});
    try {
      const store = await this.#options.open(folder);
      this.#open.set(folder, { store, namespace, evictions: 0 });
      return store;
    } finally {
      this.#opening.delete(folder);
    }
  }

  /** Entries of an open store that were removed because of the total. */
  evictionsOf(folder: string): number {
    return this.#open.get(folder)?.evictions ?? 0;
  }

  /** Makes a store the last to be cleared. */
  used(folder: string): void {
    const open = this.#open.get(folder);
    if (!open) return;
    this.#open.delete(folder);
    this.#open.set(folder, open);
  }

  /** Checks the limit. */
  written(): void {
    this.#check.trigger();
  }

  /** Forgets a store that was closed. */
  closed(folder: string): void {
    this.#open.delete(folder);
  }

  /** Resolves when no check runs. */
  async close(): Promise<void> {
    await this.#check.close();
  }

  async #enforce(): Promise<void> {
    const { dir, maxBytes } = this.#options;
    this.#unopened ??= await this.#readUnopened();
    const sizes = [
      ...this.#unopened.values(),
      ...[...this.#open.values()].map(({ store }) => store.stats().bytes),
    ];
    let total = sizes.reduce((sum, bytes) => sum + bytes, 0);
    for (const [folder, bytes] of this.#unopened) {
      if (total <= maxBytes) return;
      this.#unopened.delete(folder);
      this.#removing = rm(join(dir, folder), { recursive: true, force: true, maxRetries: 3 });
      await this.#removing.finally(() => {
        this.#removing = undefined;
      });
      total -= bytes;
    }
    // The limit of each store is enough for the one that was used last.
    for (const open of [...this.#open.values()].slice(0, -1)) {
      if (total <= maxBytes) return;
      total -= await clear(open);
    }
  }

  async #readUnopened(): Promise<Map<string, number>> {
    const { dir, open, onError } = this.#options;
    const found: { folder: string; bytes: number; writtenAt: number }[] = [];
    for (const folder of await readdir(dir)) {
      if (this.#open.has(folder) || this.#opening.has(folder)) continue;
      const writtenAt = await stat(join(dir, folder, 'usage')).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      );
      try {
        await using store = await open(folder);
        found.push({ folder, bytes: store.stats().bytes, writtenAt });
      } catch (error) {
        // One that is not a store must not keep the others from being limited.
        onError(error);
      }
    }
    found.sort((a, b) => a.writtenAt - b.writtenAt);
    const unused = found.filter(({ folder }) => !this.#open.has(folder) && !this.#opening.has(folder));
    return new Map(unused.map(({ folder, bytes }) => [folder, bytes]));
  }
}

/** Clears a store. @returns how many bytes this has freed */
async function clear(open: OpenStore): Promise<number> {
  const { store, namespace } = open;
  const before = store.stats().bytes;
  const usage = (await store.usage()).find((one) => one.namespace === namespace);
  await store.clearNamespace(namespace);
  open.evictions += usage?.entries ?? 0;
  // This waits until the files are removed.
  await store.usage();
  return before - store.stats().bytes;
}
