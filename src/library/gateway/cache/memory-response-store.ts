import { Readable } from 'node:stream';
import type {
  ResponseStore,
  StoreEntry,
  StoreMetadata,
  StorePage,
  StoreUsage,
  StoreWriter,
} from './store.ts';

/** Options of {@link MemoryResponseStore}. */
export interface MemoryResponseStoreOptions {
  /** Maximum size of all bodies, with an estimate for their metadata, in bytes. Default 64 MiB. */
  maxBytes?: number;
  /** Milliseconds since the epoch. Default `Date.now`. */
  wallClock?: () => number;
}

interface MemoryEntry {
  namespace: string;
  key: string;
  metadata: StoreMetadata;
  body: Uint8Array;
  createdAt: number;
  bytes: number;
}

/** Memory of an entry besides its body and the text of its metadata. */
const OVERHEAD_BYTES = 500;
const DEFAULT_LIST_LIMIT = 100;

/** Keeps responses in the memory of this process; removes those that were not used for the longest time. */
export class MemoryResponseStore implements ResponseStore {
  readonly #maxBytes: number;
  readonly #wallClock: () => number;
  /** In the order of their last use. */
  readonly #namespaces = new Map<string, Map<string, MemoryEntry>>();
  readonly #recency = new Map<MemoryEntry, true>();
  #bytes = 0;
  #evictions = 0;

  /** @throws RangeError if `maxBytes` is not positive */
  constructor({ maxBytes = 64 * 1024 * 1024, wallClock = Date.now }: MemoryResponseStoreOptions = {}) {
    if (!(maxBytes > 0)) throw new RangeError(`maxBytes must be more than 0, not ${maxBytes}`);
    this.#maxBytes = maxBytes;
    this.#wallClock = wallClock;
  }

  /** Bytes in use, an estimate of the metadata included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Entries that were removed to make room. */
  get evictions(): number {
    return this.#evictions;
  }

  async get(namespace: string, key: string): Promise<StoreEntry | undefined> {
    return this.peek(namespace, key);
  }

  /** Like `get`, without a promise. */
  peek(namespace: string, key: string): StoreEntry | undefined {
    const entry = this.#namespaces.get(namespace)?.get(key);
    if (!entry) return undefined;
    this.#recency.delete(entry);
    this.#recency.set(entry, true);
    return this.#view(entry);
  }

  async writer(namespace: string, key: string, metadata: StoreMetadata): Promise<StoreWriter> {
    const chunks: Uint8Array[] = [];
    const started = this.#namespace(namespace);
    let bytes = 0;
    return {
      write: async (chunk) => {
        bytes += chunk.byteLength;
        if (bytes > this.#maxBytes) throw new RangeError(`the body of ${key} exceeds maxBytes`);
        chunks.push(chunk);
      },
      commit: async (changed = metadata) => {
        const isCurrent = this.#namespaces.get(namespace) === started;
        if (isCurrent) this.put(namespace, key, Buffer.concat(chunks), changed);
        return isCurrent;
      },
      abort: async () => {
        chunks.length = 0;
      },
    };
  }

  /** Stores an entry in place of the former one of its key. */
  put(
    namespace: string,
    key: string,
    body: Uint8Array,
    metadata: StoreMetadata,
    createdAt = this.#wallClock(),
  ): void {
    this.#remove(namespace, key);
    const bytes = body.byteLength + JSON.stringify(metadata).length * 2 + key.length * 2 + OVERHEAD_BYTES;
    if (bytes > this.#maxBytes) return;
    const entry = { namespace, key, metadata, body, createdAt, bytes };
    this.#namespace(namespace).set(key, entry);
    this.#recency.set(entry, true);
    this.#bytes += bytes;
    for (const oldest of this.#recency.keys()) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#remove(oldest.namespace, oldest.key);
      this.#evictions += 1;
    }
  }

  async delete(namespace: string, key: string): Promise<boolean> {
    return this.#remove(namespace, key);
  }

  async clearNamespace(namespace: string): Promise<void> {
    const entries = this.#namespaces.get(namespace);
    this.#namespaces.delete(namespace);
    for (const entry of entries?.values() ?? []) {
      this.#recency.delete(entry);
      this.#bytes -= entry.bytes;
    }
  }

  async list(
    namespace: string,
    { cursor, limit = DEFAULT_LIST_LIMIT }: { cursor?: string; limit?: number } = {},
  ): Promise<StorePage> {
    const keys = [...(this.#namespaces.get(namespace)?.keys() ?? [])].sort();
    const following = cursor === undefined ? keys : keys.filter((key) => key > cursor);
    const page = following.slice(0, limit);
    return {
      entries: page.map((key) => this.#view(this.#namespaces.get(namespace)!.get(key)!)),
      cursor: following.length > limit ? page.at(-1) : undefined,
    };
  }

  async usage(): Promise<StoreUsage[]> {
    return [...this.#namespaces].map(([namespace, entries]) => {
      const times = [...entries.values()].map(({ createdAt }) => createdAt);
      return {
        namespace,
        entries: entries.size,
        bodyBytes: [...entries.values()].reduce((sum, { body }) => sum + body.byteLength, 0),
        oldestAt: times.length === 0 ? undefined : times.reduce((a, b) => Math.min(a, b)),
        newestAt: times.length === 0 ? undefined : times.reduce((a, b) => Math.max(a, b)),
      };
    });
  }

  #namespace(name: string): Map<string, MemoryEntry> {
    let entries = this.#namespaces.get(name);
    if (!entries) {
      entries = new Map();
      this.#namespaces.set(name, entries);
    }
    return entries;
  }

  #remove(namespace: string, key: string): boolean {
    const entries = this.#namespaces.get(namespace);
    const entry = entries?.get(key);
    if (!entry) return false;
    entries!.delete(key);
    this.#recency.delete(entry);
    this.#bytes -= entry.bytes;
    return true;
  }

  #view(entry: MemoryEntry): StoreEntry {
    const { key, metadata, body, createdAt } = entry;
    return {
      key,
      metadata,
      size: body.byteLength,
      createdAt,
      bytes: async () => body,
      stream: async ({ start = 0, end = body.byteLength - 1 } = { start: 0, end: body.byteLength - 1 }) =>
        Readable.from([body.subarray(start, end + 1)], { objectMode: false }),
      setMetadata: async (changed) => {
        if (this.#namespaces.get(entry.namespace)?.get(key) !== entry) return false;
        entry.metadata = changed;
        return true;
      },
    };
  }
}
