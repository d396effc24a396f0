/** An entry of a {@link CacheStore}. Times are in milliseconds of the cache's clock. */
export interface CacheEntry<V> {
  readonly key: string;
  readonly value: V;
  /** Estimated memory of the key, the value and the bookkeeping. */
  readonly bytes: number;
  readonly storedAt: number;
  /** When the source produced the value. Earlier than `storedAt` if the value came from another tier. */
  readonly createdAt: number;
  /** End of the TTL. From then on the value is not a hit, except while its background refresh runs. */
  readonly expiresAt: number;
  /** Until then the value may be served as stale. Not before `expiresAt`. */
  staleUntil: number;
  /** Tags of the value. */
  readonly tags?: readonly string[] | undefined;
  /** Time of the latest read. Decides whether the entry is refreshed ahead. */
  lastReadAt: number;
  /** Whether the value was invalidated: it may only be served as stale if a load fails. */
  invalidated: boolean;
  /** Set while loads fail: until then the value is served as stale without another load. */
  retryAt: number | undefined;
  /** Cancels the timer of the background refresh. Set while the refresh is scheduled or runs. */
  cancelRefresh: (() => void) | undefined;
}

/**
 * Stores the entries of a cache. Implementations enforce their own limits. A method that throws counts as a
 * `storeErrors` of the cache and is treated as a miss.
 */
export interface CacheStore<V> {
  /** Number of entries, expired ones included. */
  readonly size: number;
  /** Sum of `bytes` of all entries. */
  readonly bytes: number;
  /** Returns the entry of a key and marks it as used, for eviction. */
  get(key: string): CacheEntry<V> | undefined;
  /** Returns the entry of a key without marking it as used. */
  peek(key: string): CacheEntry<V> | undefined;
  /**
   * Stores an entry and replaces that of the same key.
   * @returns the entries evicted to make room, `entry` itself included if it is too large
   */
  set(entry: CacheEntry<V>): CacheEntry<V>[];
  /** Removes and returns the entry of a key. */
  delete(key: string): CacheEntry<V> | undefined;
  /** Iterates over all entries, oldest first. Entries may be added and removed during the iteration. */
  entries(): IterableIterator<CacheEntry<V>>;
}
