import type { Clock, Freshness, Load, LoadResult, TierLoad } from '../cache/index.ts';
import type { Lease, PlainRead } from './namespace.ts';
import type { StoredValue } from './stored-entry.ts';
import type { Tiers } from './tiers.ts';

/**
 * Interval at which a process that waits for another one's load reads Redis, in case the message at its end is
 * lost. Doubles from the first to the last.
 */
const FIRST_POLL_MS = 50;
const MAX_POLL_MS = 500;

/** One read of a cache: what it loads, if it finds nothing. */
interface LeasedLoad<V> {
  readonly key: string;
  /** Reads the value from its source. */
  readonly load: Load<V>;
  /** TTL if the source does not report another one. */
  readonly ttlS: number;
}

/**
 * Loads values that other processes may be loading too. A value is read from Redis if it is there; else the
 * process that acquires the lease loads it from its source and the others wait. A process loads it directly if
 * the holder of the lease takes too long or Redis cannot be used.
 */
export class LeasedLoads<V> {
  readonly #tiers: Tiers<V>;
  readonly #clock: Clock;
  readonly #leaseMs: number;
  readonly #waitMs: number;
  readonly #waiting = new Map<string, Set<() => void>>();

  /**
   * @param options.leaseS duration of a lease; it is renewed while its load is in progress
   * @param options.waitS how long to wait for another process before loading directly
   */
  constructor(tiers: Tiers<V>, options: { clock: Clock; leaseS: number; waitS: number }) {
    this.#tiers = tiers;
    this.#clock = options.clock;
    this.#leaseMs = options.leaseS * 1000;
    this.#waitMs = options.waitS * 1000;
  }

  /** Wraps a load. The TTL passed to the cache never exceeds what remains of the value's. */
  wrap(key: string, load: Load<V>, ttlS: number): TierLoad<V> {
    return { start: (result) => this.#start({ key, load, ttlS }, result) };
  }

  /** Wakes the loads that wait for this key: its load in another process has ended. */
  wake(key: string): void {
    for (const wake of this.#waiting.get(key) ?? []) wake();
  }

  /** A value in Redis takes one read and its promise. All others are left to {@link #load}. */
  #start(call: LeasedLoad<V>, result: LoadResult<V>): void {
    const reject = (error: unknown) => result.reject(error);
    this.#tiers.redis.readPlain(call.key).then((plain) => {
      try {
        if (plain.kind !== 'hit') this.#load(call, result, plain).catch(reject);
        else if (!this.#resolveStored(call, result, plain.stored)) this.#load(call, result).catch(reject);
      } catch (error) {
        reject(error);
      }
    }, reject);
  }

