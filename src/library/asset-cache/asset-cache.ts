import { EventEmitter } from 'node:events';
import type { DiskEntry } from '../disk-store/index.ts';
import {
  type Asset,
  conditionalHeaders,
  type HeadersLike,
  isComplete,
  replayedHeaders,
  type StoredAsset,
  type VersionChange,
} from './asset.ts';
import { type AttachOptions, attachTo, type RoutableContext } from './attach.ts';
import { DiskLevel, keyOf, type StoredVersion, storedAsset } from './disk-level.ts';
import { formatBytes } from './format.ts';
import { MemoryLevel } from './memory-level.ts';
import { AssetCounters, type AssetMetrics } from './metrics.ts';
import { type AssetCacheOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { type FetchAsset, type FetchedAsset, readResponse, toAsset, toBuffer } from './response.ts';
import { type AssetVersion, parseVersion } from './version.ts';
import { changeOf, describeChange, surplus } from './version-history.ts';

const MAX_PARSED_URLS = 1000;
/** Longer URLs are parsed each time, which bounds the memory. */
const MAX_PARSED_LENGTH = 2048;
/** Times of use that are kept; beyond that, the oldest are forgotten. */
const MAX_USED_AT = 10_000;

/** An entry of {@link AssetCache.status}. */
export interface AssetStatus extends Omit<StoredVersion, 'key'> {
  /** Time since the origin last confirmed it, in seconds. */
  readonly ageS: number;
  /** Whether it is served without asking the origin. */
  readonly fresh: boolean;
  /** Whether this process has it in memory. */
  readonly inMemory: boolean;
}

/** A stored asset: to be served, or past its age. */
interface Found {
  readonly value: Asset;
  readonly fresh: boolean;
  /** Where it is on the disk; undefined if it came from memory. */
  readonly entry: DiskEntry | undefined;
}

/**
 * Caches assets of web pages (scripts, WebAssembly, fonts) in memory and on disk, with several versions of each side
 * by side. Processes and worker threads may share a folder. Emits `version` when an asset gets a new version.
 *
 * An error of the disk never fails a call: it counts as a miss.
 */
export class AssetCache extends EventEmitter<{ version: [VersionChange] }> implements AsyncDisposable {
  readonly #options: ResolvedOptions;
  readonly #memory: MemoryLevel;
  readonly #disk: DiskLevel;
  readonly #counters = new AssetCounters();
  readonly #parsed = new Map<string, AssetVersion>();
  readonly #flights = new Map<string, Promise<Asset>>();
  /** When this process last used a version, in milliseconds since the epoch. */
  readonly #usedAt = new Map<string, number>();

  /** @throws ConfigError if an environment variable is not valid, RangeError if an option is not */
  constructor(options: AssetCacheOptions = {}) {
    super();
    const resolved = resolveOptions(options);
    this.#options = resolved;
    const { dir, namespace, clock, wallClock } = resolved;
    this.#memory = new MemoryLevel({
      maxBytes: resolved.memoryMaxBytes,
      ttlS: resolved.memoryTtlS,
      eviction: resolved.memoryEviction,
      clock,
    });
    const onError = (error: unknown) => {
      this.#counters.diskErrors += 1;
      // The first one only: a disk that cannot be used fails every call.
      if (this.#counters.diskErrors === 1) resolved.log(`the asset cache cannot use ${dir}: ${error}`);
      resolved.onError(error);
    };
    this.#disk = new DiskLevel({
      dir,
      namespace,
      maxBytes: resolved.diskMaxBytes,
      clock,
      wallClock,
      onError,
    });
  }

  /** Folder of the disk level. */
  get dir(): string {
    return this.#options.dir;
  }

  /**
   * Loads an asset.
   * @returns content and metadata, or null if this version is not stored or past its age
   * @throws TypeError if the URL is not valid
   */
  async load(url: string): Promise<Asset | null> {
    const startedAt = performance.now();
    const found = this.#options.enabled ? await this.#find(url) : undefined;
    if (found?.fresh) return this.#answer(found.value, startedAt);
    this.#counters.missed();
    return null;
  }

  /**
   * Stores an asset. The caller is responsible for saving only complete and successful responses.
   * @param headers fields of the response; `etag` and `last-modified` are used to revalidate it
   * @returns whether it was stored on the disk; false as well if `content-length` differs from the content, or
   *   `content-encoding` names a coding that `fetch` does not decode
   * @throws TypeError if the URL is not valid
   */
  async save(url: string, content: Uint8Array | string, headers: HeadersLike = {}): Promise<boolean> {
    if (!this.#options.enabled) return false;
    const bytes = typeof content === 'string' ? toBuffer(content) : Buffer.from(content);
    if (!isComplete(headers, bytes.byteLength)) return false;
    return (await this.#store(url, bytes, replayedHeaders(headers))).stored;
  }

  /**
   * Loads an asset, or fetches and stores it. Of all callers, in all processes, one fetches. Past its age, an entry
   * is revalidated if it has an ETag or a Last-Modified. Responses other than 200, and those of a redirect, are
   * returned and not stored.
   * @param fetch default: the global `fetch`, with redirects followed
   * @throws the error of `fetch`, or TypeError if the URL is not valid
   */
  async getOrFetch(url: string, fetch: FetchAsset = fetchGlobally): Promise<Asset> {
    const startedAt = performance.now();
    if (!this.#options.enabled) return toAsset(url, this.#parse(url), await this.#fetch(url, fetch, {}));
    const found = await this.#find(url);
    if (found?.fresh) return this.#answer(found.value, startedAt);
    const { asset, version } = this.#parse(url);
    const key = keyOf(asset, version ?? '');
    let flight = this.#flights.get(key);
    if (!flight) {
      flight = this.#load(url, key, fetch).finally(() => this.#flights.delete(key));
      this.#flights.set(key, flight);
      return this.#answer(await flight, startedAt);
    }
    const [content, metadata] = await flight;
    if (metadata.status !== 200) {
      this.#counters.missed();
      return [content, metadata];
    }
    // The answer came from the origin once; this caller was spared a request.
    return this.#answer([content, { ...metadata, source: 'memory' }], startedAt);
  }

  /** Lists what is stored, the newest first. */
  async status(): Promise<AssetStatus[]> {
    const versions = await this.#disk.allVersions();
    return versions.sort((a, b) => b.savedAt - a.savedAt).map((version) => this.#describe(version));
  }

  /**
   * Lists the stored versions of an asset, the newest first.
   * @param url URL of any of its versions, or its name as in `status()`
   */
  async versions(url: string): Promise<AssetStatus[]> {
    const name = this.#parse(url).asset;
    const versions = (await this.status()).filter(({ asset }) => asset === url || asset === name);
    return versions;
  }

  /** Hit rate, times, bytes and sizes since the cache was created. */
  async metrics(): Promise<AssetMetrics> {
    const disk = await this.#disk.stats();
    return { ...this.#counters.snapshot(), memory: this.#memory.stats, disk };
  }

  /** Formats a number of bytes for people: `4.33 MB`. */
  formatBytes(bytes: number): string {
    return formatBytes(bytes);
  }

  /**
   * Answers the matching requests of a Playwright context or page from this cache.
   * @returns a function that ends this
   */
  attach(context: RoutableContext, options: AttachOptions = {}): Promise<() => Promise<void>> {
    return attachTo(this, context, options);
  }

  /** Removes all entries of the namespace. */
  async clear(): Promise<void> {
    this.#memory.clear();
    this.#usedAt.clear();
    await this.#disk.clear();
  }

  /** Closes the disk level. Later calls find nothing. */
  async close(): Promise<void> {
    this.#memory.clear();
    await this.#disk.close();
  }

  /** Same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Looks up a URL in memory, then on the disk. */
  async #find(url: string): Promise<Found | undefined> {
    const { asset, version } = this.#parse(url);
    if (this.#options.strict && version !== undefined) {
      for (const other of await this.#disk.versionsOf(asset)) {
        if (other.version !== version) await this.#remove(other);
      }
    }
    const key = version === undefined ? (await this.#disk.versionsOf(asset))[0]?.key : keyOf(asset, version);
    if (key === undefined) return undefined;
    const inMemory = this.#memory.get(key);
    if (inMemory && this.#isFresh(inMemory[1])) {
      this.#used(key);
      return { value: inMemory, fresh: true, entry: undefined };
    }
    const found = await this.#disk.read(key);
    if (!found) return undefined;
    this.#used(key);
    const { entry, content, isCurrent } = found;
    const stored = storedAsset(entry);
    const value: Asset = [
      content,
      { ...stored, status: 200, size: entry.size, sha256: entry.sha256, source: 'disk' },
    ];
    const fresh = this.#isFresh(stored);
    if (fresh && isCurrent) this.#keepInMemory(key, value);
    return { value, fresh, entry };
  }

  /** Fetches or revalidates a URL, in one process at a time. */
  #load(url: string, key: string, fetch: FetchAsset): Promise<Asset> {
    return this.#disk.exclusively(key, this.#options.waitMs, {
      find: async () => {
        const found = await this.#find(url);
        return found?.fresh ? found.value : undefined;
      },
      load: async () => {
        const former = await this.#find(url);
        const headers = (former && conditionalHeaders(former.value[1])) ?? {};
        const fetched = await this.#fetch(url, fetch, headers);
        if (former?.entry && fetched.status === 304)
          return this.#confirm(former.entry, former.value, fetched);
        if (!fetched.storable || !this.#options.saveOnMiss) return toAsset(url, this.#parse(url), fetched);
        return (await this.#store(url, fetched.content, fetched.headers)).value;
      },
    });
  }

  async #fetch(url: string, fetch: FetchAsset, headers: Record<string, string>): Promise<FetchedAsset> {
    const startedAt = performance.now();
    try {
      return await readResponse(url, await fetch(url, { headers }));
    } finally {
      this.#counters.requested(performance.now() - startedAt);
    }
  }

  /** Renews an entry after a 304. */
  async #confirm(entry: DiskEntry, [content, metadata]: Asset, { headers }: FetchedAsset): Promise<Asset> {
    const stored: StoredAsset = {
      ...storedAsset(entry),
      headers: { ...metadata.headers, ...headers },
      validatedAt: this.#options.wallClock(),
    };
    await this.#disk.update(entry, stored);
    const value: Asset = [content, { ...metadata, ...stored, source: 'revalidated' }];
    this.#keepInMemory(entry.key, value);
    return value;
  }

  async #store(
    url: string,
    content: Buffer,
    headers: Record<string, string>,
  ): Promise<{ stored: boolean; value: Asset }> {
    const { asset, version = this.#versionInHeaders(headers) } = this.#parse(url);
    const key = keyOf(asset, version);
    const now = this.#options.wallClock();
    const former = await this.#disk.versionsOf(asset);
    const metadata: StoredAsset = { url, asset, version, headers, savedAt: now, validatedAt: now };
    const stored = await this.#disk.save(key, content, metadata);
    const value = toAsset(
      url,
      { asset, version },
      { status: 200, headers, content, storable: true },
      metadata,
    );
    this.#keepInMemory(key, value);
    this.#used(key);
    this.#reportChange(changeOf(former, metadata, content.byteLength));
    const { strict, keepVersions } = this.#options;
    const versions = await this.#disk.versionsOf(asset);
    for (const old of surplus(versions, key, strict ? 1 : keepVersions, this.#usedAt))
      await this.#remove(old);
    return { stored, value };
  }

  #used(key: string): void {
    this.#usedAt.delete(key);
    this.#usedAt.set(key, this.#options.wallClock());
    if (this.#usedAt.size > MAX_USED_AT) this.#usedAt.delete(this.#usedAt.keys().next().value!);
  }

  #keepInMemory(key: string, [content, metadata]: Asset): void {
    this.#memory.set(key, [content, { ...metadata, source: 'memory' }]);
  }

  #reportChange(change: VersionChange | undefined): void {
    if (!change) return;
    this.#counters.versionChanges += 1;
    this.#options.log(describeChange(change));
    this.emit('version', change);
  }

  async #remove(version: StoredVersion): Promise<void> {
    this.#memory.delete(version.key);
    this.#usedAt.delete(version.key);
    await this.#disk.delete(version);
  }

  #isFresh({ validatedAt }: Pick<StoredAsset, 'validatedAt'>): boolean {
    // A time in the future shows that a clock was wrong. Such an entry would never expire.
    return Math.abs(this.#options.wallClock() - validatedAt) < this.#options.maxAgeS * 1000;
  }

  #versionInHeaders(headers: Record<string, string>): string {
    const { version } = this.#options;
    return typeof version === 'object' && 'header' in version
      ? (headers[version.header.toLowerCase()] ?? '')
      : '';
  }

  #parse(url: string): AssetVersion {
    const known = this.#parsed.get(url);
    if (known) return known;
    const { version } = this.#options;
    const parsed = version === false ? { asset: new URL(url).href, version: '' } : parseVersion(url, version);
    if (this.#parsed.size >= MAX_PARSED_URLS) this.#parsed.clear();
    if (url.length <= MAX_PARSED_LENGTH) this.#parsed.set(url, parsed);
    return parsed;
  }

  #answer(value: Asset, startedAt: number): Asset {
    const [{ byteLength }, { source }] = value;
    this.#counters.answered(source, byteLength, performance.now() - startedAt);
    return value;
  }

  #describe({ key, ...version }: StoredVersion): AssetStatus {
    const ageS = Math.max(0, (this.#options.wallClock() - version.validatedAt) / 1000);
    return { ...version, ageS, fresh: this.#isFresh(version), inMemory: this.#memory.has(key) };
  }
}

function fetchGlobally(url: string, { headers }: { headers: Record<string, string> }): Promise<Response> {
  return fetch(url, { headers });
}
