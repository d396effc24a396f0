import type { Clock, Freshness, Load } from '../cache/index.ts';
import type { Codec } from './codec.ts';
import type { Lease, RedisNamespace } from './namespace.ts';

/** How often a process that waits for another looks by itself, in case the notice is lost. */
const FIRST_LOOK_MS = 50;
const MAX_LOOK_MS = 500;

/** One load as its cache has asked for it. */
interface Call<V> {
  readonly key: string;
  /** How long the value is to be fresh, in seconds, if its source says nothing else. */
  readonly ttlS: number;
  readonly signal: AbortSignal;
  /** Reads the source itself. */
  readonly direct: () => Promise<V>;
  /** Tells the cache, and remembers, how fresh the value is. */
  readonly note: (freshness: Freshness) => void;
  freshness: Freshness;
}

/**
 * Loads of keys that other processes may be loading as well: from Redis if it is there, from the source by
 * whoever gets the lease, or from the source directly when the lease's holder dawdles or Redis fails.
 */
export class SharedLoads<V> {
  readonly #tier: RedisNamespace;
  readonly #codec: Codec<V>;
  readonly #clock: Clock;
  readonly #waitMs: number;
  readonly #renewMs: number;
  readonly #longestS: () => number;
  readonly #onError: (error: unknown, key: string) => void;
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(parts: {
    tier: RedisNamespace;
    codec: Codec<V>;
    clock: Clock;
    waitMs: number;
    renewMs: number;
    /** How long a value may be kept in memory at most, in seconds, as things are now. */
    longestS: () => number;
    onError: (error: unknown, key: string) => void;
  }) {
    this.#tier = parts.tier;
    this.#codec = parts.codec;
    this.#clock = parts.clock;
    this.#waitMs = parts.waitMs;
    this.#renewMs = parts.renewMs;
    this.#longestS = parts.longestS;
    this.#onError = parts.onError;
  }

  /** The load of a key, by way of Redis. What it tells is never more than what is left of the value's life. */
  through(key: string, load: Load<V>, ttlS: number): Load<V> {
    return (signal, tell) => {
      const note = (told: Freshness) => {
        call.freshness = told;
        tell({ ageS: told.ageS, ttlS: Math.min(told.ttlS, this.#longestS()) });
      };
      const direct = async () => await load(signal, note);
      const call: Call<V> = { key, ttlS, signal, direct, note, freshness: { ageS: 0, ttlS } };
      note(call.freshness);
      return this.#load(call);
    };
  }

  /** A process has ended its load of a key: those who wait for it may look. */
  wake(key: string): void {
    for (const wake of this.#waiting.get(key) ?? []) wake();
  }

  async #load(call: Call<V>): Promise<V> {
    const { key, ttlS, signal, direct, note } = call;
    const patientUntil = this.#clock.now() + this.#waitMs;
    for (let look = FIRST_LOOK_MS; ; look = Math.min(2 * look, MAX_LOOK_MS)) {
      const found = await this.#tier.fetch(key);
      if (found.kind === 'lead') return await this.#lead(call, found.lease);
      if (found.kind === 'hit') {
        const value = this.#decode(key, found.bytes);
        if (value === undefined) break;
        note({ ageS: found.freshness.ageS, ttlS: Math.min(ttlS, found.freshness.ttlS) });
        return value;
      }
      const patienceMs = patientUntil - this.#clock.now();
      if (found.kind === 'none' || patienceMs <= 0) break;
      await this.#wait(key, Math.min(look, patienceMs, found.leaseMs + 1), signal);
      signal.throwIfAborted();
    }
    signal.throwIfAborted();
    return await direct();
  }

  async #lead(call: Call<V>, lease: Lease): Promise<V> {
    const { key, signal, direct } = call;
    const stopRenewing = this.#keep(lease);
    // A load that ignores its deadline must not keep the others waiting.
    const giveUp = () => {
      stopRenewing();
      void this.#tier.store(lease);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    try {
      signal.throwIfAborted();
      const value = await direct();
      // Not waited for: a slow Redis is no reason for a slow answer.
      void this.#tier.store(lease, this.#encode(key, value, call.freshness));
      return value;
    } catch (error) {
      void this.#tier.store(lease);
      throw error;
    } finally {
      stopRenewing();
      signal.removeEventListener('abort', giveUp);
    }
  }

  /** Renews a lease as long as its load lasts. */
  #keep(lease: Lease): () => void {
    let cancel = () => {};
    let stopped = false;
    const schedule = () => {
      cancel = this.#clock.after(this.#renewMs, () => {
        this.#tier.renew(lease).then((held) => {
          if (held && !stopped) schedule();
        });
      });
    };
    schedule();
    return () => {
      stopped = true;
      cancel();
    };
  }

  #wait(key: string, ms: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiting.add(resolve));
    const cancel = this.#clock.after(ms, resolve);
    const giveUp = () => resolve();
    signal.addEventListener('abort', giveUp, { once: true });
    return promise.finally(() => {
      cancel();
      signal.removeEventListener('abort', giveUp);
      waiting.delete(resolve);
      if (waiting.size === 0) this.#waiting.delete(key);
    });
  }

  #encode(key: string, value: V, freshness: Freshness) {
    if (value === undefined) return undefined;
    try {
      return { bytes: this.#codec.encode(value), freshness };
    } catch (error) {
      this.#onError(error, key);
    }
  }

  /** Bytes that cannot be read are removed, so that not every process meets them. */
  #decode(key: string, bytes: Uint8Array): V | undefined {
    try {
      return this.#codec.decode(bytes);
    } catch (error) {
      this.#onError(error, key);
      void this.#tier.change('delete', key);
    }
  }
}
