import { lstat } from 'node:fs/promises';
import type { DiskGuard } from './disk-guard.ts';
import { DiskStoreError, ifExists } from './errors.ts';
import { removeFile } from './files.ts';
import type { Layout } from './layout.ts';
import { Scan, type ScannedEntry, type ScannedNamespace } from './scan.ts';
import type { Usage } from './usage.ts';

/** Above this share of the limit, room is made in the background. */
const HIGH_WATER = 0.95;
/** Making room goes down to this share, so that not every write has to make room. */
const LOW_WATER = 0.9;
/** Candidates that are kept after a scan. */
const MAX_CANDIDATES = 10_000;

/** What an {@link Eviction} works with. */
export interface EvictionOptions {
  layout: Layout;
  guard: DiskGuard;
  usage: Usage;
  maxBytes: number;
  /** Milliseconds since the epoch. */
  wallClock: () => number;
  /** Called for each entry that is removed to make room. */
  onEvicted: (bytes: number) => void;
}

/**
 * Keeps a store within its limit: removes the entries that were not used for the longest time. Several processes may
 * do so at once; each counts only what it has removed itself.
 */
export class Eviction {
  readonly #options: EvictionOptions;
  /** The oldest entries of the last scan, the oldest at the end. */
  #candidates: ScannedEntry[] = [];
  #makingRoom: Promise<void> | undefined;
  /** Sweeps and evictions run one after another: two at once would both correct the same error of the sum. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: EvictionOptions) {
    this.#options = options;
  }

  /**
   * Counts some bytes as used, after making room for them if necessary.
   * @throws DiskStoreError `ERR_STORE_FULL` if there is no room
   */
  async reserve(bytes: number): Promise<void> {
    const { usage, maxBytes } = this.#options;
    let used = await usage.add(bytes);
    if (used < 0) {
      // The file of changes is damaged.
      await this.sweep();
      used = usage.bytes;
    }
    if (used > maxBytes) {
      await this.#makeRoom();
      if ((await usage.refresh()) > maxBytes) await this.#makeRoom();
      if (usage.bytes <= maxBytes) return;
      await usage.add(-bytes);
      throw new DiskStoreError('ERR_STORE_FULL', `no room for ${bytes} bytes within maxBytes (${maxBytes})`);
    }
    // Its error is that of the disk, which the write itself meets as well.
    if (used > maxBytes * HIGH_WATER) this.#makeRoom().catch(() => {});
  }

  /** Removes what nobody reads, and corrects the sum of the bytes in use. @returns what the namespaces contain */
  sweep(): Promise<ScannedNamespace[]> {
    return this.#inTurn(() => this.#sweep());
  }

  /** Removes what is in `trash/`, and counts it as free. A sweep meanwhile would count the same files once more. */
  emptyTrash(): Promise<void> {
    const { layout, guard, usage, wallClock } = this.#options;
    return this.#inTurn(async () => {
      await usage.add(-(await new Scan(layout, guard, wallClock()).emptyTrash()));
    });
  }

  /** Resolves when neither a sweep nor an eviction runs. */
  async settled(): Promise<void> {
    await this.#last;
  }

  async #sweep(): Promise<ScannedNamespace[]> {
    const { layout, guard, usage, wallClock } = this.#options;
    const scan = new Scan(layout, guard, wallClock());
    await scan.discardAbandonedGenerations();
    await usage.add(-(await scan.emptyTrash()));
    const before = await usage.refresh();
    const { activity } = usage;
    const namespaces = await scan.findAll();
    await this.#correct(before, activity, scan.bytes);
    for (const { path, bytes } of namespaces.flatMap((one) => one.remnants)) {
      if (await guard.run('remove a body', () => removeFile(path))) await usage.add(-bytes);
    }
    return namespaces;
  }

  /** Changes during a scan explain a difference between the sum and what was found. More is an error in the sum. */
  async #correct(before: number, activity: number, found: number): Promise<void> {
    const { usage } = this.#options;
    const after = await usage.refresh();
    const error = found - (before + after) / 2;
    if (Math.abs(error) > usage.activity - activity) await usage.add(Math.round(error));
  }

  /** Makes room once for all that need it at the same time. */
  #makeRoom(): Promise<void> {
    this.#makingRoom ??= this.#inTurn(() => this.#evict()).finally(() => {
      this.#makingRoom = undefined;
    });
    return this.#makingRoom;
  }

  #inTurn<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.#last.then(operation);
    this.#last = result.catch(() => {});
    return result;
  }

  async #evict(): Promise<void> {
    const { usage, maxBytes } = this.#options;
    const target = maxBytes * LOW_WATER;
    for (let scanned = false; (await usage.refresh()) > target; ) {
      const candidate = this.#candidates.pop();
      if (candidate) await this.#remove(candidate);
      else if (scanned) return;
      else {
        await this.#scan();
        scanned = true;
      }
    }
  }

  async #scan(): Promise<void> {
    const entries = (await this.#sweep()).flatMap((one) => one.entries);
    this.#candidates = entries.sort((a, b) => b.usedAt - a.usedAt).slice(-MAX_CANDIDATES);
  }

  /** Removes an entry, unless it was used since the scan or is gone. */
  async #remove({ path, usedAt, bytes, body }: ScannedEntry): Promise<void> {
    const { guard, usage, onEvicted } = this.#options;
    const removed = await guard.run('remove an entry', async () => {
      const stats = await ifExists(lstat(path));
      if (!stats || stats.mtimeMs > usedAt || !(await removeFile(path))) return false;
      if (body) await removeFile(body);
      return true;
    });
    if (!removed) return;
    await usage.add(-bytes);
    onEvicted(bytes);
  }
}
