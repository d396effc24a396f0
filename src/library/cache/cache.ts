import { type Clock, createSystemClock } from '../util/clock.ts';
import { Entries, isFresh, stopRefresh } from './entries.ts';
import { CacheClosedError } from './errors.ts';
import { type Flight, type Freshness, type Load, raceSignal, runLoad } from './flight.ts';
import { deepFreeze } from './freeze.ts';
import { MemoryStore } from './memory-store.ts';
import {
  type CacheOptions,
  type CachePolicy,
  checkFreshness,
  checkTtl,
  type EndedLoad,
  type LoadOptions,
  toCachePolicy,
} from './options.ts';
import { type CacheRead, describeRead, type ReadOutcome } from './read.ts';
import { estimateBytes } from './size.ts';
import {
  type CacheStats,
  type CacheTotals,
  hitRate,
  resetCounters,
  sumCounters,
  zeroCounters,
} from './stats.ts';
import type { Entry } from './store.ts';

/**
 * A cache that loads what it lacks, once per key at a time, and never keeps an answer that an
 * invalidation has overtaken.
 *
 * There is no `await` between a check and the act that rests on it: every decision is taken within one
 * turn of the event loop, so thousands of interleaved calls see one consistent state.
 */
export class Cache<V = unknown> implements Disposable {
  readonly #enabled: boolean;
  readonly #policy: CachePolicy;
  readonly #clock: Clock;
  readonly #entries: Entries<V>;
  readonly #counters = zeroCounters();
  /** What was counted before the last full clear. */
  readonly #former = zeroCounters();
  readonly #onError: (error: unknown, key: string) => void;
  readonly #onLoad: (load: EndedLoad) => void;
  /** The one load of each key whose answer may be kept. An invalidation takes the load out of here. */
  readonly #flights = new Map<string, Flight<V>>();
  /** All loads under way, those that an invalidation has overtaken included. */
  readonly #underWay = new Set<Flight<V>>();
  #cancelSweep: (() => void) | undefined;
  #closed = false;

