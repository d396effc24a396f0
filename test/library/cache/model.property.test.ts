import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { Cache } from '../../../src/library/cache/cache.ts';
import { MemoryStore } from '../../../src/library/cache/memory-store.ts';
import type { CacheOptions } from '../../../src/library/cache/options.ts';
import type { CacheStore } from '../../../src/library/cache/store.ts';
import { ChaosStore } from '../../support/chaos-store.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { KEYS, type Key, Model, type Value } from './model.ts';

type Cached = Value | undefined;
type CacheClass = new (options: CacheOptions<Cached>) => Cache<Cached>;

const key = fc.constantFrom<Key>(...KEYS);
const pattern = fc.constantFrom('*', 'a:*', '?:1', 'a:1', 'none');
const choice = fc.nat(5);
/** Short times, times longer than any TTL, and the exact ends of TTLs and timeouts. */
const ms = fc.oneof(
  fc.integer({ min: 1, max: 500 }),
  fc.constantFrom(999, 1000, 1999, 2000, 3000, 5000, 40_000),
);

const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('read' as const), key }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('finish' as const), choice, absent: oneIn(10) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('advance' as const), ms }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('change' as const), pattern }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('fail' as const), choice }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stall' as const), ms }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('changeSilently' as const), pattern }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('get', 'set', 'delete'), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const), pattern: fc.option(pattern) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep' as const) }) },
);
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

/** `settles`: promise callbacks run after the action. Otherwise the next action is in the same turn. */
const steps = fc.array(fc.record({ action, settles: fc.boolean() }), { minLength: 5, maxLength: 60 });
type Step = typeof steps extends fc.Arbitrary<(infer T)[]> ? T : never;

const times = fc.record({
  ttlS: fc.constantFrom(2, 3),
  staleIfErrorS: fc.constantFrom(0, 5),
  refreshAheadS: fc.constantFrom(0, 4, 15),
  sweepIntervalS: fc.constantFrom(0, 7),
});
type Times = typeof times extends fc.Arbitrary<infer T> ? T : never;

function oneIn(n: number): fc.Arbitrary<boolean> {
  return fc.nat(n - 1).map((value) => value === 0);
}

function perform(model: Model, clock: FakeClock, action: Action): Promise<void> | void {
  switch (action.do) {
    case 'read':
    case 'get':
    case 'set':
    case 'delete':
      return model[action.do](action.key);
    case 'finish':
      return model.finish(action.choice, action.absent);
    case 'fail':
      return model.fail(action.choice);
    case 'change':
    case 'changeSilently':
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

interface Scenario {
  CacheClass?: CacheClass;
  store: CacheStore<Cached>;
  lossy: boolean;
  /** Called after each step that ran promise callbacks. */
  check?: (cache: Cache<Cached>) => void;
}

async function run({ CacheClass = Cache, store, lossy, check }: Scenario, times: Times, steps: Step[]) {
  const clock = new FakeClock();
  const cache = new CacheClass({ clock, store, loadTimeoutS: 10, retryS: 1, ...times });
  const model = new Model(cache, clock, { ...times, lossy });
  for (const { action, settles } of steps) {
    const done = perform(model, clock, action);
    // Awaiting undefined would run promise callbacks between two steps of one turn.
    if (done) await done;
    if (!settles) continue;
    await model.settle();
    check?.(cache);
  }
  await model.end();
}

// The properties take a few seconds on an idle machine and must not time out on a busy one.
vi.setConfig({ testTimeout: 60_000 });

const largeStore = () => new MemoryStore<Cached>({ maxEntries: 100, maxBytes: 1_000_000 });

test('all reads are correct for any order of reads, loads, changes and time', async () => {
  await fc.assert(
    fc.asyncProperty(times, steps, (times, steps) =>
      run({ store: largeStore(), lossy: false }, times, steps),
    ),
    { numRuns: 1500 },
  );
});

test('all reads are correct with a store that is too small, and it keeps its limits', async () => {
  const limits = fc.constantFrom({ maxEntries: 2, maxBytes: 1_000_000 }, { maxEntries: 100, maxBytes: 800 });
  await fc.assert(
    fc.asyncProperty(limits, times, steps, async (limits, times, steps) => {
      const store = new MemoryStore<Cached>(limits);
      const check = (cache: Cache<Cached>) => {
        const entries = [...store.entries()];
        expect(store.size).toBe(entries.length);
        expect(store.size).toBeLessThanOrEqual(limits.maxEntries);
        expect(store.bytes).toBe(entries.reduce((sum, { bytes }) => sum + bytes, 0));
        expect(store.bytes).toBeLessThanOrEqual(limits.maxBytes);
        expect(cache.stats().bytes).toBe(store.bytes);
      };
      await run({ store, lossy: true, check }, times, steps);
    }),
    { numRuns: 750 },
  );
});

test('all reads are correct with a store that sometimes throws', async () => {
  const failures = fc.array(oneIn(5), { minLength: 1, maxLength: 50 });
  await fc.assert(
    fc.asyncProperty(failures, times, steps, async (failures, times, steps) => {
      let operations = 0;
      const store = new ChaosStore<Cached>(() => failures[operations++ % failures.length]!);
      await run({ store, lossy: true }, times, steps);
    }),
    { numRuns: 750 },
  );
});

test('the property fails for a cache that stores the values of superseded loads', async () => {
  class BrokenCache extends Cache<Cached> {
    protected override isCurrent() {
      return true;
    }
  }
  const property = fc.asyncProperty(times, steps, (times, steps) =>
    run({ CacheClass: BrokenCache, store: largeStore(), lossy: true }, times, steps),
  );
  const { failed, errorInstance } = await fc.check(property, { numRuns: 500, endOnFailure: true });
  expect(failed).toBe(true);
  // Which of the model's checks fails first depends on the seed.
  expect(errorInstance).toHaveProperty('name', 'AssertionError');
});
