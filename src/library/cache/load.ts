import { deepFreeze } from './freeze.ts';

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

const READY = Promise.resolve();

/**
 * Starts a load in the next microtask: by then it is registered, so an invalidation or a read of its key from within the
 * load finds it. Freezes the value, which several readers share. Of the callbacks, one is called once. Promises
 * that resolve to promises and `finally` are avoided: each takes several microtasks, for each value read from Redis.
 */
export function startLoad<V>(
  load: () => V | Promise<V>,
  onValue: (value: V) => void,
  onError: (error: unknown) => void,
): void {
  const succeed = (value: V) => {
    try {
      deepFreeze(value);
    } catch (error) {
      return onError(error);
    }
    onValue(value);
  };
  READY.then(() => {
    try {
      const loaded = load();
      if (loaded instanceof Promise) loaded.then(succeed, onError);
      else Promise.resolve(loaded).then(succeed, onError);
    } catch (error) {
      onError(error);
    }
  });
}

/** Settles with `result`, or rejects with the reason of `signal` as soon as it aborts. */
export function raceSignal<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
