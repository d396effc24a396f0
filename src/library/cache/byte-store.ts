/** Bytes as a {@link ByteStore} returns them. */
export interface StoredBytes {
  /** The stored bytes. Callers must not change them. */
  readonly bytes: Uint8Array;
  /** Time until the store expires them, in milliseconds. */
  readonly ttlMs: number;
}

/**
 * Stores bytes by key outside a cache's own entries, for example in Redis. A call that the store cannot
 * complete in time rejects; it never hangs. Callers treat a rejected `get` as a miss.
 */
export interface ByteStore {
  /** Resolves with the bytes of a key, or undefined if it has none or they have expired. */
  get(key: string): Promise<StoredBytes | undefined>;
  /**
   * Like `get`, without a promise. Optional, for a store that holds bytes in this process.
   * @returns null if the key has no bytes, undefined if only {@link get} can find out
   */
  getSync?(key: string): StoredBytes | null | undefined;
  /**
   * Like `get`, but never from a copy in this process that another one may have replaced. Optional, for a store with
   * memory in front of one that processes share.
   */
  getLatest?(key: string): Promise<StoredBytes | undefined>;
  /** Stores bytes for `ttlMs` milliseconds and replaces those of the same key. */
  set(key: string, bytes: Uint8Array, ttlMs: number): Promise<void>;
  /**
   * Stores bytes like `set`, but only if the key has none, in one step for all processes that share the store. Optional.
   * @returns whether the bytes were stored
   */
  add?(key: string, bytes: Uint8Array, ttlMs: number): Promise<boolean>;
  /** Removes the bytes of a key, if it has any. */
  delete(key: string): Promise<void>;
  /**
   * Counts memory that a caller keeps as long as the entry exists, such as its decoded form. Optional, for a store
   * that limits its memory in this process.
   * @param bytes as `get` returned them; does nothing if the key has other bytes by now
   */
  addCost?(key: string, bytes: Uint8Array, costBytes: number): void;
}
