import { expect } from 'vitest';
import type { Cache, CacheRead } from '../../../src/library/cache/index.ts';
import { type FakeClock, settle } from '../../support/fake-clock.ts';

export const KEYS = ['a:1', 'a:2', 'b:1'] as const;
export type Key = (typeof KEYS)[number];

/** What a source answers: which state of it, and, to tell answers of one state apart, a serial number. */
export interface Value {
  readonly version: number;
  readonly serial: number;
}

interface Source {
  /** Rises with each change. */
  version: number;
  /** The version that its last invalidation announced: what a read after it may not fall short of. */
  announced: number;
  /** Rises whenever loads under way are overtaken. */
  epoch: number;
}

interface PendingLoad {
  readonly key: Key;
  readonly version: number;
  readonly epoch: number;
  readonly resolve: (value: Value | undefined) => void;
  readonly reject: (error: Error) => void;
}

interface Kept {
  readonly value: Value;
  readonly storedAt: number;
  invalidated: boolean;
}

type Read = CacheRead<Value | undefined>;

/** What the world is like in one run. `lossy` caches may lack what they were given to keep. */
export interface Setting {
  readonly ttlS: number;
  readonly staleIfErrorS: number;
  readonly lossy: boolean;
}

/**
 * Sources, a cache over them, and a simple account of what that cache must hold. Every answer is held
 * against the account as it comes in.
 */
export class Model {
  readonly #cache: Cache<Value | undefined>;
  readonly #clock: FakeClock;
  readonly #ttlMs: number;
  readonly #usableMs: number;
  readonly #lossy: boolean;
  readonly #sources = new Map<Key, Source>(KEYS.map((key) => [key, { version: 0, announced: 0, epoch: 0 }]));
  readonly #pending: PendingLoad[] = [];
  /** Loads that have ended within this turn: no promise callback has seen it yet. */
  #ended: { load: PendingLoad; outcome: { value: Value | undefined } | 'failed' }[] = [];
  readonly #kept = new Map<Key, Kept>();
  /** Checks that have to wait until all promise callbacks have run. */
  #later: (() => void)[] = [];
  #serial = 0;
  /** Counted since the last full clear, as the cache counts. */
  #counts = { reads: 0, hits: 0, stale: 0 };
  #unanswered = 0;

  constructor(cache: Cache<Value | undefined>, clock: FakeClock, setting: Setting) {
    this.#cache = cache;
    this.#clock = clock;
    this.#ttlMs = setting.ttlS * 1000;
    this.#usableMs = (setting.ttlS + setting.staleIfErrorS) * 1000;
    this.#lossy = setting.lossy;
  }

  read(key: Key): void {
    const { announced } = this.#source(key);
    this.#counts.reads += 1;
    const read = this.#cache.read(key, this.#loader(key), { ttlS: this.#ttlMs / 1000 });
    if (!(read instanceof Promise)) {
      this.#checkAtOnce(key, read, announced);
      return;
    }
    expect(this.#freshValue(key), `${key} is fresh, and its reader must not wait`).toSatisfy(
      (value) => value === undefined || this.#lossy,
    );
    this.#unanswered += 1;
    read.then(
      (answer) => this.#checkAnswer(key, answer, announced),
      () => this.#checkFailure(key),
    );
  }