  constructor(options: CacheOptions<V> = {}) {
    this.#enabled = options.enabled ?? true;
    this.#policy = toCachePolicy(options);
    this.#clock = options.clock ?? createSystemClock();
    this.#onError = options.onError ?? (() => {});
    this.#onLoad = options.onLoad ?? (() => {});
    const { maxEntries = 10_000, maxBytes = 64 * 1024 * 1024 } = options;
    this.#entries = new Entries<V>({
      store: options.store ?? new MemoryStore<V>({ maxEntries, maxBytes }),
      clock: this.#clock,
      staleIfErrorMs: this.#policy.staleIfErrorMs,
      sizeOf: options.sizeOf ?? estimateBytes,
      counters: this.#counters,
      onError: this.#onError,
    });
    this.#scheduleSweep();
  }

  /** The fresh value of a key, or `undefined`. Counts as a hit or a miss. */
  get(key: string): V | undefined {
    const now = this.#clock.now();
    const entry = this.#entries.get(key);
    if (entry !== undefined && isFresh(entry, now)) {
      this.#counters.hits += 1;
      entry.lastReadAt = now;
      return entry.value;
    }
    this.#counters.misses += 1;
    return undefined;
  }

  /**
   * What a key last held, for as long as it may be served: stale where it is past its time, and absent once
   * an invalidation has overtaken it. No read: it neither counts nor keeps the key warm nor loads.
   */
  peek<T extends V>(key: string): CacheRead<T> | undefined {
    const now = this.#clock.now();
    const entry = this.#entries.peek(key);
    if (entry === undefined || entry.invalidated || now >= entry.usableUntil) return undefined;
    return describeRead(entry, isFresh(entry, now) ? 'hit' : 'stale', now) as CacheRead<T>;
  }

  /**
   * Keeps a value, which is frozen. A load of the key that is under way is overtaken: its answer goes to
   * those who wait for it and is not kept.
   * @throws TypeError for `undefined`, the one value that is never kept.
   * @throws RangeError for a TTL that is not 0 or more seconds.
   */
  set(key: string, value: V, options: { ttlS: number }): void {
    if (value === undefined) throw new TypeError('undefined cannot be cached: it stands for "absent"');
    checkTtl(options.ttlS);
    this.#flights.delete(key);
    if (this.#off) return;
    this.#entries.keep(key, deepFreeze(value), { ageS: 0, ttlS: options.ttlS }, this.#clock.now());
  }

  /** Removes a key, fallback and all, and overtakes its load. Returns whether a fresh value was there. */
  delete(key: string): boolean {
    this.#flights.delete(key);
    const entry = this.#entries.remove(key);
    return entry !== undefined && isFresh(entry, this.#clock.now());
  }

  /**
   * Removes everything, or the keys that match a glob, and overtakes their loads. A full clear also sets
   * the counters to zero.
   * @returns how many fresh values were removed.
   */
  clear(pattern?: string): number {
    let removed = 0;
    for (const key of this.#entries.matching(pattern ?? '*', this.#flights.keys())) {
      if (this.delete(key)) removed += 1;
    }
    if (pattern === undefined) resetCounters(this.#counters, this.#former);
    return removed;
  }

  /**
   * Makes the keys that match a glob (`*`, `?`) out of date. No later reader gets their values, nor the
   * answers of loads that are under way. A value stays behind only to stand in, marked stale, where
   * loading it anew fails.
   * @returns how many keys had a fresh value or a load under way.
   */
  invalidate(pattern: string): number {
    let affected = 0;
    for (const key of this.#entries.matching(pattern, this.#flights.keys())) {
      const overtaken = this.#flights.delete(key);
      if (this.#entries.invalidate(key) || overtaken) affected += 1;
    }
    this.#counters.invalidations += affected;
    return affected;
  }

  /**
   * The value of a key, loaded if it is not there. However many ask, one load per key runs at a time;
   * they share its answer or its error, and an error is never kept.
   * @throws whatever `load` throws, or LoadTimeoutError, where no fallback may stand in.
   * @throws RangeError at once, not through the promise, for a TTL that is not 0 or more seconds.
   */
  getOrLoad<T extends V>(key: string, load: Load<T>, options: LoadOptions): Promise<T> {
    const read = this.read(key, load, options);
    return read instanceof Promise ? read.then((answer) => answer.value) : Promise.resolve(read.value);
  }

  /**
   * Like {@link getOrLoad}, and says how the answer came about. A value at hand is returned at once,
   * without a promise.
   */
  read<T extends V>(key: string, load: Load<T>, options: LoadOptions): CacheRead<T> | Promise<CacheRead<T>> {
    // Every reader of a key brings a load of the same type, so what the key holds is a T.
    return this.#read(key, load, options) as CacheRead<T> | Promise<CacheRead<T>>;
  }

  /** A snapshot of counters and fresh entries. Walks all entries. */
  stats(): CacheStats {
    const entries = this.#entries.listFresh();
    return {
      ...this.#counters,
      size: entries.length,
      hitRate: hitRate(this.#counters),
      bytes: this.#entries.volume.bytes,
      inFlight: this.#underWay.size,
      entries,
    };
  }

  /** Counters since the cache was made, which no clear sets back, and how much is held. Walks nothing. */
  totals(): CacheTotals {
    const volume = this.#entries.volume;
    return { ...sumCounters(this.#former, this.#counters), ...volume, inFlight: this.#underWay.size };
  }

  /**
   * Removes the entries of no further use, in slices between which other work has its turn.
   * @returns how many were removed.
   */
  sweep(): Promise<number> {
    return this.#entries.sweep();
  }

  /** Ends loads and background work and drops all entries. Later reads go directly to their source. */
  close(): void {
    if (this.#closed) return;
    this.clear();
    this.#closed = true;
    this.#cancelSweep?.();
    for (const flight of this.#underWay) flight.abort(new CacheClosedError());
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * Whether a load's answer may be kept: no invalidation, removal or newer value has come since it began.
   * Without this check a load begun before a change would write its old answer after it.
   */
  protected isCurrent(key: string, flight: Flight<V>): boolean {
    return this.#flights.get(key) === flight;
  }

  get #off(): boolean {
    return !this.#enabled || this.#closed;
  }

  #read(key: string, load: Load<V>, options: LoadOptions): CacheRead<V> | Promise<CacheRead<V>> {
    if (this.#off) return this.#bypass(key, load, options);
    const now = this.#clock.now();
    const entry = this.#entries.get(key);
    if (entry !== undefined) {
      const outcome = isFresh(entry, now) ? 'hit' : this.#outcomePastExpiry(entry, load, options, now);
      if (outcome !== undefined) return this.#answer(entry, outcome, now);
    }
    this.#counters.misses += 1;
    return this.#join(key, load, options, now);
  }

  /**
   * Whether a value past its expiry is the right answer even so, because waiting would be worse: its
   * background refresh is under way, or loading it fails. In the latter case the source is tried again now
   * and then, without making this reader wait for it.
   */
  #outcomePastExpiry(entry: Entry<V>, load: Load<V>, options: LoadOptions, now: number) {
    const mayStandIn = now < entry.usableUntil;
    if (entry.retryAt !== undefined) {
      if (mayStandIn && now >= entry.retryAt) this.#refresh(entry, load, options.ttlS);
      return mayStandIn ? 'stale' : undefined;
    }
    const overdue = now >= 2 * entry.expiresAt - entry.storedAt;
    // A busy event loop is late with its timers: the first reader begins the refresh in their place.
    if (!overdue && entry.cancelRefresh) this.#refreshIfWatched(entry, load, options.ttlS);
    if (!this.#flights.get(entry.key)?.background) return undefined;
    if (!overdue) return 'hit';
    return mayStandIn ? 'stale' : undefined;
  }

  #answer(entry: Entry<V>, outcome: 'hit' | 'stale', now: number): CacheRead<V> {
    if (outcome === 'hit') this.#counters.hits += 1;
    else this.#counters.misses += 1;
    return this.#serve(entry, outcome, now);
  }

  #serve(entry: Entry<V>, outcome: ReadOutcome, now: number): CacheRead<V> {
    if (outcome === 'stale') this.#counters.stale += 1;
    entry.lastReadAt = now;
    return describeRead(entry, outcome, now);
  }

  /** Waits for the load of a key, beginning it if nobody has. */
  #join(key: string, load: Load<V>, options: LoadOptions, now: number): Promise<CacheRead<V>> {
    const shared = this.#flights.get(key);
    if (shared) this.#counters.collapsed += 1;
    const flight = shared ?? this.#begin(key, load, options.ttlS, false, now);
    flight.lastReadAt = now;
    const outcome = shared ? 'collapsed' : 'miss';
    const answer = flight.result.then(
      (value): CacheRead<V> => ({ value, outcome, ...flight.freshness }),
      (error) => this.#standIn(key, error, outcome),
    );
    return options.signal ? raceSignal(answer, options.signal) : answer;
  }

  /**
   * The last good value in place of a load that failed, or that failure. It is not stale if it came in
   * while the load, overtaken, was still under way.
   */
  #standIn(key: string, error: unknown, outcome: ReadOutcome): CacheRead<V> {
    const now = this.#clock.now();
    const entry = this.#entries.peek(key);
    if (entry === undefined || now >= entry.usableUntil) throw error;
    return this.#serve(entry, isFresh(entry, now) ? outcome : 'stale', now);
  }

  #begin(key: string, load: Load<V>, ttlS: number, background: boolean, lastReadAt: number): Flight<V> {
    checkTtl(ttlS);
    this.#counters.loads += 1;
    const begunAt = this.#clock.now();
    const told = (freshness: Freshness) => {
      flight.freshness = checkFreshness(freshness);
    };
    const { result, abort } = runLoad(
      key,
      (signal) => load(signal, told),
      this.#policy.loadTimeoutS,
      this.#clock,
    );
    const flight: Flight<V> = {
      abort,
      background,
      freshness: { ageS: 0, ttlS },
      lastReadAt,
      result: result.then(
        (value) => {
          this.#ended(key, begunAt, true);
          return this.#landed(key, flight, value, load, ttlS);
        },
        (error) => {
          this.#ended(key, begunAt, false);
          return this.#failed(key, flight, error);
        },
      ),
    };
    if (!this.#off) this.#flights.set(key, flight);
    this.#underWay.add(flight);
    return flight;
  }

  #ended(key: string, begunAt: number, succeeded: boolean): void {
    try {
      this.#onLoad({ key, seconds: (this.#clock.now() - begunAt) / 1000, succeeded });
    } catch (error) {
      this.#onError(error, key);
    }
  }

  #landed(key: string, flight: Flight<V>, value: V, load: Load<V>, ttlS: number): V {
    this.#underWay.delete(flight);
    if (!this.isCurrent(key, flight)) return value;
    this.#flights.delete(key);
    if (value === undefined || flight.freshness.ttlS + this.#policy.staleIfErrorMs === 0) {
      // There is nothing to keep, and the former value must not stand in any more.
      this.#entries.remove(key);
      return value;
    }
    const former = this.#entries.peek(key);
    const lastReadAt = Math.max(flight.lastReadAt, former?.lastReadAt ?? flight.lastReadAt);
    const entry = this.#entries.keep(key, value, flight.freshness, lastReadAt);
    if (entry) this.#keepWarm(entry, load, flight.freshness.ttlS, ttlS);
    return value;
  }

  #failed(key: string, flight: Flight<V>, error: unknown): never {
    this.#underWay.delete(flight);
    this.#counters.loadErrors += 1;
    if (this.isCurrent(key, flight)) {
      this.#flights.delete(key);
      const entry = this.#entries.peek(key);
      if (entry) {
        stopRefresh(entry);
        if (entry.retryAt === undefined) this.#onError(error, key);
        entry.retryAt = this.#clock.now() + this.#policy.retryMs;
      }
    }
    throw error;
  }

  /** Has a watched value loaded again as it expires; one that nobody reads any more is left to expire. */
  #keepWarm(entry: Entry<V>, load: Load<V>, freshS: number, ttlS: number): void {
    if (this.#policy.refreshAheadMs === 0 || freshS === 0) return;
    entry.cancelRefresh = this.#clock.after(freshS * 1000, () => {
      if (!this.#closed) this.#refreshIfWatched(entry, load, ttlS);
    });
  }

  #refreshIfWatched(entry: Entry<V>, load: Load<V>, ttlS: number): void {
    if (this.#clock.now() - entry.lastReadAt <= this.#policy.refreshAheadMs) this.#refresh(entry, load, ttlS);
    else stopRefresh(entry);
  }

  /** Loads a key in the background, unless it is being loaded. */
  #refresh(entry: Entry<V>, load: Load<V>, ttlS: number): void {
    if (this.#flights.has(entry.key)) return;
    // Its failure is noted in #failed; nobody waits for it, so nobody else must handle it.
    this.#begin(entry.key, load, ttlS, true, entry.lastReadAt).result.catch(() => {});
  }

  #bypass(key: string, load: Load<V>, options: LoadOptions): Promise<CacheRead<V>> {
    this.#counters.misses += 1;
    const { result } = this.#begin(key, load, options.ttlS, false, this.#clock.now());
    const answer = result.then((value): CacheRead<V> => ({ value, outcome: 'bypass', ageS: 0, ttlS: 0 }));
    return options.signal ? raceSignal(answer, options.signal) : answer;
  }

  #scheduleSweep(): void {
    const { sweepIntervalMs } = this.#policy;
    if (sweepIntervalMs === 0) return;
    this.#cancelSweep = this.#clock.after(sweepIntervalMs, () => {
      this.sweep().finally(() => {
        if (!this.#closed) this.#scheduleSweep();
      });
    });
  }
}
