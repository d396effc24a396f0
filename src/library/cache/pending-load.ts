import { deepFreeze } from './freeze.ts';
import { type Freshness, type Load, type LoadResult, startLoad, type TierLoad } from './load.ts';
import { checkFreshness } from './options.ts';

/** The options of a reader that apply to the value. Its signal does not: the load is shared. */
export interface RequestOptions {
  readonly ttlS: number;
  readonly staleWhileRevalidateS?: number | undefined;
  readonly tags?: readonly string[] | undefined;
}

/** What starts a load. */
export interface LoadRequest<V> {
  readonly key: string;
  readonly load: Load<V> | TierLoad<V>;
  /** Those of the reader that started it. */
  readonly options: RequestOptions;
  /** Whether it refreshes a value in the background, without a reader that waits for it. */
  readonly background: boolean;
  /** Time of the latest read of the key, in clock milliseconds. */
  readonly lastReadAt: number;
}

/** What a load reports to, once, before its readers get the result. */
export interface LoadObserver<V> {
  /** @returns false if the load had ended before, so that the value is ignored */
  loaded(pending: PendingLoad<V>, value: V): boolean;
  /** @returns false if the load had ended before, so that the error is ignored */
  failed(pending: PendingLoad<V>, error: unknown): boolean;
}

/** A load in progress, shared by all readers of its key. */
export class PendingLoad<V> implements LoadRequest<V>, LoadResult<V> {
  readonly key: string;
  readonly load: Load<V> | TierLoad<V>;
  readonly options: RequestOptions;
  readonly background: boolean;
  /** In clock milliseconds. */
  readonly startedAt: number;
  /** Settles with the loaded value, the error of the load, or a {@link LoadTimeoutError}. */
  readonly result: Promise<V>;
  /** As set by the load; until then age 0 and the requested TTL. */
  freshness: Freshness;
  /** Whether the load has set it. */
  freshnessSet = false;
  /** Time of the latest read of the key, in clock milliseconds. */
  lastReadAt: number;
  readonly #observer: LoadObserver<V>;
  #resolve!: (value: V) => void;
  #reject!: (error: unknown) => void;
  #controller: AbortController | undefined;

  constructor(request: LoadRequest<V>, startedAt: number, observer: LoadObserver<V>) {
    const { ttlS, staleWhileRevalidateS, tags } = request.options;
    this.key = request.key;
    this.load = request.load;
    // A refresh-ahead keeps the options: not with the signal of the reader that happened to start the first load.
    this.options = { ttlS, staleWhileRevalidateS, tags };
    this.background = request.background;
    this.lastReadAt = request.lastReadAt;
    this.startedAt = startedAt;
    this.freshness = { ageS: 0, ttlS };
    this.#observer = observer;
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Starts the load. */
  start(): void {
    if (typeof this.load === 'function') startLoad(this.load, this);
    else this.load.start(this);
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  setFreshness(freshness: Freshness): void {
    this.freshness = checkFreshness(freshness);
    this.freshnessSet = true;
  }

  /** Freezes the value, which several readers share. */
  resolve(value: V): void {
    try {
      deepFreeze(value);
    } catch (error) {
      this.reject(error);
      return;
    }
    if (this.#observer.loaded(this, value)) this.#resolve(value);
  }

  reject(error: unknown): void {
    if (this.#observer.failed(this, error)) this.#reject(error);
  }

  /** Rejects `result` and aborts the signal of the load. */
  abort(reason: Error): void {
    this.reject(reason);
    this.#controller ??= new AbortController();
    this.#controller.abort(reason);
  }
}
