import { createSystemClock } from '../util/clock.ts';
import { matchGlob } from '../util/glob.ts';
import { DiskGuard } from './disk-guard.ts';
import type { DiskEntry, ListPage } from './entry.ts';
import { DiskStoreError, toStoreError } from './errors.ts';
import { Eviction } from './eviction.ts';
import { bodyPath, keyHash, Layout, recordPath } from './layout.ts';
import { type DiskLease, Leases } from './leases.ts';
import { type DiskStoreOptions, readLimits } from './options.ts';
import type { DiskMetadata, DiskRecord } from './record.ts';
import { isSameWrite, Records } from './records.ts';
import type { DiskStoreStats, NamespaceUsage } from './stats.ts';
import { StoredEntry } from './stored-entry.ts';
import { Usage } from './usage.ts';
import { DiskWriter, placeRecord, type WriterContext } from './writer.ts';

const DEFAULT_LIST_LIMIT = 100;

/**
 * Opens a store of bytes on disk. Several processes and worker threads may open the same folder.
 * @throws DiskStoreError if the folder cannot be used, RangeError if an option is not valid
 */
export async function openDiskStore(options: DiskStoreOptions): Promise<DiskStore> {
  const store = new DiskStore(options);
  await store.open();
  return store;
}

/**
 * A store of bytes on disk, bounded by bytes. An entry has a key within a namespace, metadata, and a body that is
 * verified by its SHA-256 hashes whenever it is read. Bodies never change, so readers take no lock: they get the
 * former or the new entry, never a mixture. When there is no room, the entries that were not used for the longest
 * time are removed. Open it with {@link openDiskStore}.
 */
export class DiskStore implements AsyncDisposable {
  readonly #layout: Layout;
  readonly #usage: Usage;
  readonly #eviction: Eviction;
  readonly #guard: DiskGuard;
  readonly #leases: Leases;
  readonly #records: Records;
  readonly #maxEntryBytes: number;
  readonly #wallClock: () => number;
  readonly #onError: (error: unknown) => void;
  readonly #writers = new Set<DiskWriter>();
  readonly #background = new Set<Promise<void>>();
  readonly #counters: DiskStoreStats;
  #closed = false;

