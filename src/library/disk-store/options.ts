import type { Clock } from '../util/clock.ts';

/** Options of {@link openDiskStore}. */
export interface DiskStoreOptions {
  /** Folder of the store. It is created if it does not exist; it must contain nothing else. */
  dir: string;
  /** How much of the disk the store may use, for all processes together. Default 1 GiB. */
  maxBytes?: number;
  /** Maximum size of one body in bytes. Default: half of `maxBytes`. */
  maxEntryBytes?: number;
  /** Timeout of each operation on the disk, in milliseconds. Default 5000. */
  timeoutMs?: number;
  /** Called for each error that no caller gets, such as that of a sweep in the background. */
  onError?: (error: unknown) => void;
  /** Source of time for timeouts. Default: a monotonic system clock. */
  clock?: Clock;
  /** Milliseconds since the epoch. Default `Date.now`. */
  wallClock?: () => number;
}

const DEFAULT_MAX_BYTES = 1024 ** 3;
const MIN_MAX_BYTES = 64 * 1024;
const DEFAULT_TIMEOUT_MS = 5000;

/** Returns the limits of a store. @throws RangeError if one is not valid */
export function readLimits({
  maxBytes = DEFAULT_MAX_BYTES,
  maxEntryBytes = maxBytes / 2,
  timeoutMs,
}: DiskStoreOptions) {
  if (!(maxBytes >= MIN_MAX_BYTES))
    throw new RangeError(`maxBytes must be at least ${MIN_MAX_BYTES}: ${maxBytes}`);
  if (!(maxEntryBytes > 0 && maxEntryBytes <= maxBytes)) {
    throw new RangeError(`maxEntryBytes must be from 1 to maxBytes: ${maxEntryBytes}`);
  }
  const timeout = timeoutMs ?? DEFAULT_TIMEOUT_MS;
  if (!(timeout > 0)) throw new RangeError(`timeoutMs must be greater than 0: ${timeout}`);
  return { maxBytes, maxEntryBytes, timeoutMs: timeout };
}
