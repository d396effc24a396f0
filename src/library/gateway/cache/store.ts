import type { Readable } from 'node:stream';

/** Values that are stored with a body, as JSON. */
export type StoreMetadata = Record<string, unknown>;

/** A stored body with its metadata. The same shape as an entry of a `DiskStore`. */
export interface StoreEntry {
  readonly key: string;
  readonly metadata: StoreMetadata;
  /** Size of the body in bytes. */
  readonly size: number;
  /** When the body was stored, in milliseconds since the epoch. */
  readonly createdAt: number;
  /** Reads the whole body. Resolves with undefined if it is gone or corrupt. */
  bytes(): Promise<Uint8Array | undefined>;
  /** Opens the body, or the bytes from `start` to `end`, both included. Undefined if it is gone or corrupt. */
  stream(range?: { start: number; end: number }): Promise<Readable | undefined>;
  /** Replaces the metadata. Resolves with false if the entry is gone. */
  setMetadata(metadata: StoreMetadata): Promise<boolean>;
}

/** Writes one entry, which becomes visible with `commit`. */
export interface StoreWriter {
  /** Appends a part of the body. */
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Makes the entry visible. Resolves with false if it was cleared meanwhile.
   * @param metadata replaces that of the start of the write
   */
  commit(metadata?: StoreMetadata): Promise<boolean>;
  /** Discards what was written. */
  abort(): Promise<void>;
}

/** How much a namespace of a store contains. */
export interface StoreUsage {
  readonly namespace: string;
  readonly entries: number;
  /** Size of the bodies in bytes, as stored. */
  readonly bodyBytes: number;
  /** What the entries occupy in the store, in bytes; undefined if the store does not measure it. */
  readonly storeBytes?: number;
  /** When the oldest and the newest entry were stored, in milliseconds since the epoch. */
  readonly oldestAt: number | undefined;
  readonly newestAt: number | undefined;
}

/** A page of a listing. */
export interface StorePage {
  readonly entries: readonly Pick<StoreEntry, 'key' | 'metadata' | 'size' | 'createdAt'>[];
  /** Pass it to get the next page; undefined on the last one. */
  readonly cursor: string | undefined;
}

/** Where responses are kept: a `DiskStore`, a {@link MemoryResponseStore} or your own. */
export interface ResponseStore {
  /** Looks up an entry. */
  get(namespace: string, key: string): Promise<StoreEntry | undefined>;
  /** Starts to write an entry. */
  writer(namespace: string, key: string, metadata: StoreMetadata): Promise<StoreWriter>;
  /** Removes an entry. Resolves with false if there was none. */
  delete(namespace: string, key: string): Promise<boolean>;
  /** Removes all entries of a namespace in constant time. */
  clearNamespace(namespace: string): Promise<void>;
  /** Lists the entries of a namespace, some at a time. */
  list(namespace: string, options?: { cursor?: string; limit?: number }): Promise<StorePage>;
  /** How much each namespace contains. */
  usage(): Promise<StoreUsage[]>;
  /**
   * Acquires the right to load a key for all processes that share the store; undefined if another caller has it.
   * A store of one process does not need leases.
   */
  tryLease?(namespace: string, key: string): Promise<StoreLease | undefined>;
  /** Resolves when the lease of a key has ended, or with false after the timeout. */
  leaseEnded?(
    namespace: string,
    key: string,
    options: { timeoutMs: number; signal?: AbortSignal },
  ): Promise<boolean>;
}

/** The right to load a key. */
export interface StoreLease {
  /** Gives it to others. */
  release(): Promise<void>;
}
