/** Counters of a {@link DiskStore} since it was opened in this process, and the size of the store. */
export interface DiskStoreStats {
  /** Reads that found an entry, and those that found none. */
  hits: number;
  misses: number;
  /** Entries that were stored, and writes that failed. */
  writes: number;
  writeErrors: number;
  /** Entries that this process removed to make room, and how much of the disk they took. */
  evictions: number;
  evictedBytes: number;
  /** Entries that were removed because their bytes had changed on the disk. */
  corrupt: number;
  /** How much of the disk the store uses, writes in progress included, for all processes together. */
  bytes: number;
  /** The limit of `bytes`. */
  maxBytes: number;
}

/** What a namespace contains, in all processes. */
export interface NamespaceUsage {
  readonly namespace: string;
  /** Number of entries. */
  readonly entries: number;
  /** Size of their bodies in bytes; equal bodies count once for each entry. */
  readonly bodyBytes: number;
  /** How much of the disk they take. */
  readonly bytes: number;
  /** When the oldest and the newest entry were stored, in milliseconds since the epoch; undefined without entries. */
  readonly oldestAt: number | undefined;
  readonly newestAt: number | undefined;
}
