import { type Clock, createSystemClock } from './clock.ts';
import { Entries, isFresh } from './entries.ts';
import { CacheClosedError } from './errors.ts';
import { type Flight, type Load, raceSignal, runLoad } from './flight.ts';
import { deepFreeze } from './freeze.ts';
import { MemoryStore } from './memory-store.ts';
import {
  type CacheOptions,
  checkTtl,
  type LoadOptions,
  type Policy,
  positiveInteger,
  toPolicy,
} from './options.ts';
import { estimateBytes } from './size.ts';
import { type CacheStats, hitRate, resetCounters, zeroCounters } from './stats.ts';
import type { Entry } from './store.ts';

/**
 * How a read was answered: `hit` from a kept value; `miss` by a load it began; `collapsed` by a load
 * somebody else had begun; `stale` by a value past its time because its load fails or is overdue;
 * `bypass` by a load with the cache off.
 */
export type Outcome = 'hit' | 'miss' | 'collapsed' | 'stale' | 'bypass';

/** A value together with what a reader may want to know about it. */
export interface CacheRead<V> {
  readonly value: V;
  readonly outcome: Outcome;
  /** Seconds since the value was stored. */
  readonly ageS: number;
  /** Seconds until it expires; negative once it has. */
  readonly ttlS: number;
}

/**
 * A cache that loads what it lacks, once per key at a time, and never keeps an answer that an
 * invalidation has overtaken.
 *
 * There is no `await` between a check and the act that rests on it: every decision is taken within one
 * turn of the event loop, so thousands of interleaved calls see one consistent state.
 */
export class Cache<V = unknown> implements Disposable {
  readonly #enabled: boolean;
  readonly #policy: Policy;
  readonly #clock: Clock;
  readonly #entries: Entries<V>;
  readonly #counters = zeroCounters();
  readonly #onError: (error: unknown, key: string) => void;
  /** The one load of each key whose answer may be kept. An invalidation takes the load out of here. */
  readonly #flights = new Map<string, Flight<V>>();
  /** All loads under way, those that an invalidation has overtaken included. */
  readonly #underWay = new Set<Flight<V>>();
  #cancelSweep: (() => void) | undefined;
  #closed = false;

  constructor(options: CacheOptions<V> = {}) {
    this.#enabled = options.enabled ?? true;
    this.#policy = toPolicy(options);
    this.#clock = options.clock ?? createSystemClock();
    this.#onError = options.onError ?? (() => {});
    const maxEntries = positiveInteger('maxEntries', options.maxEntries ?? 10_000);
    const maxBytes = positiveInteger('maxBytes', options.maxBytes ?? 64 * 1024 * 1024);
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
   * Keeps a value, which is frozen. A load of the key that is under way is overtaken: its answer goes to
   * those who wait for it and is not kept.
   * @throws TypeError for `undefined`, the one value that is never kept.
   * @throws RangeError for a TTL that is not 0 or more seconds.
   */
  set(key: string, value: V, options: { ttlS: number }): void {
    if (value === undefined) throw new TypeError('undefined cannot be cached: it stands for "absent"');
    checkTtl(options.ttlS);
    this.#flights.delete(key);
    if (!this.#enabled || this.#closed) return;
    this.#entries.keep(key, deepFreeze(value), options.ttlS, this.#clock.now());
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
    if (pattern === undefined) resetCounters(this.#counters);
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
      bytes: this.#entries.bytes,
      inFlight: this.#underWay.size,
      entries,
    };
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

  #read(key: string, load: Load<V>, options: LoadOptions): CacheRead<V> | Promise<CacheRead<V>> {
    if (!this.#enabled || this.#closed) return this.#bypass(key, load, options);
    const now = this.#clock.now();
    const entry = this.#entries.get(key);
    if (entry !== undefined) {
      const outcome = isFresh(entry, now) ? 'hit' : this.#outcomePastExpiry(entry, load, options, now);
      if (outcome !== undefined) return this.#answer(entry, outcome, now);
    }
    this.#counters.misses += 1;
    return this.#join(key, load, options);
  }

  /**
   * Whether a value past its expiry is the right answer even so, because waiting would be worse: its
   * background refresh is under way, or loading it fails. In the latter case the source is tried again now
   * and then, without making this reader wait for it.
   */
  #outcomePastExpiry(entry: Entry<V>, load: Load<V>, options: LoadOptions, now: number) {
    const flight = this.#flights.get(entry.key);
    const mayStandIn = now < entry.usableUntil;
    if (entry.retryAt !== undefined) {
      if (mayStandIn && !flight && now >= entry.retryAt) this.#refresh(entry.key, load, options.ttlS);
      return mayStandIn ? 'stale' : undefined;
    }
    if (!flight?.background) return undefined;
    const overdue = now >= 2 * entry.expiresAt - entry.storedAt;
    if (!overdue) return 'hit';
    return mayStandIn ? 'stale' : undefined;
  }

  #answer(entry: Entry<V>, outcome: 'hit' | 'stale', now: number): CacheRead<V> {
    if (outcome === 'hit') this.#counters.hits += 1;
    else this.#counters.misses += 1;
    return this.#serve(entry, outcome, now);
  }

  #serve(entry: Entry<V>, outcome: 'hit' | 'stale', now: number): CacheRead<V> {
    if (outcome === 'stale') this.#counters.stale += 1;
    entry.lastReadAt = now;
    return {
      value: entry.value,
      outcome,
      ageS: (now - entry.storedAt) / 1000,
      ttlS: (entry.expiresAt - now) / 1000,
    };
  }

