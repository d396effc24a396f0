import type { Clock } from '../util/clock.ts';
import type { Asset } from './asset.ts';

/** Memory of an entry besides its content, its key and its header fields. */
const OVERHEAD_BYTES = 500;

interface Entry {
  readonly value: Asset;
  readonly bytes: number;
  readonly expiresAt: number;
}

/** The assets in memory. Their bytes never exceed the limit: room is made before an entry is added. */
export class MemoryLevel {
  readonly #maxBytes: number;
  readonly #ttlMs: number;
  readonly #eviction: 'fifo' | 'lru';
  readonly #clock: Clock;
  /** In the order in which they leave. */
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  #evictions = 0;

  constructor(options: { maxBytes: number; ttlS: number; eviction: 'fifo' | 'lru'; clock: Clock }) {
    this.#maxBytes = options.maxBytes;
    this.#ttlMs = options.ttlS * 1000;
    this.#eviction = options.eviction;
    this.#clock = options.clock;
  }

  /** Number of entries, their bytes with keys and header fields, and how many were removed to make room. */
  get stats(): { entries: number; bytes: number; maxBytes: number; evictions: number } {
    return {
      entries: this.#entries.size,
      bytes: this.#bytes,
      maxBytes: this.#maxBytes,
      evictions: this.#evictions,
    };
  }

  /** Returns an entry that has not expired. */
  get(key: string): Asset | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    if (entry.expiresAt <= this.#clock.now()) {
      this.delete(key);
      return undefined;
    }
    if (this.#eviction === 'lru') {
      this.#entries.delete(key);
      this.#entries.set(key, entry);
    }
    return entry.value;
  }

  /** Whether it has an entry that has not expired. */
  has(key: string): boolean {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.expiresAt > this.#clock.now();
  }

  /** Adds an entry, unless it alone exceeds the limit. */
  set(key: string, value: Asset): void {
    this.delete(key);
    const [content, metadata] = value;
    const bytes = content.byteLength + 2 * (key.length + JSON.stringify(metadata).length) + OVERHEAD_BYTES;
    if (bytes > this.#maxBytes || this.#ttlMs === 0) return;
    while (this.#bytes + bytes > this.#maxBytes) {
      this.delete(this.#entries.keys().next().value!);
      this.#evictions += 1;
    }
    this.#entries.set(key, { value, bytes, expiresAt: this.#clock.now() + this.#ttlMs });
    this.#bytes += bytes;
  }

  /** Removes an entry. */
  delete(key: string): void {
    const entry = this.#entries.get(key);
    if (!entry) return;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes;
  }

  /** Removes all entries. */
  clear(): void {
    this.#entries.clear();
    this.#bytes = 0;
  }
}
