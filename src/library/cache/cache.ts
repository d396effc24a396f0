import { type Clock, createSystemClock } from '../util/clock.ts';
import { hitRate } from '../util/hit-rate.ts';
import { raceSignal } from '../util/race-signal.ts';
import { AdaptiveTtl } from './adaptive-ttl.ts';
import { Entries, isFresh, stopRefresh } from './entries.ts';
import { CacheClosedError } from './errors.ts';
import { deepFreeze } from './freeze.ts';
import type { Load, TierLoad } from './load.ts';
import type { LoadingCache } from './loading-cache.ts';
import { MemoryStore } from './memory-store.ts';
import {
  type CacheOptions,
  type CacheTimes,
  checkStoreTimes,
  type KeyFilter,
  type LoadOptions,
  type StoreOptions,
  toCacheTimes,
} from './options.ts';
import type { LoadRequest, PendingLoad, RequestOptions } from './pending-load.ts';
import { PendingLoads } from './pending-loads.ts';
import { type CacheRead, describeRead, type ReadOutcome } from './read.ts';
import { estimateBytes } from './size.ts';
import { type CacheStats, type CacheTotals, resetCounters, sumCounters, zeroCounters } from './stats.ts';
import type { CacheEntry } from './store.ts';

/**
 * A cache in the memory of this process. It loads missing values, once per key at a time, and never caches the
 * value of a load that an invalidation has superseded. {@link LoadingCache} documents the methods.
 *
 * No check is separated by an `await` from the action that depends on it: each decision is made within one turn
 * of the event loop, so any number of interleaved calls see a consistent state.
 */
export class Cache<V = unknown> implements LoadingCache<V>, Disposable {
  /** Chooses the TTLs of loaded values, if that is enabled. For loads that call `setFreshness` themselves. */
  readonly adaptiveTtl: AdaptiveTtl<V> | undefined;
  readonly #enabled: boolean;
  readonly #times: CacheTimes;
  readonly #clock: Clock;
  readonly #entries: Entries<V>;
  readonly #loads: PendingLoads<V>;
  readonly #counters = zeroCounters();
  /** Counts from before the last full clear. */
  readonly #countersBeforeClear = zeroCounters();
  readonly #onError: (error: unknown, key: string) => void;
  readonly #onRead: CacheOptions['onRead'];
  #cancelSweep: (() => void) | undefined;
  #closed = false;

