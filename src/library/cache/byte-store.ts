/** What a {@link ByteStore} holds for a key. */
export interface StoredBytes {
  readonly bytes: Uint8Array;
  /** How much longer the store will hold them, in milliseconds. */
  readonly ttlMs: number;
}

/**
 * Bytes by key, outside of a cache's own memory: a tier that processes share, or one that outlives them.
 * A call that cannot be carried out within the store's deadline rejects; it never hangs. Callers treat
 * that as a miss.
 */
export interface ByteStore {
  get(key: string): Promise<StoredBytes | undefined>;
  /** Keeps bytes for `ttlMs` milliseconds, in place of those of the same key. */
  set(key: string, bytes: Uint8Array, ttlMs: number): Promise<void>;
  delete(key: string): Promise<void>;
}
