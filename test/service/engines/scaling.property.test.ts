import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decideScaling,
  type ScalableEngine,
  type ScalingState,
} from '../../../src/service/engines/scaling.ts';

const GRACE_MS = 30_000;

interface Limits {
  minReplicas: number;
  maxReplicas: number;
  minFree: number;
  autoDelete: boolean;
}

/** A change of a fleet other than scaling. */
type Happening =
  | { type: 'stream started'; at: number }
  | { type: 'stream ended'; at: number }
  | { type: 'engine dies'; at: number }
  | { type: 'engine falls ill'; at: number }
  | { type: 'demand'; n: number }
  | { type: 'time'; ms: number };

const happenings: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({ type: fc.constant('stream started' as const), at: fc.nat() }),
  fc.record({ type: fc.constant('stream ended' as const), at: fc.nat() }),
  fc.record({ type: fc.constant('engine dies' as const), at: fc.nat() }),
  fc.record({ type: fc.constant('engine falls ill' as const), at: fc.nat() }),
  fc.record({ type: fc.constant('demand' as const), n: fc.nat(12) }),
  fc.record({ type: fc.constant('time' as const), ms: fc.nat(40_000) }),
);

const limits: fc.Arbitrary<Limits> = fc.record({
  minReplicas: fc.nat(4),
  maxReplicas: fc.integer({ min: 4, max: 8 }),
  minFree: fc.nat(3),
  autoDelete: fc.boolean(),
});

/** A fleet to which every decision is applied at once. */
class Fleet {
  readonly limits: Limits;
  engines: ScalableEngine[] = [];
  now = 0;
  demand: number | null = null;
  #made = 0;

  constructor(limits: Limits) {
    this.limits = limits;
  }

  get state(): ScalingState {
    return {
      ...this.limits,
      now: this.now,
      engines: this.engines,
      pending: 0,
      graceMs: GRACE_MS,
      demand: this.demand,
    };
  }

  happen(happening: Happening): void {
    if (happening.type === 'time') this.now += happening.ms;
    else if (happening.type === 'demand') {
      const { minReplicas, maxReplicas } = this.limits;
      this.demand = Math.min(maxReplicas, Math.max(minReplicas, happening.n));
    } else if (this.engines.length > 0) this.#befall(happening.type, happening.at % this.engines.length);
  }

  /** Applies decisions, with checks at each step, until there is nothing to do. @returns what was done */
  settle(): { provisioned: number; removed: number } {
    let provisioned = 0;
    let removed = 0;
    for (let step = 0; ; step += 1) {
      expect(step).toBeLessThan(50);
      const { provision, remove } = decideScaling(this.state);
      expect(provision === 0 || remove.length === 0).toBe(true);
      if (provision > 0) {
        provisioned += 1;
        const id = `e${++this.#made}`;
        this.engines.push({ id, used: false, idleSince: this.now, healthy: true, forwarded: false });
      } else if (remove[0] !== undefined) {
        removed += 1;
        this.#remove(remove[0]);
      } else break;
    }
    this.demand = null;
    return { provisioned, removed };
  }

  #remove(id: string): void {
    const engine = this.engines.find((each) => each.id === id);
    expect(engine?.used).toBe(false);
    if (this.demand === null)
      expect(this.now - (engine?.idleSince ?? this.now)).toBeGreaterThanOrEqual(GRACE_MS);
    if (this.demand === null) expect(this.limits.autoDelete).toBe(true);
    this.engines = this.engines.filter((each) => each.id !== id);
    expect(this.engines.length).toBeGreaterThanOrEqual(this.limits.minReplicas);
  }

  #befall(type: Exclude<Happening['type'], 'time' | 'demand'>, index: number): void {
    const engine = this.engines[index]!;
    if (type === 'engine dies') this.engines.splice(index, 1);
    if (type === 'engine falls ill') engine.healthy = false;
    if (type === 'stream started') engine.used = true;
    if (type === 'stream ended' && engine.used) Object.assign(engine, { used: false, idleSince: this.now });
  }
}

test('over random histories the limits hold, no stream is interrupted and nothing thrashes', () => {
  fc.assert(
    fc.property(limits, fc.array(happenings, { maxLength: 40 }), (bounds, history) => {
      const fleet = new Fleet(bounds);
      fleet.settle();
      for (const happening of history) {
        fleet.happen(happening);
        const { provisioned, removed } = fleet.settle();
        // Starting one engine and removing another at the same time would be pointless.
        expect(provisioned === 0 || removed === 0).toBe(true);
        const total = fleet.engines.length;
        const free = fleet.engines.filter(({ used, healthy }) => !used && healthy).length;
        expect(total).toBeGreaterThanOrEqual(bounds.minReplicas);
        expect(total).toBeLessThanOrEqual(bounds.maxReplicas);
        expect(free >= bounds.minFree || total === bounds.maxReplicas).toBe(true);
      }
    }),
    { numRuns: 2000 },
  );
});

test('an engine being provisioned counts, so that two decisions do not start it twice', () => {
  const state = new Fleet({ minReplicas: 2, maxReplicas: 5, minFree: 1, autoDelete: false }).state;
  expect(decideScaling(state).provision).toBe(2);
  expect(decideScaling({ ...state, pending: 2 }).provision).toBe(0);
});

test('an explicit demand skips the grace period and keeps the free engines', () => {
  const fleet = new Fleet({ minReplicas: 1, maxReplicas: 8, minFree: 1, autoDelete: false });
  fleet.demand = 6;
  fleet.settle();
  expect(fleet.engines).toHaveLength(6);
  fleet.engines[0]!.used = true;
  fleet.demand = 1;
  fleet.settle();
  expect(fleet.engines.map(({ used }) => used).sort()).toEqual([false, true]);
});

test('the forwarded engine is removed last, although it has been idle longest', () => {
  const fleet = new Fleet({ minReplicas: 0, maxReplicas: 8, minFree: 0, autoDelete: false });
  fleet.demand = 3;
  fleet.settle();
  fleet.engines[0]!.forwarded = true;
  fleet.demand = 1;
  fleet.settle();
  expect(fleet.engines).toMatchObject([{ forwarded: true }]);
});