  get(key: Key): void {
    this.#counts.reads += 1;
    const value = this.#cache.get(key);
    if (value !== undefined) this.#counts.hits += 1;
    if (value !== undefined || !this.#lossy) {
      expect(value, `the fresh value of ${key}`).toBe(this.#freshValue(key));
    }
  }

  /** Ends a load with the state its source had when the load began, or with `undefined`. */
  finish(choice: number, nothing: boolean): void {
    const load = this.#take(choice);
    if (!load) return;
    this.#serial += 1;
    const value = nothing ? undefined : { version: load.version, serial: this.#serial };
    load.resolve(value);
    this.#ended.push({ load, outcome: { value } });
  }

  fail(choice: number): void {
    const load = this.#take(choice);
    if (!load) return;
    load.reject(new Error('source is down'));
    this.#ended.push({ load, outcome: 'failed' });
  }

  /** The sources change and nobody is told: what TTLs are for. */
  drift(pattern: string): void {
    for (const key of matching(pattern)) this.#source(key).version += 1;
  }

  change(pattern: string): void {
    this.drift(pattern);
    let fresh = 0;
    for (const key of matching(pattern)) {
      if (this.#freshValue(key)) fresh += 1;
      this.#overtake(key);
      const kept = this.#kept.get(key);
      if (kept) kept.invalidated = true;
      // Without a time to stand in, it is of no further use.
      if (this.#usableMs === this.#ttlMs) this.#kept.delete(key);
    }
    const affected = this.#cache.invalidate(pattern);
    if (!this.#lossy) expect(affected).toBeGreaterThanOrEqual(fresh);
    expect(affected).toBeLessThanOrEqual(matching(pattern).length);
  }

  delete(key: Key): void {
    const fresh = this.#freshValue(key) !== undefined;
    this.#remove(key);
    const deleted = this.#cache.delete(key);
    if (!this.#lossy) expect(deleted, `whether ${key} was there`).toBe(fresh);
  }

  clear(pattern: string | undefined): void {
    const keys = matching(pattern ?? '*');
    const fresh = keys.filter((key) => this.#freshValue(key)).length;
    for (const key of keys) this.#remove(key);
    const removed = this.#cache.clear(pattern);
    if (!this.#lossy) expect(removed, 'fresh values that a clear removed').toBe(fresh);
    if (pattern === undefined) this.#counts = { reads: 0, hits: 0, stale: 0 };
  }

  set(key: Key): void {
    this.drift(key);
    this.#overtake(key);
    this.#serial += 1;
    const value = { version: this.#source(key).version, serial: this.#serial };
    this.#keep(key, value);
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

  /** Lets all promise callbacks run, then checks what can be known only now. */
  async settle(): Promise<void> {
    for (const { load, outcome } of this.#ended) {
      if (outcome === 'failed' || load.epoch !== this.#source(load.key).epoch) continue;
      if (outcome.value === undefined) this.#kept.delete(load.key);
      else this.#keep(load.key, outcome.value);
    }
    this.#ended = [];
    await settle();
    for (const check of this.#later) check();
    this.#later = [];
    this.#checkState();
  }

  async end(): Promise<void> {
    await this.settle();
    this.#cache.close();
    await settle();
    expect(this.#unanswered, 'reads that were never answered').toBe(0);
    expect(this.#pending, 'loads that were never ended').toEqual([]);
    if (!this.#lossy) expect(this.#clock.pending, 'timers left behind').toBe(0);
  }

  #source(key: Key): Source {
    return this.#sources.get(key)!;
  }

  #loader(key: Key) {
    // A reader's own load begins with its read. Further ones refresh in the background, when they begin.
    let { epoch } = this.#source(key);
    let begun = false;
    return (signal: AbortSignal): Promise<Value | undefined> => {
      if (begun) epoch = this.#source(key).epoch;
      begun = true;
      const { promise, resolve, reject } = Promise.withResolvers<Value | undefined>();
      const load = { key, version: this.#source(key).version, epoch, resolve, reject };
      this.#pending.push(load);
      signal.addEventListener('abort', () => {
        const at = this.#pending.indexOf(load);
        if (at >= 0) this.#pending.splice(at, 1);
      });
      return promise;
    };
  }

  #take(choice: number): PendingLoad | undefined {
    return this.#pending.splice(choice % Math.max(1, this.#pending.length), 1)[0];
  }

  #keep(key: Key, value: Value): void {
    this.#kept.set(key, { value, storedAt: this.#clock.now(), invalidated: false });
  }

  #overtake(key: Key): void {
    const source = this.#source(key);
    source.epoch += 1;
    source.announced = source.version;
  }

  #remove(key: Key): void {
    this.#overtake(key);
    this.#kept.delete(key);
  }

  #freshValue(key: Key): Value | undefined {
    const kept = this.#kept.get(key);
    if (!kept || kept.invalidated || this.#clock.now() - kept.storedAt >= this.#ttlMs) return undefined;
    return kept.value;
  }

  #checkAtOnce(key: Key, { value, outcome, ageS, ttlS }: Read, announced: number): void {
    const kept = this.#kept.get(key);
    if (outcome !== 'stale') expectNotOvertaken(key, value, announced);
    expect(value, `what ${key} answered at once`).toBe(kept?.value);
    const age = this.#clock.now() - kept!.storedAt;
    expect(ageS).toBe(age / 1000);
    expect(ttlS).toBe((this.#ttlMs - age) / 1000);
    if (outcome === 'stale') {
      this.#counts.stale += 1;
      expect(this.#freshValue(key), `${key} was called stale`).toBeUndefined();
      expect(age, `age of a stale ${key}`).toBeLessThan(this.#usableMs);
      return;
    }
    this.#counts.hits += 1;
    expect(outcome).toBe('hit');
    expect(kept!.invalidated, `${key} was a hit after its invalidation`).toBe(false);
    if (age < this.#ttlMs) return;
    expect(age, `age of ${key} while it is refreshed`).toBeLessThan(2 * this.#ttlMs);
    const { epoch } = this.#source(key);
    const isCurrent = (load: PendingLoad) => load.key === key && load.epoch === epoch;
    if (this.#ended.some(({ load }) => isCurrent(load)) || this.#pending.some(isCurrent)) return;
    // Not seen yet, the refresh may have been begun by this very read.
    this.#later.push(() => {
      const refreshed = this.#pending.some(isCurrent);
      expect(refreshed, `${key} was a hit past its time with no refresh under way`).toBe(true);
    });
  }

  #checkAnswer(key: Key, { value, outcome, ageS }: Read, announced: number): void {
    this.#unanswered -= 1;
    if (outcome === 'stale') this.#counts.stale += 1;
    this.#later.push(() => {
      if (outcome !== 'stale') {
        expect(['miss', 'collapsed']).toContain(outcome);
        if (value) expectNotOvertaken(key, value, announced);
      } else {
        expect(value, `what stood in for ${key}`).toBe(this.#kept.get(key)?.value);
        expect(ageS * 1000, `age of a stale ${key}`).toBeLessThan(this.#usableMs);
      }
    });
  }

  #checkFailure(key: Key): void {
    this.#unanswered -= 1;
    const kept = this.#kept.get(key);
    const usable = kept !== undefined && this.#clock.now() - kept.storedAt < this.#usableMs;
    this.#later.push(() => expect(usable && !this.#lossy, `${key} failed despite its fallback`).toBe(false));
  }

  #currentLoads(key: Key): number {
    const { epoch } = this.#source(key);
    return this.#pending.filter((load) => load.key === key && load.epoch === epoch).length;
  }

  #checkState(): void {
    const stats = this.#cache.stats();
    for (const key of KEYS) expect(this.#currentLoads(key), `loads of ${key}`).toBeLessThanOrEqual(1);
    expect(stats.inFlight, 'loads under way').toBe(this.#pending.length);
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
      const kept = this.#kept.get(key as Key)!;
      expect(ageS).toBe((this.#clock.now() - kept.storedAt) / 1000);
      expect(ttlS).toBe((kept.storedAt + this.#ttlMs - this.#clock.now()) / 1000);
      expect(ttlS).toBeGreaterThan(0);
    }
  }
}

function expectNotOvertaken(key: Key, value: Value | undefined, announced: number): void {
  expect(value?.version, `${key} was older than the invalidation before its read`).toBeGreaterThanOrEqual(
    announced,
  );
}

function matching(pattern: string): Key[] {
  const expression = new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`);
  return KEYS.filter((key) => expression.test(key));
}