  /** Use {@link openDiskStore}. */
  constructor(options: DiskStoreOptions) {
    const { maxBytes, maxEntryBytes, timeoutMs } = readLimits(options);
    const { clock = createSystemClock(), wallClock = Date.now, onError = () => {} } = options;
    this.#layout = new Layout(options.dir);
    this.#guard = new DiskGuard(clock, timeoutMs);
    this.#usage = new Usage(this.#layout, this.#guard);
    this.#leases = new Leases(this.#layout, this.#guard, clock);
    this.#wallClock = wallClock;
    this.#maxEntryBytes = maxEntryBytes;
    this.#onError = onError;
    this.#counters = {
      hits: 0,
      misses: 0,
      writes: 0,
      writeErrors: 0,
      evictions: 0,
      evictedBytes: 0,
      corrupt: 0,
      bytes: 0,
      maxBytes,
    };
    const onEvicted = (bytes: number) => {
      this.#counters.evictions += 1;
      this.#counters.evictedBytes += bytes;
    };
    const onCorrupt = () => {
      this.#counters.corrupt += 1;
    };
    this.#records = new Records({ usage: this.#usage, wallClock, onCorrupt });
    this.#eviction = new Eviction({
      layout: this.#layout,
      guard: this.#guard,
      usage: this.#usage,
      maxBytes,
      wallClock,
      onEvicted,
    });
  }

  /** Folder of the store. */
  get dir(): string {
    return this.#layout.root;
  }

  /** Creates the folders; called by {@link openDiskStore}. */
  async open(): Promise<void> {
    await this.#guard.run('open its folder', () => this.#layout.create());
    // A store on a disk that is read-only can be read.
    const used = await this.#usage.refresh().catch(this.#onError);
    // Without a sum, the store is new, or a power failure has emptied the file of changes.
    if (used !== undefined && used <= 0)
      void this.#inBackground(async () => void (await this.#eviction.sweep()));
    // What a process that was killed has left.
    else void this.#inBackground(() => this.#eviction.emptyTrash());
  }

  /**
   * Looks up an entry. Only its record is read; the body is read by {@link DiskEntry.bytes} or `stream`.
   * @returns undefined if there is no such entry, or only a corrupt one, which is then removed
   * @throws DiskStoreError if the disk fails; callers treat it as a miss
   */
  async get(namespace: string, key: string): Promise<DiskEntry | undefined> {
    const current = this.#layout.current(namespace);
    const path = recordPath(current, keyHash(key));
    const record = await this.#run('read a record', () => this.#records.read(path, { key, isUse: true }));
    this.#counters[record ? 'hits' : 'misses'] += 1;
    if (!record) return undefined;
    return new StoredEntry(record, {
      guard: this.#guard,
      bodyPath: bodyPath(path, record.sha256),
      onLost: (reason) => {
        if (reason === 'corrupt') this.#counters.corrupt += 1;
        return this.#inBackground(() => this.#records.removeLost(path, record));
      },
      setMetadata: (metadata) => this.#setMetadata(namespace, path, { ...record, metadata }),
    });
  }

  /**
   * Starts to write an entry. It becomes visible with {@link DiskWriter.commit}.
   * @param metadata JSON values
   * @throws DiskStoreError if the disk fails
   */
  async writer(namespace: string, key: string, metadata: DiskMetadata = {}): Promise<DiskWriter> {
    const generation = await this.#run('create a namespace', () => this.#layout.openGeneration(namespace));
    const writer = new DiskWriter(namespace, key, metadata, {
      ...this.#writing(generation),
      maxEntryBytes: this.#maxEntryBytes,
      wallClock: this.#wallClock,
      onEnd: (ended, result) => {
        this.#writers.delete(ended);
        if (result === 'committed') this.#counters.writes += 1;
        if (result === 'failed') this.#counters.writeErrors += 1;
      },
    });
    this.#writers.add(writer);
    return writer;
  }

  /**
   * Stores an entry.
   * @returns false if it was discarded, because the key was deleted or the namespace cleared at the same time
   * @throws DiskStoreError such as `ENOSPC`; the former entry then stays
   */
  async put(namespace: string, key: string, body: Uint8Array, metadata: DiskMetadata = {}): Promise<boolean> {
    const writer = await this.writer(namespace, key, metadata);
    await writer.write(body);
    return writer.commit();
  }

  /**
   * Removes an entry. Writes of the key that are in progress in this process are discarded.
   * @returns false if there was none
   * @throws DiskStoreError if the disk fails
   */
  async delete(namespace: string, key: string): Promise<boolean> {
    this.#supersede(namespace, (one) => one === key);
    const path = recordPath(this.#layout.current(namespace), keyHash(key));
    return this.#run('delete an entry', async () => {
      const record = await this.#records.read(path, { key });
      if (!record) return false;
      return (await this.#records.remove([path, bodyPath(path, record.sha256)])) > 0;
    });
  }

  /**
   * Removes the entries whose key matches a glob (`*` and `?`). Reads all records of the namespace.
   * @returns the number of entries
   * @throws DiskStoreError if the disk fails
   */
  async deleteMatching(namespace: string, pattern: string): Promise<number> {
    this.#supersede(namespace, (key) => matchGlob(pattern, key));
    let deleted = 0;
    let cursor: string | undefined;
    do {
      const page = await this.list(namespace, { ...(cursor !== undefined && { cursor }) });
      for (const { key } of page.entries.filter((entry) => matchGlob(pattern, entry.key))) {
        if (await this.delete(namespace, key)) deleted += 1;
      }
      cursor = page.cursor;
    } while (cursor !== undefined);
    return deleted;
  }

  /**
   * Removes all entries of a namespace, in constant time for the caller; the files are removed in the background.
   * Writes that are in progress in any process are discarded.
   * @throws DiskStoreError if the disk fails
   */
  async clearNamespace(namespace: string): Promise<void> {
    await this.#run('clear a namespace', () => this.#layout.replaceGeneration(namespace));
    void this.#inBackground(() => this.#eviction.emptyTrash());
  }

  /**
   * Lists entries in the order of the hashes of their keys. An entry that exists for the whole time is listed exactly
   * once.
   * @param options.limit maximum number of entries, default 100
   * @param options.cursor from the previous page
   * @throws DiskStoreError if the disk fails
   */
  async list(
    namespace: string,
    { limit = DEFAULT_LIST_LIMIT, cursor = '' }: { limit?: number; cursor?: string } = {},
  ): Promise<ListPage> {
    const generation = await this.#run('list entries', () => this.#layout.generation(namespace));
    if (generation === undefined) return { entries: [], cursor: undefined };
    return this.#records.list(generation, limit, cursor, this.#guard);
  }

  /**
   * Acquires the right to load a key, so that of all processes one calls the origin. After it has been acquired, look
   * up the key again: the former holder may have stored it.
   * @returns undefined if another caller holds it, in any process; wait with {@link leaseEnded}
   * @throws DiskStoreError if the disk fails; callers then load without a lease
   */
  tryLease(namespace: string, key: string): Promise<DiskLease | undefined> {
    return this.#run('acquire a lease', () => this.#leases.tryAcquire(namespace, key));
  }

  /**
   * Resolves when the present lease of a key has been released or its holder has ended; at once if there is none.
   * @param options.timeoutMs returns no later than this
   * @returns false after the timeout
   * @throws DiskStoreError if the disk fails, or the reason of the signal
   */
  leaseEnded(
    namespace: string,
    key: string,
    { timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<boolean> {
    this.#throwIfClosed();
    return this.#leases.ended(namespace, key, timeoutMs, signal);
  }

  /** The counters of this process, and the size of the store as last read. */
  stats(): DiskStoreStats {
    return { ...this.#counters, bytes: this.#usage.bytes };
  }

  /**
   * Reads what each namespace contains, removes what nobody reads, and corrects `stats().bytes`. Reads all records and
   * no bodies.
   * @throws DiskStoreError if the disk fails
   */
  async usage(): Promise<NamespaceUsage[]> {
    this.#throwIfClosed();
    const usages: NamespaceUsage[] = [];
    for (const scanned of await this.#eviction.sweep()) usages.push(await this.#records.summarize(scanned));
    return usages;
  }

  /** Resolves when nothing runs in the background. Further operations reject. Writes in progress are aborted. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#writers].map((writer) => writer.abort()));
    await this.#leases.close();
    await Promise.all(this.#background);
    await this.#eviction.settled();
    await this.#usage.close().catch(this.#onError);
  }

  /** Same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #setMetadata(namespace: string, path: string, record: DiskRecord): Promise<boolean> {
    const [generation, current] = await this.#run('read a record', () =>
      Promise.all([this.#layout.generation(namespace), this.#records.read(path, record)]),
    );
    return (
      isSameWrite(current, record) &&
      generation !== undefined &&
      placeRecord(this.#writing(generation), record)
    );
  }

  #writing(generation: string): Pick<WriterContext, 'guard' | 'tmp' | 'generation' | 'reserve' | 'release'> {
    return {
      guard: this.#guard,
      tmp: this.#layout.tmp,
      generation,
      reserve: (bytes) => this.#eviction.reserve(bytes),
      // The next scan corrects what cannot be written.
      release: (bytes) => this.#usage.add(-bytes).then(() => {}, this.#onError),
    };
  }

  #supersede(namespace: string, matches: (key: string) => boolean): void {
    for (const writer of this.#writers) {
      if (writer.namespace === namespace && matches(writer.key)) writer.supersede();
    }
  }

  /** Runs a task that {@link close} waits for. Its error goes to `onError`. */
  #inBackground(task: () => Promise<void>): Promise<void> {
    const running = task()
      .catch((error) => this.#onError(toStoreError(error, 'remove files')))
      .finally(() => this.#background.delete(running));
    this.#background.add(running);
    return running;
  }

  #run<T>(action: string, operation: () => Promise<T>): Promise<T> {
    this.#throwIfClosed();
    return this.#guard.run(action, operation);
  }

  #throwIfClosed(): void {
    if (this.#closed) throw new DiskStoreError('ERR_STORE_CLOSED', 'the disk store is closed');
  }
}
