import type { Clock } from '../util/clock.ts';
import { LoadTimeoutError } from './errors.ts';
import { checkStoreTimes, type SettledLoad } from './options.ts';
import { type LoadObserver, type LoadRequest, PendingLoad } from './pending-load.ts';
import type { CacheCounters } from './stats.ts';

/** The collaborators of {@link PendingLoads}. */
export interface PendingLoadsOptions<V> {
  clock: Clock;
  timeoutS: number;
  counters: CacheCounters;
  /** Called when a load has resolved, before its readers get the value. */
  onValue: (pending: PendingLoad<V>, value: V) => void;
  /** Called when a load has rejected, before its readers get the error. */
  onFailure: (pending: PendingLoad<V>, error: unknown) => void;
  /** See `onLoad` in {@link CacheOptions}. */
  onLoad: ((load: SettledLoad) => void) | undefined;
  /** Receives an error that `onLoad` throws. */
  onError: (error: unknown, key: string) => void;
}

/**
 * The loads of a cache that are in progress. Each key has at most one current load, which new readers join and
 * whose value may be cached. An invalidation, removal or newer value supersedes it: the load continues for the
 * readers that already wait for it, and its value is not cached.
 */
export class PendingLoads<V> implements LoadObserver<V> {
  readonly #options: PendingLoadsOptions<V>;
  readonly #current = new Map<string, PendingLoad<V>>();
  /** All loads in progress, superseded ones included, in the order of their start. */
  readonly #all = new Set<PendingLoad<V>>();
  /** Cancels the timer of the deadlines. There is one for all loads, whose deadlines have the order of their start. */
  #cancelTimer: (() => void) | undefined;

  constructor(options: PendingLoadsOptions<V>) {
    this.#options = options;
  }

  /** Number of loads in progress, superseded ones included. */
  get size(): number {
    return this.#all.size;
  }

  /** Keys that have a current load. */
  keys(): Iterable<string> {
    return this.#current.keys();
  }

  /** Keys whose current load has at least one of these tags. */
  *keysTagged(tags: ReadonlySet<string>): Iterable<string> {
    for (const { key, options } of this.#current.values()) {
      if (options.tags?.some((tag) => tags.has(tag))) yield key;
    }
  }

  /** The current load of a key. */
  get(key: string): PendingLoad<V> | undefined {
    return this.#current.get(key);
  }

  /** Detaches the current load of a key: later readers do not join it. Returns whether there was one. */
  detach(key: string): boolean {
    return this.#current.delete(key);
  }

  /**
   * Starts a load.
   * @param shared whether it becomes the current one of its key, which later readers join
   * @throws RangeError if a time is negative or NaN
   */
  start(request: LoadRequest<V>, shared: boolean): PendingLoad<V> {
    const { clock, timeoutS, counters } = this.#options;
    checkStoreTimes(request.options);
    counters.loads += 1;
    const pending = new PendingLoad(request, clock.now(), this);
    this.#all.add(pending);
    if (this.#cancelTimer === undefined) this.#setTimer(timeoutS * 1000);
    // Before it starts, so that an invalidation or a read of its key from within the load finds it.
    if (shared) this.#current.set(pending.key, pending);
    pending.start();
    return pending;
  }

  /** Aborts all loads in progress. */
  abortAll(reason: Error): void {
    for (const pending of this.#all) pending.abort(reason);
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** A load has resolved. @returns false if it had ended before */
  loaded(pending: PendingLoad<V>, value: V): boolean {
    if (!this.#end(pending, true)) return false;
    this.#options.onValue(pending, value);
    return true;
  }

  /** A load has rejected. @returns false if it had ended before */
  failed(pending: PendingLoad<V>, error: unknown): boolean {
    if (!this.#end(pending, false)) return false;
    this.#options.counters.loadErrors += 1;
    this.#options.onFailure(pending, error);
    return true;
  }

  #setTimer(delayMs: number): void {
    this.#cancelTimer = this.#options.clock.after(delayMs, () => {
      this.#cancelTimer = undefined;
      this.#abortOverdue();
    });
  }

  #abortOverdue(): void {
    const { clock, timeoutS } = this.#options;
    for (const pending of this.#all) {
      const remainingMs = pending.startedAt + timeoutS * 1000 - clock.now();
      if (remainingMs > 0) {
        this.#setTimer(remainingMs);
        return;
      }
      pending.abort(new LoadTimeoutError(pending.key, timeoutS));
    }
  }

  /** @returns false if the load had ended before */
  #end(pending: PendingLoad<V>, succeeded: boolean): boolean {
    if (!this.#all.delete(pending)) return false;
    const { clock, onLoad, onError } = this.#options;
    if (onLoad === undefined) return true;
    try {
      onLoad({ key: pending.key, durationS: (clock.now() - pending.startedAt) / 1000, succeeded });
    } catch (error) {
      onError(error, pending.key);
    }
    return true;
  }
}
