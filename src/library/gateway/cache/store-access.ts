import type { Clock } from '../../util/clock.ts';
import { withinDeadline } from '../../util/deadline.ts';
import { MemoryResponseStore } from './memory-response-store.ts';
import type { ResponseStore, StoreEntry, StoreLease, StoreMetadata, StoreWriter } from './store.ts';

/** Bodies up to this size are also kept in memory. */
const MAX_MEMORY_BODY_BYTES = 16 * 1024 * 1024;
/** Without memory in front of the store, larger bodies are sent while they are read. */
const MAX_UNCACHED_BODY_BYTES = 256 * 1024;
/** How long an entry in memory is used before the store is read again, which other processes may have changed. */
const MEMORY_TTL_MS = 5000;

/** What a {@link StoreAccess} works with. */
export interface StoreAccessOptions {
  readonly store: ResponseStore;
  /** Size of the memory in front of the store, in bytes; 0 for none. */
  readonly memoryBytes: number;
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly wallClock: () => number;
  /** Called for each failed operation. */
  readonly onError: (error: unknown, key: string) => void;
}

/**
 * Reads and writes a store so that it can only cost a miss: operations that fail or exceed the deadline are
 * reported and have no result. Small bodies are kept in memory in front of it.
 */
export class StoreAccess {
  readonly #options: StoreAccessOptions;
  readonly #memory: MemoryResponseStore | undefined;
  /** When the entries in memory were read from the store. */
  readonly #readAt = new Map<string, number>();
  #errors = 0;

  constructor(options: StoreAccessOptions) {
    this.#options = options;
    const { store, memoryBytes, wallClock } = options;
    const needsMemory = memoryBytes > 0 && !(store instanceof MemoryResponseStore);
    this.#memory = needsMemory ? new MemoryResponseStore({ maxBytes: memoryBytes, wallClock }) : undefined;
  }

  /** Operations that failed. */
  get errors(): number {
    return this.#errors;
  }

  /** An entry, from memory if it was read recently. */
  async get(namespace: string, key: string): Promise<StoreEntry | undefined> {
    const { store, clock } = this.#options;
    if (this.#memory) {
      const name = `${namespace} ${key}`;
      const readAt = this.#readAt.get(name);
      if (readAt !== undefined && clock.now() - readAt < MEMORY_TTL_MS) {
        const entry = this.#memory.peek(namespace, key);
        if (entry) return entry;
      }
      this.#readAt.delete(name);
    }
    return this.#try(key, () => store.get(namespace, key));
  }

  /** The body of an entry: in memory if it is small, or as a stream. Undefined if it cannot be read. */
  async body(namespace: string, entry: StoreEntry) {
    const { store } = this.#options;
    const isInMemory = this.#memory !== undefined || store instanceof MemoryResponseStore;
    if (entry.size > (isInMemory ? MAX_MEMORY_BODY_BYTES : MAX_UNCACHED_BODY_BYTES))
      return this.#try(entry.key, () => entry.stream());
    const body = await this.#try(entry.key, () => entry.bytes());
    if (body && this.#memory && this.#memory.peek(namespace, entry.key)?.createdAt !== entry.createdAt) {
      this.#memory.put(namespace, entry.key, body, entry.metadata, entry.createdAt);
    }
    if (body && this.#memory) this.#remember(namespace, entry.key);
    return body;
  }

  /** A part of the body of an entry, both ends included. */
  range(entry: StoreEntry, range: { start: number; end: number }) {
    return this.#try(entry.key, () => entry.stream(range));
  }

  /** Starts to write an entry. */
  async writer(namespace: string, key: string, metadata: StoreMetadata): Promise<StoreWriter | undefined> {
    const writer = await this.#try(key, () => this.#options.store.writer(namespace, key, metadata));
    return (
      writer && {
        write: (chunk) => this.#must(key, () => writer.write(chunk)),
        commit: async (changed = metadata) => {
          const committed = (await this.#try(key, () => writer.commit(changed))) ?? false;
          this.#forget(namespace, key);
          return committed;
        },
        abort: async () => {
          await this.#try(key, () => writer.abort());
        },
      }
    );
  }

  /** Replaces the metadata of an entry. */
  async setMetadata(namespace: string, entry: StoreEntry, metadata: StoreMetadata): Promise<boolean> {
    this.#forget(namespace, entry.key);
    return (await this.#try(entry.key, () => entry.setMetadata(metadata))) ?? false;
  }

  /** Removes an entry. */
  async delete(namespace: string, key: string): Promise<boolean> {
    this.#forget(namespace, key);
    return (await this.#try(key, () => this.#options.store.delete(namespace, key))) ?? false;
  }

  /** Removes all entries of a namespace. Rejects if the store fails: the caller asked for it. */
  async clear(namespace: string): Promise<void> {
    await this.#memory?.clearNamespace(namespace);
    await this.#options.store.clearNamespace(namespace);
    await this.#memory?.clearNamespace(namespace);
  }

  /** The right to load a key for all processes; undefined if another one has it. */
  async tryLease(namespace: string, key: string): Promise<StoreLease | 'not needed' | undefined> {
    const { store } = this.#options;
    if (!store.tryLease) return 'not needed';
    let failed = true;
    const lease = await this.#try(key, async () => {
      const acquired = await store.tryLease!(namespace, key);
      failed = false;
      return acquired;
    });
    return failed ? 'not needed' : lease;
  }

  /** Waits until the lease of a key has ended, at most for `timeoutMs`. */
  async leaseEnded(namespace: string, key: string, timeoutMs: number, signal: AbortSignal): Promise<void> {
    await this.#options.store.leaseEnded?.(namespace, key, { timeoutMs, signal }).catch(() => false);
  }

  #remember(namespace: string, key: string): void {
    const name = `${namespace} ${key}`;
    if (this.#readAt.has(name)) return;
    // Names of entries that the memory has evicted meanwhile.
    if (this.#readAt.size > 20_000) this.#readAt.clear();
    this.#readAt.set(name, this.#options.clock.now());
  }

  #forget(namespace: string, key: string): void {
    this.#readAt.delete(`${namespace} ${key}`);
    void this.#memory?.delete(namespace, key);
  }

  #must<T>(key: string, operation: () => Promise<T>): Promise<T> {
    const { clock, timeoutMs } = this.#options;
    return withinDeadline({ clock, timeoutMs, subject: 'the store' }, operation).catch((error) => {
      this.#errors += 1;
      this.#options.onError(error, key);
      throw error;
    });
  }

  #try<T>(key: string, operation: () => Promise<T>): Promise<T | undefined> {
    return this.#must(key, operation).catch(() => undefined);
  }
}
