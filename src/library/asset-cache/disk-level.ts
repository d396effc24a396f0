import {
  type DiskEntry,
  type DiskLease,
  type DiskStore,
  type ListedEntry,
  openDiskStore,
} from '../disk-store/index.ts';
import type { Clock } from '../util/clock.ts';
import { isStoredAsset, type StoredAsset } from './asset.ts';

/** How long the list of versions is used before it is read again, because other processes change it. */
const LIST_LIFETIME_MS = 30_000;
const PAGE_SIZE = 500;
/** Attempts to read an entry that is replaced by others at the same time. */
const MAX_ATTEMPTS = 5;

/** A version of an asset on the disk. */
export interface StoredVersion extends Omit<StoredAsset, 'headers'> {
  readonly key: string;
  readonly size: number;
  readonly sha256: string;
}

/** An entry and its content. */
export interface StoredContent {
  readonly entry: DiskEntry;
  readonly content: Buffer;
  /** Whether this process has not changed the entry since the read began. */
  readonly isCurrent: boolean;
}

interface Reading {
  readonly result: Promise<StoredContent | undefined>;
}

/** What a {@link DiskLevel} works with. */
export interface DiskLevelOptions {
  dir: string;
  namespace: string;
  maxBytes: number;
  clock: Clock;
  wallClock: () => number;
  /** Called for each error. */
  onError: (error: unknown) => void;
}

/** Returns the key of a version. */
export function keyOf(asset: string, version: string): string {
  return `${version} ${asset}`;
}

/** The assets on the disk. An error of the disk is reported, and then looks like an empty or unwritable disk. */
export class DiskLevel {
  readonly #options: DiskLevelOptions;
  /** Reads in progress that began after the last change of their entry. */
  readonly #reads = new Map<string, Reading>();
  #opening: Promise<DiskStore> | undefined;
  #versions: Map<string, StoredVersion[]> | undefined;
  #listing: Promise<void> | undefined;
  #listedAt = 0;
  #closed = false;

  constructor(options: DiskLevelOptions) {
    this.#options = options;
  }

  /** Reads an entry with its content, once for all that need it at the same time. */
  read(key: string): Promise<StoredContent | undefined> {
    const running = this.#reads.get(key);
    if (running) return running.result;
    const isCurrent = () => this.#reads.get(key) === reading;
    const reading: Reading = {
      result: this.#read(key)
        .then((found) => found && { ...found, isCurrent: isCurrent() })
        .finally(() => {
          if (isCurrent()) this.#reads.delete(key);
        }),
    };
    this.#reads.set(key, reading);
    return reading.result;
  }

