import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { Cache } from '../../../src/library/cache/cache.ts';
import { MemoryStore } from '../../../src/library/cache/memory-store.ts';
import type { CacheOptions } from '../../../src/library/cache/options.ts';
import type { CacheStore } from '../../../src/library/cache/store.ts';
import { ChaosStore } from '../../support/chaos-store.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { KEYS, type Key, Model, type Value } from './model.ts';

type Kept = Value | undefined;
type CacheClass = new (options: CacheOptions<Kept>) => Cache<Kept>;

const key = fc.constantFrom<Key>(...KEYS);
const pattern = fc.constantFrom('*', 'a:*', '?:1', 'a:1', 'none');
const choice = fc.nat(5);
/** Single steps of time and leaps over everything, with the boundaries of TTLs and deadlines among them. */
const ms = fc.oneof(
  fc.integer({ min: 1, max: 500 }),
  fc.constantFrom(999, 1000, 1999, 2000, 3000, 5000, 40_000),
);

const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('read' as const), key }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('finish' as const), choice, nothing: rarely(10) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('advance' as const), ms }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('change' as const), pattern }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fail' as const), choice }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stall' as const), ms }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drift' as const), pattern }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('get', 'set', 'delete'), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const), pattern: fc.option(pattern) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep' as const) }) },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

/** Whether promises get to run after an action, or the next one comes within the same turn. */
const steps = fc.array(fc.record({ action, settles: fc.boolean() }), { minLength: 5, maxLength: 60 });

const times = fc.record({
  ttlS: fc.constantFrom(2, 3),
  staleIfErrorS: fc.constantFrom(0, 5),
  refreshAheadS: fc.constantFrom(0, 4, 15),
  sweepIntervalS: fc.constantFrom(0, 7),
});
type Times = typeof times extends fc.Arbitrary<infer T> ? T : never;

function rarely(oneIn: number): fc.Arbitrary<boolean> {
  return fc.nat(oneIn - 1).map((n) => n === 0);
}

function act(model: Model, clock: FakeClock, action: Action): Promise<void> | void {
  switch (action.do) {
    case 'read':
    case 'get':
    case 'set':
    case 'delete':
      return model[action.do](action.key);
    case 'finish':
      return model.finish(action.choice, action.nothing);
    case 'fail':
      return model.fail(action.choice);
    case 'change':
    case 'drift':
      return model[action.do](action.pattern);
    case 'clear':
      return model.clear(action.pattern ?? undefined);
    case 'advance':
      return model.advance(action.ms);
    case 'stall':
      return clock.stall(action.ms);
    case 'sweep':
      return model.sweep();
  }
}

interface World {
  CacheClass?: CacheClass;
  store: CacheStore<Kept>;
  lossy: boolean;
  /** Checked after each step at which all promises have run. */
  check?: (cache: Cache<Kept>) => void;
}

async function play({ CacheClass = Cache, store, lossy, check }: World, times: Times, script: Step[]) {
  const clock = new FakeClock();
  const cache = new CacheClass({ clock, store, loadTimeoutS: 10, retryS: 1, ...times });
  const model = new Model(cache, clock, { ...times, lossy });
  for (const { action, settles } of script) {
    const ended = act(model, clock, action);
    // Not awaited where there is nothing to wait for: promises would run between two steps of one turn.
    if (ended) await ended;
    if (!settles) continue;
    await model.settle();
    check?.(cache);
  }
  await model.end();
}
type Step = typeof steps extends fc.Arbitrary<(infer T)[]> ? T : never;

// Some seconds' work on a free machine; a busy one must not make it a failure.
vi.setConfig({ testTimeout: 60_000 });

const roomy = () => new MemoryStore<Kept>({ maxEntries: 100, maxBytes: 1_000_000 });

test('whatever the order of reads, loads, changes and time, no answer is wrong', async () => {
  await fc.assert(
    fc.asyncProperty(times, steps, (times, script) => play({ store: roomy(), lossy: false }, times, script)),
    { numRuns: 1500 },
  );
});

test('a store too small for its keys keeps its bounds, and no answer is wrong', async () => {
  const limits = fc.constantFrom({ maxEntries: 2, maxBytes: 1_000_000 }, { maxEntries: 100, maxBytes: 800 });
  await fc.assert(
    fc.asyncProperty(limits, times, steps, async (limits, times, script) => {
      const store = new MemoryStore<Kept>(limits);
      const check = (cache: Cache<Kept>) => {
        const held = [...store.entries()];
        expect(store.size).toBe(held.length);
        expect(store.size).toBeLessThanOrEqual(limits.maxEntries);
        expect(store.bytes).toBe(held.reduce((sum, { bytes }) => sum + bytes, 0));
        expect(store.bytes).toBeLessThanOrEqual(limits.maxBytes);
        expect(cache.stats().bytes).toBe(store.bytes);
      };
      await play({ store, lossy: true, check }, times, script);
    }),
    { numRuns: 750 },
  );
});

test('a store that fails now and then fails no read, and no answer is wrong', async () => {
  const faults = fc.array(rarely(5), { minLength: 1, maxLength: 50 });
  await fc.assert(
    fc.asyncProperty(faults, times, steps, async (faults, times, script) => {
      let operations = 0;
      const store = new ChaosStore<Kept>(() => faults[operations++ % faults.length]!);
      await play({ store, lossy: true }, times, script);
    }),
    { numRuns: 750 },
  );
});

test('the same property finds a cache that keeps the answers of overtaken loads', async () => {
  class Planted extends Cache<Kept> {
    protected override isCurrent() {
      return true;
    }
  }
  const property = fc.asyncProperty(times, steps, (times, script) =>
    play({ CacheClass: Planted, store: roomy(), lossy: true }, times, script),
  );
  const { failed, errorInstance } = await fc.check(property, { numRuns: 500, endOnFailure: true });
  expect(failed).toBe(true);
  expect(errorInstance).toHaveProperty('message', expect.stringMatching(/older than the invalidation|fresh/));
});
