/** Age and remaining lifetime of a loaded value. */
export interface Freshness {
  /** Time since the source produced the value, in seconds. */
  ageS: number;
  /** Time for which the value stays fresh, in seconds. 0: the value is returned and not cached as fresh. */
  ttlS: number;
}

/**
 * Reads a value from its source.
 *
 * @param signal aborts when the load exceeds `loadTimeoutS` and when the cache is closed. It belongs to the load,
 *   which readers share: a reader that aborts its own signal does not abort the load.
 * @param setFreshness sets the age and the TTL of the value. Defaults to age 0 and the reader's `ttlS`. A load
 *   that reads another cache tier must call it: otherwise the value would start a new TTL in each tier.
 */
export type Load<V> = (signal: AbortSignal, setFreshness: (freshness: Freshness) => void) => V | Promise<V>;

/** Where a {@link TierLoad} passes its result. */
export interface LoadResult<V> {
  /** As for a {@link Load}. Created when it is first read, because most values of another tier do not need it. */
  readonly signal: AbortSignal;
  /**
   * As for a {@link Load}.
   * @throws RangeError if a time is negative or NaN
   */
  setFreshness(freshness: Freshness): void;
  /** Ends the load with a value. */
  resolve(value: V): void;
  /** Ends the load with an error. */
  reject(error: unknown): void;
}

/**
 * A load by another tier of the cache, such as Redis. It uses callbacks, because the promises and the signal of a
 * {@link Load} take longer than the rest of a read of Redis.
 */
export interface TierLoad<V> {
  /** Starts the load. Must not throw. */
  start(result: LoadResult<V>): void;
}

const READY = Promise.resolve();

/** Starts a load in the next microtask, so that its source is not called before the reader has its promise. */
export function startLoad<V>(load: Load<V>, result: LoadResult<V>): void {
  const resolve = (value: V) => result.resolve(value);
  const reject = (error: unknown) => result.reject(error);
  READY.then(() => {
    try {
      const loaded = load(result.signal, (freshness) => result.setFreshness(freshness));
      if (loaded instanceof Promise) loaded.then(resolve, reject);
      else Promise.resolve(loaded).then(resolve, reject);
    } catch (error) {
      reject(error);
    }
  });
}