  #read(key: string): Promise<Omit<StoredContent, 'isCurrent'> | undefined> {
    return this.#try(async (store) => {
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt += 1) {
        const entry = await store.get(this.#options.namespace, key);
        if (!entry || !isStoredAsset(entry.metadata)) return undefined;
        const content = await entry.bytes();
        // Without content, the entry may have been replaced since it was looked up.
        if (content) return { entry, content };
      }
      return undefined;
    });
  }

  /** Stores an entry. @returns whether it was stored */
  async save(key: string, content: Buffer, asset: StoredAsset): Promise<boolean> {
    const stored = await this.#try((store) => store.put(this.#options.namespace, key, content, { ...asset }));
    this.#reads.delete(key);
    const entry = stored && (await this.#try((store) => store.get(this.#options.namespace, key)));
    if (entry) this.#add({ ...toVersion(entry) });
    return entry !== undefined && entry !== false;
  }

  /** Replaces the metadata of an entry. */
  async update(entry: DiskEntry, asset: StoredAsset): Promise<void> {
    await this.#try(() => entry.setMetadata({ ...asset }));
    this.#reads.delete(entry.key);
    this.#add({ ...toVersion(entry), validatedAt: asset.validatedAt });
  }

  /** Removes a version. */
  async delete({ asset, key }: Pick<StoredVersion, 'asset' | 'key'>): Promise<void> {
    await this.#try((store) => store.delete(this.#options.namespace, key));
    this.#reads.delete(key);
    const others = (this.#versions?.get(asset) ?? []).filter((one) => one.key !== key);
    this.#versions?.set(asset, others);
  }

  /** Removes everything. */
  async clear(): Promise<void> {
    await this.#try((store) => store.clearNamespace(this.#options.namespace));
    this.#reads.clear();
    this.#versions = undefined;
  }

  /** The versions of an asset, the newest first. What other processes do shows with a delay. */
  async versionsOf(asset: string): Promise<readonly StoredVersion[]> {
    const age = this.#options.clock.now() - this.#listedAt;
    if (!this.#versions || age > LIST_LIFETIME_MS) await this.#list();
    return this.#versions?.get(asset) ?? [];
  }

  /** The versions of all assets, as they are now. */
  async allVersions(): Promise<StoredVersion[]> {
    this.#versions = undefined;
    await this.#list();
    return [...((this.#versions as Map<string, StoredVersion[]> | undefined) ?? new Map()).values()].flat();
  }

  /**
   * Runs `load` in one process at a time. A caller that had to wait runs `find` first. Without a working disk, and
   * after `waitMs`, it runs in any case.
   */
  async exclusively<T>(
    key: string,
    waitMs: number,
    { find, load }: { find: () => Promise<T | undefined>; load: () => Promise<T> },
  ): Promise<T> {
    const { clock, namespace } = this.#options;
    const startedAt = clock.now();
    for (;;) {
      const lease = await this.#try<DiskLease | 'taken'>(
        async (store) => (await store.tryLease(namespace, key)) ?? 'taken',
      );
      if (lease === undefined) return load();
      if (lease !== 'taken') {
        try {
          return (await find()) ?? (await load());
        } finally {
          await lease.release();
        }
      }
      const timeoutMs = startedAt + waitMs - clock.now();
      if (timeoutMs <= 0) return load();
      const ended = await this.#try((store) => store.leaseEnded(namespace, key, { timeoutMs }));
      const found = await find();
      if (found !== undefined) return found;
      if (ended === undefined) return load();
    }
  }

  /** Size of the store, and evictions by this process. */
  async stats(): Promise<{ bytes: number; maxBytes: number; evictions: number }> {
    const stats = await this.#try(async (store) => store.stats());
    return {
      bytes: stats?.bytes ?? 0,
      maxBytes: this.#options.maxBytes,
      evictions: stats?.evictions ?? 0,
    };
  }

  /** Closes the store, if it was opened. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const opening = this.#opening;
    this.#opening = Promise.reject(new Error('the asset cache is closed'));
    this.#opening.catch(() => {});
    await opening?.then((store) => store.close()).catch(this.#options.onError);
  }

  #add(version: StoredVersion): void {
    const others = (this.#versions?.get(version.asset) ?? []).filter(({ key }) => key !== version.key);
    this.#versions?.set(version.asset, newestFirst([version, ...others]));
  }

  /** Lists all entries, once for all that need them at the same time. */
  #list(): Promise<void> {
    this.#listing ??= this.#readList().finally(() => {
      this.#listing = undefined;
    });
    return this.#listing;
  }

  async #readList(): Promise<void> {
    await this.#try(async (store) => {
      const found: StoredVersion[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.list(this.#options.namespace, {
          limit: PAGE_SIZE,
          ...(cursor !== undefined && { cursor }),
        });
        found.push(...page.entries.filter(({ metadata }) => isStoredAsset(metadata)).map(toVersion));
        cursor = page.cursor;
      } while (cursor !== undefined);
      this.#versions = new Map();
      for (const version of found) this.#add(version);
      this.#listedAt = this.#options.clock.now();
    });
  }

  /** @returns undefined after an error */
  async #try<T>(operation: (store: DiskStore) => Promise<T>): Promise<T | undefined> {
    try {
      return await operation(await this.#open());
    } catch (error) {
      this.#options.onError(error);
      return undefined;
    }
  }

  #open(): Promise<DiskStore> {
    const { dir, maxBytes, clock, wallClock, onError } = this.#options;
    if (!this.#opening) {
      const opening = openDiskStore({ dir, maxBytes, clock, wallClock, onError });
      this.#opening = opening;
      // The next operation tries again.
      opening.catch(() => {
        if (this.#opening === opening) this.#opening = undefined;
      });
    }
    return this.#opening;
  }
}

/** Returns the metadata of an entry. */
export function storedAsset(entry: Pick<DiskEntry, 'metadata'>): StoredAsset {
  return entry.metadata as unknown as StoredAsset;
}

function toVersion(entry: ListedEntry): StoredVersion {
  const { headers: _, ...asset } = storedAsset(entry);
  return { ...asset, key: entry.key, size: entry.size, sha256: entry.sha256 };
}

function newestFirst(versions: StoredVersion[]): StoredVersion[] {
  return versions.sort((a, b) => b.savedAt - a.savedAt);
}
