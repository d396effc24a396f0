import { randomUUID } from 'node:crypto';
import type { ByteStore } from '../cache/index.ts';
import { Generations } from './generations.ts';
import type { RequestKey } from './key.ts';
import { type ReadRecord, RecordStore, type StorageEntry } from './record-store.ts';
import type { HttpCacheCounters } from './stats.ts';
import type { StoredResponse } from './stored-response.ts';
import { UrlGenerations } from './url-generations.ts';

const MAX_VARIANTS = 16;
const MAX_PENDING_INVALIDATIONS = 10_000;

/** The result of {@link Storage.find}. */
export interface FoundResponses {
  /** The responses that are valid, newest first. */
  readonly entries: readonly StorageEntry[];
  /** For the response to a request that is sent now; undefined if it cannot be stored. */
  readonly generation: string | undefined;
}

/** What a {@link Storage} works with. */
export interface StorageOptions {
  store: ByteStore;
  /** Counters that the storage increments. */
  counters: HttpCacheCounters;
  /** Milliseconds since the epoch. */
  wallClock: () => number;
  /** Called for each failed operation of the store. */
  onError: (error: unknown, url: string) => void;
}

/**
 * Stores responses in a {@link ByteStore}. One record per key contains all variants. A change reads a record,
 * modifies it and writes it. Within a process, changes of a URL are serialised; if two processes change it at the
 * same time, the last write wins, which can lose a variant (a later miss) but never mixes two. An invalidation is
 * not lost to such a write. A store with copies in memory needs `getLatest` for that.
 *
 * Errors of the store are counted and reported; reads then find nothing.
 */
export class Storage {
  readonly #records: RecordStore;
  readonly #counters: HttpCacheCounters;
  readonly #onError: (error: unknown, url: string) => void;
  /** The last pending change of each URL key. */
  readonly #changes = new Map<string, Promise<unknown>>();
  readonly #generations: Generations;
  readonly #urlGenerations: UrlGenerations;
  /** Generations of invalidations that are not yet written to the store, by URL key. */
  readonly #pendingInvalidations = new Map<string, string>();

  constructor({ store, counters, wallClock, onError }: StorageOptions) {
    this.#records = new RecordStore({ store, wallClock });
    this.#counters = counters;
    this.#onError = onError;
    this.#generations = new Generations({ store, wallClock, onError: (error) => this.#report(error, '') });
    this.#urlGenerations = new UrlGenerations(store);
  }