  /** @throws RangeError if an option is out of range */
  constructor(options: CacheOptions<V> = {}) {
    this.#enabled = options.enabled ?? true;
    this.#times = toCacheTimes(options);
    this.#clock = options.clock ?? createSystemClock();
    this.#onError = options.onError ?? (() => {});
    this.#onRead = options.onRead;
    const { maxEntries = 10_000, maxBytes = 64 * 1024 * 1024 } = options;
    this.#entries = new Entries<V>({
      store: options.store ?? new MemoryStore<V>({ maxEntries, maxBytes }),
      clock: this.#clock,
      staleIfErrorS: this.#times.staleIfErrorS,
      sizeOf: options.sizeOf ?? estimateBytes,
      counters: this.#counters,
      onError: this.#onError,
      onEvict: options.onEvict,
      onSet: options.onSet,
      onDelete: options.onDelete,
    });
    this.#loads = new PendingLoads<V>({
      clock: this.#clock,
      timeoutS: this.#times.loadTimeoutS,
      counters: this.#counters,
      onValue: (pending, value) => this.#storeLoaded(pending, value),
      onFailure: (pending, error) => this.#loadFailed(pending, error),
      onLoad: options.onLoad,
      onError: this.#onError,
    });
    this.adaptiveTtl =
      options.adaptiveTtl &&
      new AdaptiveTtl(options.adaptiveTtl, this.#clock, (key) => this.#entries.peek(key));
    this.#scheduleSweep();
  }

  get(key: string): V | undefined {
    const now = this.#clock.now();
    const entry = this.#entries.get(key);
    if (entry !== undefined && isFresh(entry, now)) {
      this.#counters.hits += 1;
      entry.lastReadAt = now;
      if (this.#onRead !== undefined) this.#report(key, 'hit', entry);
      return entry.value;
    }
    this.#counters.misses += 1;
    if (this.#onRead !== undefined) this.#report(key, 'miss');
    return undefined;
  }

  peek<T extends V>(key: string): CacheRead<T> | undefined {
    const now = this.#clock.now();
    const entry = this.#entries.peek(key);
    if (entry === undefined || entry.invalidated || now >= entry.staleUntil) return undefined;
    return describeRead(entry, isFresh(entry, now) ? 'hit' : 'stale', now) as CacheRead<T>;
  }

  set(key: string, value: V, options: StoreOptions): void {
    if (value === undefined) throw new TypeError('undefined cannot be cached: it means that a key is absent');
    checkStoreTimes(options);
    this.#loads.detach(key);
    if (this.#bypassed) return;
    const { ttlS, ...others } = options;
    this.#entries.set(key, deepFreeze(value), { ageS: 0, ttlS }, this.#clock.now(), others);
  }

  delete(key: string): boolean {
    this.#loads.detach(key);
    const entry = this.#entries.remove(key);
    return entry !== undefined && isFresh(entry, this.#clock.now());
  }

  clear(filter?: KeyFilter): number {
    let removed = 0;
    for (const key of this.#keysOf(filter ?? '*')) if (this.delete(key)) removed += 1;
    if (filter === undefined) resetCounters(this.#counters, this.#countersBeforeClear);
    return removed;
  }

  invalidate(pattern: string): number {
    return this.#invalidate(pattern);
  }

  invalidateTags(tags: readonly string[]): number {
    return this.#invalidate({ tags });
  }

  getOrLoad<T extends V>(key: string, load: Load<T> | TierLoad<T>, options: LoadOptions): Promise<T> {
    return this.#getOrLoad(key, load as Load<V> | TierLoad<V>, options) as Promise<T>;
  }

  read<T extends V>(
    key: string,
    load: Load<T> | TierLoad<T>,
    options: LoadOptions,
  ): CacheRead<T> | Promise<CacheRead<T>> {
    // All readers of a key pass loads of the same type, so its value is a T.
    return this.#read(key, load as Load<V> | TierLoad<V>, options) as CacheRead<T> | Promise<CacheRead<T>>;
  }

  stats(): CacheStats {
    const entries = this.#entries.listFresh();
    return {
      ...this.#counters,
      size: entries.length,
      hitRate: hitRate(this.#counters.hits, this.#counters.misses),
      bytes: this.#entries.volume.bytes,
      inFlight: this.#loads.size,
      entries,
    };
  }

  totals(): CacheTotals {
    const volume = this.#entries.volume;
    const counters = sumCounters(this.#countersBeforeClear, this.#counters);
    return { ...counters, ...volume, inFlight: this.#loads.size };
  }

  sweep(): Promise<number> {
    return this.#entries.sweep();
  }

  close(): void {
    if (this.#closed) return;
    this.clear();
    this.#closed = true;
    this.#cancelSweep?.();
    this.#loads.abortAll(new CacheClosedError());
  }

  /** Calls {@link close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Whether the value of a load may be cached: no invalidation, removal or newer value has superseded it since it
   * started. Without this check, a load that started before a change would overwrite what followed the change.
   */
  protected isCurrent(pending: PendingLoad<V>): boolean {
    return this.#loads.get(pending.key) === pending;
  }

  get #bypassed(): boolean {
    return !this.#enabled || this.#closed;
  }

  #keysOf(filter: KeyFilter): Iterable<string> {
    if (typeof filter === 'string') return this.#entries.keysMatching(filter, this.#loads.keys());
    const tags = new Set(filter.tags);
    return new Set([...this.#entries.keysTagged(tags), ...this.#loads.keysTagged(tags)]);
  }

  #invalidate(filter: KeyFilter): number {
    let affected = 0;
    for (const key of this.#keysOf(filter)) {
      const superseded = this.#loads.detach(key);
      if (this.#entries.invalidate(key) || superseded) affected += 1;
    }
    this.#counters.invalidations += affected;
    return affected;
  }

  #getOrLoad(key: string, load: Load<V> | TierLoad<V>, options: LoadOptions): Promise<V> {
    if (this.#bypassed) return this.#bypass(key, load, options).then(({ value }) => value);
    const now = this.#clock.now();
    const cached = this.#readCached(key, load, options, now);
    if (cached !== undefined) return Promise.resolve(cached.value);
    const joined = this.#loads.get(key) !== undefined;
    const { result } = this.#joinLoad(key, load, options, now);
    // One promise less than read, which describes the value.
    const value = result.then(undefined, (error) => this.#serveAfterFailure(key, error, joined).value);
    return options.signal ? raceSignal(value, options.signal) : value;
  }

  #read(
    key: string,
    load: Load<V> | TierLoad<V>,
    options: LoadOptions,
  ): CacheRead<V> | Promise<CacheRead<V>> {
    if (this.#bypassed) return this.#bypass(key, load, options);
    const now = this.#clock.now();
    const cached = this.#readCached(key, load, options, now);
    if (cached !== undefined) return cached;
    const joined = this.#loads.get(key) !== undefined;
    const pending = this.#joinLoad(key, load, options, now);
    const outcome = joined ? 'collapsed' : 'miss';
    const read = pending.result.then(
      (value): CacheRead<V> => ({ value, outcome, ...pending.freshness }),
      (error) => this.#serveAfterFailure(key, error, joined),
    );
    return options.signal ? raceSignal(read, options.signal) : read;
  }

  /** Counts a read, and answers it from the entry of its key. @returns undefined if it has to wait for a load */
  #readCached(
    key: string,
    load: Load<V> | TierLoad<V>,
    options: LoadOptions,
    now: number,
  ): CacheRead<V> | undefined {
    const entry = this.#entries.get(key);
    if (entry !== undefined) {
      const outcome = isFresh(entry, now) ? 'hit' : this.#expiredOutcome(entry, load, options, now);
      if (outcome !== undefined) {
        if (outcome === 'hit') this.#counters.hits += 1;
        else this.#counters.misses += 1;
        return this.#serve(entry, outcome, now);
      }
    }
    this.#counters.misses += 1;
    return undefined;
  }

  /**
   * Returns how an expired or invalidated entry answers a read, or undefined if the read has to wait for a load.
   * The entry is served while its background refresh runs, within `staleWhileRevalidateS`, or while its loads fail. In
   * the latter case a read starts another attempt once per `retryS` and does not wait for it.
   */
  #expiredOutcome(entry: CacheEntry<V>, load: Load<V> | TierLoad<V>, options: LoadOptions, now: number) {
    const mayServeStale = now < entry.staleUntil;
    if (entry.retryAt !== undefined) {
      if (mayServeStale && now >= entry.retryAt) this.#refresh(entry, load, options);
      return mayServeStale ? 'stale' : undefined;
    }
    const overdue = now >= 2 * entry.expiresAt - entry.storedAt;
    // On a busy event loop timers fire late: then the first read starts the refresh.
    if (!overdue && entry.cancelRefresh) this.#refreshIfRead(entry, load, options);
    const refreshing = this.#loads.get(entry.key)?.background;
    if (refreshing && entry.cancelRefresh && !overdue) return 'hit';
    const { staleWhileRevalidateS } = options;
    if (staleWhileRevalidateS && !entry.invalidated && now < entry.expiresAt + staleWhileRevalidateS * 1000) {
      this.#refresh(entry, load, options);
      return 'stale';
    }
    return refreshing && mayServeStale ? 'stale' : undefined;
  }

  #serve(entry: CacheEntry<V>, outcome: ReadOutcome, now: number): CacheRead<V> {
    if (outcome === 'stale') this.#counters.stale += 1;
    if (this.#onRead !== undefined) this.#report(entry.key, outcome, entry);
    entry.lastReadAt = now;
    return describeRead(entry, outcome, now);
  }

  /** Returns the current load of a key, or starts one. */
  #joinLoad(key: string, load: Load<V> | TierLoad<V>, options: LoadOptions, now: number): PendingLoad<V> {
    const current = this.#loads.get(key);
    if (current) {
      this.#counters.collapsed += 1;
      current.lastReadAt = now;
    }
    const pending = current ?? this.#startLoad({ key, load, options, background: false, lastReadAt: now });
    if (this.#onRead !== undefined) this.#report(key, current ? 'collapsed' : 'miss');
    return pending;
  }

  /**
   * Answers a read whose load failed with the cached value, or throws the error. The value is not stale if it was
   * stored while the load, superseded, was still in progress.
   */
  #serveAfterFailure(key: string, error: unknown, joined: boolean): CacheRead<V> {
    const now = this.#clock.now();
    const entry = this.#entries.peek(key);
    if (entry === undefined || now >= entry.staleUntil) throw error;
    if (!isFresh(entry, now)) return this.#serve(entry, 'stale', now);
    entry.lastReadAt = now;
    return describeRead(entry, joined ? 'collapsed' : 'miss', now);
  }

  #startLoad(request: LoadRequest<V>): PendingLoad<V> {
    return this.#loads.start(request, !this.#bypassed);
  }

  #storeLoaded(pending: PendingLoad<V>, value: V): void {
    if (!this.isCurrent(pending)) return;
    if (this.adaptiveTtl && !pending.freshnessSet)
      pending.freshness = { ageS: 0, ttlS: this.adaptiveTtl.choose(pending, value, pending.options.ttlS) };
    const { key, freshness } = pending;
    this.#loads.detach(key);
    if (value === undefined || freshness.ttlS + this.#times.staleIfErrorS === 0) {
      // This value is not stored, and the former one must not be served as stale.
      this.#entries.remove(key);
      return;
    }
    const entry = this.#entries.set(key, value, freshness, pending.lastReadAt, pending.options);
    if (entry) this.#scheduleRefresh(entry, pending);
  }

  #loadFailed(pending: PendingLoad<V>, error: unknown): void {
    if (!this.isCurrent(pending)) return;
    const { key } = pending;
    this.#loads.detach(key);
    const entry = this.#entries.peek(key);
    if (!entry) return;
    stopRefresh(entry);
    if (entry.retryAt === undefined) this.#onError(error, key);
    entry.retryAt = this.#clock.now() + this.#times.retryS * 1000;
  }

  /** Refresh-ahead: loads the value again when it expires, if it was read recently by then. */
  #scheduleRefresh(entry: CacheEntry<V>, { load, options, freshness }: PendingLoad<V>): void {
    if (this.#times.refreshAheadS === 0 || freshness.ttlS === 0) return;
    entry.cancelRefresh = this.#clock.after(freshness.ttlS * 1000, () => {
      if (!this.#closed) this.#refreshIfRead(entry, load, options);
    });
  }

  /** Refreshes an entry that was read within `refreshAheadS`. Leaves others to expire. */
  #refreshIfRead(entry: CacheEntry<V>, load: Load<V> | TierLoad<V>, options: RequestOptions): void {
    const idleMs = this.#clock.now() - entry.lastReadAt;
    if (idleMs <= this.#times.refreshAheadS * 1000) this.#refresh(entry, load, options);
    else stopRefresh(entry);
  }

  /** Loads a key in the background, unless a load is in progress. */
  #refresh(entry: CacheEntry<V>, load: Load<V> | TierLoad<V>, options: RequestOptions): void {
    const { key, lastReadAt } = entry;
    if (this.#loads.get(key)) return;
    const { result } = this.#startLoad({ key, load, options, background: true, lastReadAt });
    // #loadFailed handles the error. No reader waits, so the rejection must not count as unhandled.
    result.catch(() => {});
  }

  /** Loads for one read only, with the cache disabled or closed. */
  #bypass(key: string, load: Load<V> | TierLoad<V>, options: LoadOptions): Promise<CacheRead<V>> {
    this.#counters.misses += 1;
    if (this.#onRead !== undefined) this.#report(key, 'bypass');
    const { signal } = options;
    const lastReadAt = this.#clock.now();
    const { result } = this.#startLoad({ key, load, options, background: false, lastReadAt });
    const read = result.then((value): CacheRead<V> => ({ value, outcome: 'bypass', ageS: 0, ttlS: 0 }));
    return signal ? raceSignal(read, signal) : read;
  }

  #report(key: string, outcome: ReadOutcome, entry?: CacheEntry<V>): void {
    try {
      this.#onRead?.(key, outcome, entry && (this.#clock.now() - entry.createdAt) / 1000);
    } catch (error) {
      this.#onError(error, key);
    }
  }

  #scheduleSweep(): void {
    const { sweepIntervalS } = this.#times;
    if (sweepIntervalS === 0) return;
    this.#cancelSweep = this.#clock.after(sweepIntervalS * 1000, () => {
      this.sweep().finally(() => {
        if (!this.#closed) this.#scheduleSweep();
      });
    });
  }
}