  /** @returns false if the value cannot be decoded. It has been removed, unless Redis does not accept writes */
  #resolveStored({ key, ttlS }: LeasedLoad<V>, result: LoadResult<V>, stored: StoredValue): boolean {
    const value = this.#tiers.decode(key, stored);
    if (value === undefined) return false;
    const { freshness } = stored;
    const maxTtlS = this.#tiers.memory.adaptiveTtl?.limit(ttlS) ?? ttlS;
    this.#setMemoryFreshness(result, freshness.ageS, Math.min(maxTtlS, freshness.ttlS));
    result.resolve(value);
    return true;
  }

  /** @param plain what Redis has replied just before; undefined if the value was corrupt */
  async #load(call: LeasedLoad<V>, result: LoadResult<V>, plain?: PlainRead): Promise<void> {
    const { key } = call;
    const { signal } = result;
    const deadline = this.#clock.now() + this.#waitMs;
    let foundCorrupt = plain === undefined;
    let known = plain;
    for (let pollMs = FIRST_POLL_MS; ; pollMs = Math.min(2 * pollMs, MAX_POLL_MS)) {
      const read = await this.#tiers.redis.readOrLease(key, this.#leaseMs, known);
      known = undefined;
      if (read.kind === 'lead') return result.resolve(await this.#lead(call, result, read.lease));
      if (read.kind === 'hit') {
        if (this.#resolveStored(call, result, read.stored)) return;
        // Redis has not accepted the removal. Then each process loads the key itself.
        if (foundCorrupt) break;
        foundCorrupt = true;
        continue;
      }
      const remainingMs = deadline - this.#clock.now();
      if (read.kind === 'unavailable' || remainingMs <= 0) break;
      await this.#wait(key, Math.min(pollMs, remainingMs, read.leaseMs + 1), signal);
      signal.throwIfAborted();
    }
    signal.throwIfAborted();
    result.resolve((await this.#loadDirectly(call, result)).value);
  }

  #setMemoryFreshness(result: LoadResult<V>, ageS: number, ttlS: number): void {
    result.setFreshness({ ageS, ttlS: Math.min(ttlS, this.#tiers.maxMemoryTtlS) });
  }

  /** Reads the value from its source. */
  async #loadDirectly(
    call: LeasedLoad<V>,
    result: LoadResult<V>,
  ): Promise<{ value: V; freshness: Freshness }> {
    let freshness: Freshness = { ageS: 0, ttlS: call.ttlS };
    let reportedByLoad = false;
    const setFreshness = (reported: Freshness) => {
      freshness = reported;
      reportedByLoad = true;
      this.#setMemoryFreshness(result, reported.ageS, reported.ttlS);
    };
    this.#setMemoryFreshness(result, freshness.ageS, freshness.ttlS);
    const startedAt = this.#clock.now();
    const value = await call.load(result.signal, setFreshness);
    const { adaptiveTtl } = this.#tiers.memory;
    if (adaptiveTtl && !reportedByLoad) {
      const ttlS = adaptiveTtl.choose({ key: call.key, startedAt }, value, call.ttlS);
      setFreshness({ ageS: 0, ttlS });
    }
    return { value, freshness };
  }

  /** Loads the value as the holder of the lease. */
  async #lead(call: LeasedLoad<V>, result: LoadResult<V>, lease: Lease): Promise<V> {
    const { key } = call;
    const { signal } = result;
    const { redis } = this.#tiers;
    const stopRenewing = this.#keepRenewing(lease);
    // A load that ignores its deadline must not keep the other processes waiting.
    const release = () => {
      stopRenewing();
      void redis.store(lease);
    };
    signal.addEventListener('abort', release, { once: true });
    try {
      signal.throwIfAborted();
      const { value, freshness } = await this.#loadDirectly(call, result);
      // Not awaited: a slow Redis must not delay the value.
      void redis.store(lease, this.#toStoredValue(key, value, freshness));
      return value;
    } catch (error) {
      void redis.store(lease);
      throw error;
    } finally {
      stopRenewing();
      signal.removeEventListener('abort', release);
    }
  }

  /** Renews a lease three times per lease. @returns a function that stops it */
  #keepRenewing(lease: Lease): () => void {
    let cancel = () => {};
    let stopped = false;
    const schedule = () => {
      cancel = this.#clock.after(this.#leaseMs / 3, () => {
        this.#tiers.redis.renew(lease, this.#leaseMs).then((renewed) => {
          if (renewed && !stopped) schedule();
        });
      });
    };
    schedule();
    return () => {
      stopped = true;
      cancel();
    };
  }

  /** Resolves after `ms`, when the key is woken or when the signal aborts. */
  #wait(key: string, ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiting.add(resolve));
    const cancel = this.#clock.after(ms, resolve);
    const stopWaiting = () => resolve();
    signal.addEventListener('abort', stopWaiting, { once: true });
    return promise.finally(() => {
      cancel();
      signal.removeEventListener('abort', stopWaiting);
      waiting.delete(resolve);
      if (waiting.size === 0) this.#waiting.delete(key);
    });
  }

  #toStoredValue(key: string, value: V, freshness: Freshness): StoredValue | undefined {
    const bytes = value === undefined ? undefined : this.#tiers.encode(key, value);
    return bytes && { bytes, freshness };
  }
}