  /** Resolves when all changes pending at the time of the call are done. */
  async settled(): Promise<void> {
    await Promise.all([...this.#changes.values(), this.#generations.settled()]);
  }

  /** The responses stored for a key that are valid. */
  async find(key: RequestKey, url: string): Promise<FoundResponses> {
    const { service, urlKey, recordKey } = key;
    await this.#changes.get(urlKey);
    const isPending = this.#pendingInvalidations.has(urlKey) && !(await this.invalidate(urlKey, url));
    if (isPending) return { entries: [], generation: undefined };
    const [record, urlRecord, cleared] = await Promise.all([
      this.#read(recordKey, url),
      recordKey === urlKey ? undefined : this.#read(urlKey, url),
      this.#generations.current(service),
    ]);
    const own = recordKey === urlKey ? record : urlRecord;
    const ofUrl =
      own?.generation ||
      (await this.#try(url, () => this.#urlGenerations.known(urlKey))) ||
      this.#urlGenerations.start(urlKey);
    const generation = `${cleared}.${ofUrl}`;
    return { entries: valid(record, generation), generation };
  }

  /**
   * The entries that {@link find} resolves to, without a promise.
   * @returns undefined if only `find` can tell: because of a pending change, a store outside this process, or a
   * record that has not been decoded yet
   */
  findSync({ service, urlKey, recordKey }: RequestKey): readonly StorageEntry[] | undefined {
    if (this.#changes.has(urlKey) || this.#pendingInvalidations.has(urlKey)) return undefined;
    const cleared = this.#generations.known(service);
    const record = this.#records.readSync(recordKey);
    const urlRecord = recordKey === urlKey ? record : this.#records.readSync(urlKey);
    if (cleared === undefined || !record || !urlRecord) return undefined;
    return valid(record, `${cleared}.${urlRecord.generation}`);
  }

  /** The body of a stored response; undefined if it is gone or corrupt. */
  body(entry: StorageEntry, url: string): Promise<Uint8Array | undefined> {
    return this.#try(url, () => this.#records.body(entry));
  }

  /** Like {@link body}, without a promise; undefined if only `body` can return it. */
  bodySync(entry: StorageEntry): Uint8Array | undefined {
    return this.#records.bodySync(entry);
  }

  /**
   * Stores a response. Replaces the one with the same id and those with the same selecting header fields.
   * @param usefulMs how long after it was received the response is worth storing, in milliseconds
   * @returns whether the store was written
   */
  put(
    key: RequestKey,
    url: string,
    response: StoredResponse,
    body: Uint8Array,
    usefulMs: number,
  ): Promise<boolean> {
    const { service, urlKey, recordKey } = key;
    return this.#change(
      urlKey,
      async () => {
        const [record, urlRecord] = await Promise.all([
          this.#readOrThrow(recordKey, url),
          recordKey === urlKey ? undefined : this.#readOrThrow(urlKey, url),
        ]);
        const own = recordKey === urlKey ? record : urlRecord;
        const ofUrl = own?.generation || (await this.#urlGenerations.known(urlKey));
        const generation = `${await this.#generations.current(service)}.${ofUrl}`;
        if (ofUrl === undefined || response.generation !== generation) return;
        if (recordKey !== urlKey && (own?.ttlMs ?? 0) < usefulMs) {
          // Without a record of the URL, no response is valid. Twice the time, so that not each one extends it.
          await this.#records.write(urlKey, own?.found ?? [], ofUrl, 2 * usefulMs);
        }
        const entry = await this.#records.addBody(recordKey, response, body, usefulMs);
        const selecting = JSON.stringify(response.vary);
        const others = (record?.found ?? []).filter(
          (one) =>
            one.response.id !== response.id &&
            one.response.generation === generation &&
            one.residentMs < one.usefulMs &&
            JSON.stringify(one.response.vary) !== selecting,
        );
        const entries = [entry, ...others].slice(0, MAX_VARIANTS);
        await this.#records.write(recordKey, entries, recordKey === urlKey ? ofUrl : '', record?.ttlMs);
        this.#counters.stores += 1;
        const keptIds = new Set(entries.map((one) => one.response.id));
        await this.#records.deleteBodies(
          recordKey,
          (record?.found ?? []).filter((one) => !keptIds.has(one.response.id)),
        );
        await this.#undoIfInvalidated(urlKey, ofUrl);
        if (!own) this.#urlGenerations.forget(urlKey);
      },
      url,
    );
  }

  /**
   * Removes one response.
   * @returns whether the store was written
   */
  remove({ urlKey }: RequestKey, { response, recordKey }: StorageEntry, url: string): Promise<boolean> {
    return this.#change(
      urlKey,
      async () => {
        const record = await this.#readOrThrow(recordKey, url);
        if (!record) return;
        const entries = record.found.filter((one) => one.response.id !== response.id);
        await this.#records.write(recordKey, entries, record.generation, record.ttlMs);
        await this.#records.deleteBodies(
          recordKey,
          record.found.filter((one) => one.response.id === response.id),
        );
        if (recordKey === urlKey) await this.#undoIfInvalidated(urlKey, record.generation);
      },
      url,
    );
  }

  /**
   * Invalidates all responses stored for a URL and those to requests in progress, in all processes. If the
   * store fails, the write is retried before the next look-up of the URL.
   * @returns whether the store was written
   */
  invalidate(urlKey: string, url: string): Promise<boolean> {
    const pending = this.#pendingInvalidations;
    if (pending.size >= MAX_PENDING_INVALIDATIONS) pending.delete(pending.keys().next().value!);
    const generation = randomUUID();
    pending.set(urlKey, generation);
    this.#urlGenerations.forget(urlKey);
    return this.#change(
      urlKey,
      async () => {
        const record = await this.#readOrThrow(urlKey, url);
        await this.#urlGenerations.write(urlKey, generation);
        await this.#records.delete(urlKey);
        if (pending.get(urlKey) === generation) pending.delete(urlKey);
        if (record) await this.#records.deleteBodies(urlKey, record.found);
      },
      url,
    );
  }

  /** Invalidates all responses, or those of a service: in this process at once, in others within 5 s. */
  clear(service?: string): Promise<void> {
    return this.#generations.clear(service);
  }

  /**
   * Call after writing a record of a URL. Another process may have invalidated the URL after the record was read.
   * It writes the new generation before it deletes the record, so either it has deleted what was written here, or
   * the new generation is visible here.
   */
  async #undoIfInvalidated(urlKey: string, generation: string): Promise<void> {
    const last = await this.#urlGenerations.latest(urlKey);
    if (last !== undefined && last !== generation) await this.#records.delete(urlKey);
  }

  #read(key: string, url: string): Promise<ReadRecord | undefined> {
    return this.#try(url, () => this.#readOrThrow(key, url));
  }

  #readOrThrow(key: string, url: string): Promise<ReadRecord | undefined> {
    return this.#records.read(key, (error) => this.#report(error, url));
  }

  /** Runs a change after the pending changes of the same URL. Resolves to whether it succeeded. */
  async #change(urlKey: string, change: () => Promise<void>, url: string): Promise<boolean> {
    const previous = this.#changes.get(urlKey);
    const current = (async () => {
      await previous;
      return this.#try(url, async () => {
        await change();
        return true;
      });
    })();
    this.#changes.set(urlKey, current);
    try {
      return (await current) ?? false;
    } finally {
      if (this.#changes.get(urlKey) === current) this.#changes.delete(urlKey);
    }
  }

  /** Runs an operation of the store. Reports its error and resolves to undefined. */
  async #try<T>(url: string, operation: () => Promise<T>): Promise<T | undefined> {
    try {
      return await operation();
    } catch (error) {
      this.#report(error, url);
      return undefined;
    }
  }

  #report(error: unknown, url: string): void {
    this.#counters.storeErrors += 1;
    this.#onError(error, url);
  }
}

function valid(record: ReadRecord | undefined, generation: string): readonly StorageEntry[] {
  return record?.found.filter(({ response }) => response.generation === generation) ?? [];
}
