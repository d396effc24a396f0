import type { Clock } from '../util/clock.ts';
import { LoadTimeoutError } from './errors.ts';
import { type Freshness, type Load, startLoad } from './load.ts';
import { checkFreshness, checkStoreTimes, type SettledLoad } from './options.ts';
import type { CacheCounters } from './stats.ts';

/** The options of a reader that apply to the value. Its signal does not: the load is shared. */
export interface RequestOptions {
  readonly ttlS: number;
  readonly staleWhileRevalidateS?: number | undefined;
  readonly tags?: readonly string[] | undefined;
}

/** A load in progress, shared by all readers of its key. */
export interface PendingLoad<V> {
  readonly key: string;
  readonly load: Load<V>;
  /** Those of the reader that started it. */
  readonly options: RequestOptions;
  /** Whether it refreshes a value in the background, without a reader that waits for it. */
  readonly background: boolean;
  /** Settles with the loaded value, the error of the load, or a {@link LoadTimeoutError}. */
  readonly result: Promise<V>;
  /** As set by the load; until then age 0 and the requested TTL. */
  freshness: Freshness;
  /** Time of the latest read of the key, in clock milliseconds. */
  lastReadAt: number;
  /** Rejects `result` and aborts the signal of the load. */
  abort(reason: Error): void;
  /** In clock milliseconds. */
  readonly startedAt: number;
}

/** What starts a load. */
export type LoadRequest<V> = Pick<PendingLoad<V>, 'key' | 'load' | 'options' | 'background' | 'lastReadAt'>;

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
  onLoad: (load: SettledLoad) => void;
  /** Receives an error that `onLoad` throws. */
  onError: (error: unknown, key: string) => void;
}

/**
 * The loads of a cache that are in progress. Each key has at most one current load, which new readers join and
 * whose value may be cached. An invalidation, removal or newer value supersedes it: the load continues for the
 * readers that already wait for it, and its value is not cached.
 */
export class PendingLoads<V> {
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

  /** Makes a load the current one of its key: later readers join it. */
  share(pending: PendingLoad<V>): void {
    this.#current.set(pending.key, pending);
  }

  /** Detaches the current load of a key: later readers do not join it. Returns whether there was one. */
  detach(key: string): boolean {
    return this.#current.delete(key);
  }

  /**
   * Starts a load.
   * @throws RangeError if a time is negative or NaN
   */
  start(request: LoadRequest<V>): PendingLoad<V> {
    const { load } = request;
    // A refresh-ahead keeps the options: not with the signal of the reader that happened to start the first load.
    const { ttlS, staleWhileRevalidateS, tags } = request.options;
    const options = { ttlS, staleWhileRevalidateS, tags };
    const { clock, timeoutS, counters } = this.#options;
    checkStoreTimes(options);
    counters.loads += 1;
    const startedAt = clock.now();
    const controller = new AbortController();
    const { promise, resolve, reject } = Promise.withResolvers<V>();
    const succeed = (value: V) => {
      if (!this.#settle(pending, true)) return;
      this.#options.onValue(pending, value);
      resolve(value);
    };
    const fail = (error: unknown) => {
      if (!this.#settle(pending, false)) return;
      counters.loadErrors += 1;
      this.#options.onFailure(pending, error);
      reject(error);
    };
    const setFreshness = (freshness: Freshness) => {
      pending.freshness = checkFreshness(freshness);
    };
    const abort = (reason: Error) => {
      fail(reason);
      controller.abort(reason);
    };
    const pending: PendingLoad<V> = {
      ...request,
      options,
      abort,
      freshness: { ageS: 0, ttlS: options.ttlS },
      result: promise,
      startedAt,
    };
    this.#all.add(pending);
    if (this.#cancelTimer === undefined) this.#setTimer(timeoutS * 1000);
    startLoad(() => load(controller.signal, setFreshness), succeed, fail);
    return pending;
  }

  /** Aborts all loads in progress. */
  abortAll(reason: Error): void {
    for (const pending of this.#all) pending.abort(reason);
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
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

  /** @returns false if the load had settled before */
  #settle(pending: PendingLoad<V>, succeeded: boolean): boolean {
    if (!this.#all.delete(pending)) return false;
    const { clock, onLoad, onError } = this.#options;
    try {
      onLoad({ key: pending.key, durationS: (clock.now() - pending.startedAt) / 1000, succeeded });
    } catch (error) {
      onError(error, pending.key);
    }
    return true;
  }
}
