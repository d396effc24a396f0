import type { Clock } from '../util/clock.ts';
import { LoadTimeoutError } from './errors.ts';
import { deepFreeze } from './freeze.ts';

/** How old a loaded value is already, and how much longer it is fresh; both in seconds. */
export interface Freshness {
  ageS: number;
  ttlS: number;
}

/**
 * Reads a value from its source. The signal aborts when the load's deadline has passed or the cache is
 * closed; it belongs to the load alone, so a waiter who gives up does not end it for the others.
 *
 * A load that finds its value in another tier, or learns from it how long it lasts, says so by `tell`:
 * without that a value passed on from tier to tier would live anew in each.
 */
export type Load<V> = (signal: AbortSignal, tell: (freshness: Freshness) => void) => V | Promise<V>;

/** One load under way, shared by everyone who asks for its key meanwhile. */
export interface Flight<V> {
  /** Settles with the loaded value, the load's error, or a {@link LoadTimeoutError}. */
  readonly result: Promise<V>;
  /** Begun to keep a watched key warm, not because a reader waits. */
  readonly background: boolean;
  /** What its readers asked for, unless the load has told otherwise. */
  freshness: Freshness;
  /** When a reader last asked for its key. */
  lastReadAt: number;
  abort(reason: Error): void;
}

/**
 * Runs a load under a deadline and freezes its answer, which several readers will share. The load itself
 * begins in the next microtask: by then its flight is registered, so that an invalidation from within the
 * load, or a read of the same key, finds it.
 */
export function runLoad<V>(
  key: string,
  load: (signal: AbortSignal) => V | Promise<V>,
  timeoutS: number,
  clock: Clock,
) {
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

/** Waits for `result`, or rejects with the signal's reason as soon as it aborts. */
export function raceSignal<T>(result: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const giveUp = () => reject(signal.reason);
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    result.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}
