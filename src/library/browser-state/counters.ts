/** Counts of one tier: the storage, or a cache in front of it. */
export interface TierCounters {
  /** Reads that found the object. */
  hits: number;
  /** Reads that did not find it. */
  misses: number;
  /** Bytes read. */
  bytesRead: number;
  /** Bytes written. */
  bytesWritten: number;
  /** Calls that failed. */
  errors: number;
  /** Sum of the times of all calls, in milliseconds. */
  totalMs: number;
}

/** Returns counts of 0. */
export function createCounters(): TierCounters {
  return { hits: 0, misses: 0, bytesRead: 0, bytesWritten: 0, errors: 0, totalMs: 0 };
}

/** Runs a read and counts it. */
export async function countRead(
  counters: TierCounters,
  read: () => Promise<Uint8Array | undefined>,
): Promise<Uint8Array | undefined> {
  const bytes = await timed(counters, read);
  if (bytes) counters.hits += 1;
  else counters.misses += 1;
  counters.bytesRead += bytes?.length ?? 0;
  return bytes;
}

/** Runs a write and counts it. */
export async function countWrite<T>(
  counters: TierCounters,
  size: number,
  write: () => Promise<T>,
): Promise<T> {
  const result = await timed(counters, write);
  counters.bytesWritten += size;
  return result;
}

async function timed<T>(counters: TierCounters, call: () => Promise<T>): Promise<T> {
  const start = performance.now();
  try {
    return await call();
  } catch (error) {
    counters.errors += 1;
    throw error;
  } finally {
    counters.totalMs += performance.now() - start;
  }
}
