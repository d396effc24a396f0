import fc from 'fast-check';
import { expect, test } from 'vitest';
import { settle } from '../../support/fake-clock.ts';
import type { RuntimeCall } from '../../support/service/fake-runtime.ts';
import { createRegistry } from './fixtures.ts';

const ENGINES = 3;
const CALLS: RuntimeCall[] = ['list', 'inspect'];

/** An action on the runtime: on one of a few engines, or on the calls. */
const step = fc.oneof(
  fc.record({
    what: fc.constantFrom('start', 'stop', 'startSilently', 'stopSilently' as const),
    engine: fc.nat(ENGINES - 1),
  }),
  fc.record({ what: fc.constantFrom('hold', 'release' as const), call: fc.constantFrom(...CALLS) }),
  fc.record({ what: fc.constantFrom('connect', 'disconnect', 'monitor', 'settle' as const) }),
);

test('in any order of events and responses, stopped engines are gone and the final state is right', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const { runtime, registry, clock } = createRegistry();
      const ids = Array.from({ length: ENGINES }, (_, index) => `engine-${index}`);
      /** Engines whose latest event is a stop: they must not be listed until they start again. */
      const toldStopped = new Set<string>();
      let starts = 0;
      registry.start();
      for (const step of steps) {
        if ('engine' in step) {
          const id = ids[step.engine]!;
          const runs = runtime.engines.has(id);
          if (step.what.startsWith('start') && !runs) {
            starts += 1;
            toldStopped.delete(id);
            const properties = { id, startedAt: starts };
            if (step.what === 'start') runtime.start(properties);
            else runtime.startSilently(properties);
          } else if (step.what === 'stop' && runs) {
            runtime.stop(id);
            toldStopped.add(id);
          } else if (step.what === 'stopSilently') {
            runtime.stopSilently(id);
          }
        } else if ('call' in step) {
          runtime[step.what](step.call);
        } else if (step.what === 'monitor') {
          clock.advance(10_000);
        } else if (step.what === 'settle') {
          await settle();
        } else {
          runtime[step.what]();
        }
        for (const id of toldStopped) expect(registry.get(id)).toBeUndefined();
      }
      for (const call of CALLS) runtime.release(call);
      runtime.connect();
      await settle();
      const seen = registry.list().map(({ id, startedAt }) => ({ id, startedAt }));
      const there = [...runtime.engines.values()].map(({ id, startedAt }) => ({ id, startedAt }));
      expect(new Set(seen)).toEqual(new Set(there));
      registry.stop();
      expect(clock.pending).toBe(0);
    }),
    { numRuns: 1000 },
  );
});
