import type { Clock } from '../util/clock.ts';
import { LoadTimeoutError } from './errors.ts';
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

/**
 * Runs a load with a deadline and freezes its value, which several readers share. The load starts in the next
 * microtask: by then it is registered, so an invalidation or a read of its key from within the load finds it.
 */
export function runLoad<V>(
  key: string,
  load: (signal: AbortSignal) => V | Promise<V>,
  timeoutS: number,
  clock: Clock,
): { result: Promise<V>; abort: (reason: Error) => void } {
  const controller = new AbortController();
  const { promise, resolve, reject } = Promise.withResolvers<V>();
  const abort = (reason: Error) => {
    reject(reason);
    controller.abort(reason);
  };
  const cancelDeadline = clock.after(timeoutS * 1000, () => abort(new LoadTimeoutError(key, timeoutS)));
  Promise.resolve(controller.signal).then(load).then(deepFreeze).then(resolve, reject);
  return { result: promise.finally(cancelDeadline), abort };
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
