import { expect } from 'vitest';
import type { Cache, CacheRead } from '../../../src/library/cache/index.ts';
import { type FakeClock, settle } from '../../support/fake-clock.ts';

export const KEYS = ['a:1', 'a:2', 'b:1'] as const;
export type Key = (typeof KEYS)[number];

/** A value of a source. The serial number distinguishes values of the same version. */
export interface Value {
  readonly version: number;
  readonly serial: number;
}

interface Source {
  /** Incremented by each change. */
  version: number;
  /** Version at the latest invalidation. A later read must not return an older one. */
  invalidatedAt: number;
  /** Incremented whenever loads in progress are superseded. */
  epoch: number;
}

interface ModelLoad {
  readonly key: Key;
  readonly version: number;
  readonly epoch: number;
  readonly resolve: (value: Value | undefined) => void;
  readonly reject: (error: Error) => void;
}

interface CachedValue {
  readonly value: Value;
  readonly storedAt: number;
  invalidated: boolean;
}

type Read = CacheRead<Value | undefined>;

/** Options of one run. */
export interface ModelOptions {
  readonly ttlS: number;
  readonly staleIfErrorS: number;
  /** Whether the cache may have lost values that were stored, as with a small or failing store. */
  readonly lossy: boolean;
}

/** Sources, a cache of their values, and a simple model of what that cache must contain. Checks every read. */
export class Model {
  readonly #cache: Cache<Value | undefined>;
  readonly #clock: FakeClock;
  readonly #ttlMs: number;
  readonly #usableMs: number;
  readonly #lossy: boolean;
  readonly #sources = new Map<Key, Source>(
    KEYS.map((key) => [key, { version: 0, invalidatedAt: 0, epoch: 0 }]),
  );
  readonly #pending: ModelLoad[] = [];
  /** Loads settled since the last {@link settle}: no promise callback has run for them yet. */
  #settledLoads: { load: ModelLoad; outcome: { value: Value | undefined } | 'failed' }[] = [];
  readonly #cached = new Map<Key, CachedValue>();
  /** Checks that run in {@link settle}, where an error fails the test. */
  #checks: (() => void)[] = [];
  #serial = 0;
  /** Since the last full clear. */
  #counts = { reads: 0, hits: 0, stale: 0 };
  #unsettledReads = 0;

  constructor(cache: Cache<Value | undefined>, clock: FakeClock, options: ModelOptions) {
    this.#cache = cache;
    this.#clock = clock;
    this.#ttlMs = options.ttlS * 1000;
    this.#usableMs = (options.ttlS + options.staleIfErrorS) * 1000;
    this.#lossy = options.lossy;
  }

  read(key: Key): void {
    const { invalidatedAt } = this.#source(key);
    this.#counts.reads += 1;
    const read = this.#cache.read(key, this.#loader(key), { ttlS: this.#ttlMs / 1000 });
    if (!(read instanceof Promise)) {
      this.#checkSynchronous(key, read, invalidatedAt);
      return;
    }
    expect(this.#freshValue(key), `fresh value of ${key} for a read that waits`).toSatisfy(
      (value) => value === undefined || this.#lossy,
    );
    this.#unsettledReads += 1;
    read.then(
      (result) => this.#checkResolved(key, result, invalidatedAt),
      () => this.#checkRejected(key),
    );
  }

  get(key: Key): void {
    this.#counts.reads += 1;
    const value = this.#cache.get(key);
    if (value !== undefined) this.#counts.hits += 1;
    if (value !== undefined || !this.#lossy) {
      expect(value, `fresh value of ${key}`).toBe(this.#freshValue(key));
    }
  }

  /** Resolves a load with the version that its source had when the load started, or with undefined. */
  finish(choice: number, absent: boolean): void {
    const load = this.#take(choice);
    if (!load) return;
    this.#serial += 1;
    const value = absent ? undefined : { version: load.version, serial: this.#serial };
    load.resolve(value);
    this.#settledLoads.push({ load, outcome: { value } });
  }

  fail(choice: number): void {
    const load = this.#take(choice);
    if (!load) return;
    load.reject(new Error('source is down'));
    this.#settledLoads.push({ load, outcome: 'failed' });
  }

  /** Changes sources without an invalidation. */
  changeSilently(pattern: string): void {
    for (const key of matching(pattern)) this.#source(key).version += 1;
  }

  change(pattern: string): void {
    this.changeSilently(pattern);
    let fresh = 0;
    for (const key of matching(pattern)) {
      if (this.#freshValue(key)) fresh += 1;
      this.#supersede(key);
      const cached = this.#cached.get(key);
      if (cached) cached.invalidated = true;
      // Without staleIfErrorS it can no longer be served.
      if (this.#usableMs === this.#ttlMs) this.#cached.delete(key);
    }
    const affected = this.#cache.invalidate(pattern);
    if (!this.#lossy) expect(affected).toBeGreaterThanOrEqual(fresh);
    expect(affected).toBeLessThanOrEqual(matching(pattern).length);
  }

  delete(key: Key): void {
    const fresh = this.#freshValue(key) !== undefined;
    this.#remove(key);
    const deleted = this.#cache.delete(key);
    if (!this.#lossy) expect(deleted, `whether ${key} was deleted`).toBe(fresh);
  }

  clear(pattern: string | undefined): void {
    const keys = matching(pattern ?? '*');
    const fresh = keys.filter((key) => this.#freshValue(key)).length;
    for (const key of keys) this.#remove(key);
    const removed = this.#cache.clear(pattern);
    if (!this.#lossy) expect(removed, 'fresh values that clear removed').toBe(fresh);
    if (pattern === undefined) this.#counts = { reads: 0, hits: 0, stale: 0 };
  }

  set(key: Key): void {
    this.changeSilently(key);
    this.#supersede(key);
    this.#serial += 1;
    const value = { version: this.#source(key).version, serial: this.#serial };
    this.#store(key, value);
    this.#cache.set(key, value, { ttlS: this.#ttlMs / 1000 });
  }

  async sweep(): Promise<void> {
    await this.settle();
    await this.#cache.sweep();
  }

  async advance(ms: number): Promise<void> {
    await this.settle();
    await this.#clock.advanceAsync(ms);
  }

  /** Runs all promise callbacks, then all checks. */
  async settle(): Promise<void> {
    for (const { load, outcome } of this.#settledLoads) {
      if (outcome === 'failed' || load.epoch !== this.#source(load.key).epoch) continue;
      if (outcome.value === undefined) this.#cached.delete(load.key);
      else this.#store(load.key, outcome.value);
    }
    this.#settledLoads = [];
    await settle();
    for (const check of this.#checks) check();
    this.#checks = [];
    this.#checkState();
  }

  async end(): Promise<void> {
    await this.settle();
    this.#cache.close();
    await settle();
    expect(this.#unsettledReads, 'reads that never settled').toBe(0);
    expect(this.#pending, 'loads that never settled').toEqual([]);
    if (!this.#lossy) expect(this.#clock.pending, 'timers after close').toBe(0);
  }

  #source(key: Key): Source {
    return this.#sources.get(key)!;
  }

  #loader(key: Key) {
    // The first load belongs to the epoch of its read. Background refreshes belong to the epoch in which they start.
    let { epoch } = this.#source(key);
    let started = false;
    return (signal: AbortSignal): Promise<Value | undefined> => {
      if (started) epoch = this.#source(key).epoch;
      started = true;
      const { promise, resolve, reject } = Promise.withResolvers<Value | undefined>();
      const load = { key, version: this.#source(key).version, epoch, resolve, reject };
      this.#pending.push(load);
      signal.addEventListener('abort', () => {
        const index = this.#pending.indexOf(load);
        if (index >= 0) this.#pending.splice(index, 1);
      });
      return promise;
    };
  }

  #take(choice: number): ModelLoad | undefined {
    return this.#pending.splice(choice % Math.max(1, this.#pending.length), 1)[0];
  }

  #store(key: Key, value: Value): void {
    this.#cached.set(key, { value, storedAt: this.#clock.now(), invalidated: false });
  }

  #supersede(key: Key): void {
    const source = this.#source(key);
    source.epoch += 1;
    source.invalidatedAt = source.version;
  }

  #remove(key: Key): void {
    this.#supersede(key);
    this.#cached.delete(key);
  }

  #freshValue(key: Key): Value | undefined {
    const cached = this.#cached.get(key);
    if (!cached || cached.invalidated || this.#clock.now() - cached.storedAt >= this.#ttlMs) return undefined;
    return cached.value;
  }

  #checkSynchronous(key: Key, { value, outcome, ageS, ttlS }: Read, invalidatedAt: number): void {
    const cached = this.#cached.get(key);
    if (outcome !== 'stale') expectNotOlder(key, value, invalidatedAt);
    expect(value, `value of ${key} without a load`).toBe(cached?.value);
    const ageMs = this.#clock.now() - cached!.storedAt;
    expect(ageS).toBe(ageMs / 1000);
    expect(ttlS).toBe((this.#ttlMs - ageMs) / 1000);
    if (outcome === 'stale') {
      this.#counts.stale += 1;
      expect(this.#freshValue(key), `fresh value of ${key} for a stale read`).toBeUndefined();
      expect(ageMs, `age of a stale ${key}`).toBeLessThan(this.#usableMs);
      return;
    }
    this.#counts.hits += 1;
    expect(outcome).toBe('hit');
    expect(cached!.invalidated, `whether a hit of ${key} was invalidated`).toBe(false);
    if (ageMs < this.#ttlMs) return;
    expect(ageMs, `age of ${key} during its refresh`).toBeLessThan(2 * this.#ttlMs);
    const { epoch } = this.#source(key);
    const isCurrent = (load: ModelLoad) => load.key === key && load.epoch === epoch;
    if (this.#settledLoads.some(({ load }) => isCurrent(load)) || this.#pending.some(isCurrent)) return;
    // This read may have started the refresh, which calls its load in a later microtask.
    this.#checks.push(() => {
      const refreshing = this.#pending.some(isCurrent);
      expect(refreshing, `whether an expired hit of ${key} is being refreshed`).toBe(true);
    });
  }

  #checkResolved(key: Key, { value, outcome, ageS }: Read, invalidatedAt: number): void {
    this.#unsettledReads -= 1;
    if (outcome === 'stale') this.#counts.stale += 1;
    // Read now: the actions between this callback and the checks may change it.
    const cached = this.#cached.get(key)?.value;
    this.#checks.push(() => {
      if (outcome !== 'stale') {
        expect(['miss', 'collapsed']).toContain(outcome);
        if (value) expectNotOlder(key, value, invalidatedAt);
      } else {
        expect(value, `stale value of ${key}`).toBe(cached);
        expect(ageS * 1000, `age of a stale ${key}`).toBeLessThan(this.#usableMs);
      }
    });
  }

  #checkRejected(key: Key): void {
    this.#unsettledReads -= 1;
    const cached = this.#cached.get(key);
    const usable = cached !== undefined && this.#clock.now() - cached.storedAt < this.#usableMs;
    this.#checks.push(() => expect(usable && !this.#lossy, `whether ${key} had a stale value`).toBe(false));
  }

  #currentLoads(key: Key): number {
    const { epoch } = this.#source(key);
    return this.#pending.filter((load) => load.key === key && load.epoch === epoch).length;
  }

  #checkState(): void {
    const stats = this.#cache.stats();
    for (const key of KEYS) expect(this.#currentLoads(key), `loads of ${key}`).toBeLessThanOrEqual(1);
    expect(stats.inFlight, 'loads in progress').toBe(this.#pending.length);
    expect(stats.hits, 'hits').toBe(this.#counts.hits);
    expect(stats.hits + stats.misses, 'hits and misses').toBe(this.#counts.reads);
    expect(stats.stale, 'stale reads').toBe(this.#counts.stale);
    expect(stats.collapsed, 'collapsed reads').toBeLessThanOrEqual(stats.misses);
    expect(stats.size).toBe(stats.entries.length);
    const fresh = KEYS.filter((key) => this.#freshValue(key));
    const listed = stats.entries.map(({ key }) => key as Key);
    if (!this.#lossy) expect(new Set(listed), 'listed entries').toEqual(new Set(fresh));
    for (const { key, ageS, ttlS } of stats.entries) {
      expect(fresh, 'fresh keys').toContain(key);
      const cached = this.#cached.get(key as Key)!;
      expect(ageS).toBe((this.#clock.now() - cached.storedAt) / 1000);
      expect(ttlS).toBe((cached.storedAt + this.#ttlMs - this.#clock.now()) / 1000);
      expect(ttlS).toBeGreaterThan(0);
    }
  }
}

function expectNotOlder(key: Key, value: Value | undefined, invalidatedAt: number): void {
  expect(value?.version, `version of ${key} in a read after an invalidation`).toBeGreaterThanOrEqual(
    invalidatedAt,
  );
}

function matching(pattern: string): Key[] {
  const expression = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`);
  return KEYS.filter((key) => expression.test(key));
}