  /** Waits for the load of a key, beginning it if nobody has. */
  #join(key: string, load: Load<V>, options: LoadOptions): Promise<CacheRead<V>> {
    const shared = this.#flights.get(key);
    if (shared) this.#counters.collapsed += 1;
    const flight = shared ?? this.#begin(key, load, options.ttlS, false);
    const outcome = shared ? 'collapsed' : 'miss';
    const answer = flight.result.then(
      (value): CacheRead<V> => ({ value, outcome, ageS: 0, ttlS: options.ttlS }),
      (error) => this.#standIn(key, error),
    );
    return options.signal ? raceSignal(answer, options.signal) : answer;
  }

  /** The last good value in place of a load that failed, or that failure. */
  #standIn(key: string, error: unknown): CacheRead<V> {
    const now = this.#clock.now();
    const entry = this.#entries.peek(key);
    if (entry === undefined || now >= entry.usableUntil) throw error;
    return this.#serve(entry, 'stale', now);
  }

  #begin(key: string, load: Load<V>, ttlS: number, background: boolean): Flight<V> {
    checkTtl(ttlS);
    this.#counters.loads += 1;
    const { result, abort } = runLoad(key, load, this.#policy.loadTimeoutS, this.#clock);
    const flight: Flight<V> = {
      abort,
      background,
      result: result.then(
        (value) => this.#landed(key, flight, value, load, ttlS),
        (error) => this.#failed(key, flight, error),
      ),
    };
    this.#flights.set(key, flight);
    this.#underWay.add(flight);
    return flight;
  }

  #refresh(key: string, load: Load<V>, ttlS: number): void {
    // Its failure is noted in #failed; nobody waits for it, so nobody else must handle it.
    this.#begin(key, load, ttlS, true).result.catch(() => {});
  }

  #landed(key: string, flight: Flight<V>, value: V, load: Load<V>, ttlS: number): V {
    this.#underWay.delete(flight);
    deepFreeze(value);
    if (!this.isCurrent(key, flight)) return value;
    this.#flights.delete(key);
    if (value === undefined || this.#closed) return value;
    const now = this.#clock.now();
    const lastReadAt = flight.background ? (this.#entries.peek(key)?.lastReadAt ?? now) : now;
    const entry = this.#entries.keep(key, value, ttlS, lastReadAt);
    if (entry) this.#keepWarm(entry, load, ttlS);
    return value;
  }

  #failed(key: string, flight: Flight<V>, error: unknown): never {
    this.#underWay.delete(flight);
    this.#counters.loadErrors += 1;
    if (this.isCurrent(key, flight)) {
      this.#flights.delete(key);
      const entry = this.#entries.peek(key);
      if (entry) {
        if (entry.retryAt === undefined) this.#onError(error, key);
        entry.retryAt = this.#clock.now() + this.#policy.retryMs;
      }
    }
    throw error;
  }

  /** Has a watched value loaded again as it expires; one that nobody reads any more is left to expire. */
  #keepWarm(entry: Entry<V>, load: Load<V>, ttlS: number): void {
    const { watchMs } = this.#policy;
    if (watchMs === 0 || ttlS === 0) return;
    entry.cancelRefresh = this.#clock.after(ttlS * 1000, () => {
      const watched = this.#clock.now() - entry.lastReadAt <= watchMs;
      if (watched && !this.#flights.has(entry.key)) this.#refresh(entry.key, load, ttlS);
    });
  }

  #bypass(key: string, load: Load<V>, options: LoadOptions): Promise<CacheRead<V>> {
    this.#counters.misses += 1;
    this.#counters.loads += 1;
    const { result } = runLoad(key, load, this.#policy.loadTimeoutS, this.#clock);
    const answer = result.then(
      (value): CacheRead<V> => ({ value: deepFreeze(value), outcome: 'bypass', ageS: 0, ttlS: 0 }),
      (error) => {
        this.#counters.loadErrors += 1;
        throw error;
      },
    );
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
