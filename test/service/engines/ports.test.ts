import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PortPool, splitRange } from '../../../src/service/engines/ports.ts';

const RANGE = { first: 100, last: 104 };

function codeOf(act: () => unknown): string | undefined {
  try {
    act();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return undefined;
}

test('ports are reserved in turn, and a released one is tried last', () => {
  const pool = new PortPool(RANGE, () => []);
  expect([pool.reserve(), pool.reserve()]).toEqual([100, 101]);
  pool.release([100]);
  expect([pool.reserve(), pool.reserve(), pool.reserve(), pool.reserve()]).toEqual([102, 103, 104, 100]);
});

test('a port in use by a running engine is skipped while it runs', () => {
  const inUse = [100, 102];
  const pool = new PortPool(RANGE, () => inUse);
  expect(pool.reserve()).toBe(101);
  expect(codeOf(() => pool.reserve(102))).toBe('port_taken');
  inUse.pop();
  expect(pool.reserve(102)).toBe(102);
});

test('a requested port is reserved once', () => {
  const pool = new PortPool(RANGE, () => []);
  expect(pool.reserve(104)).toBe(104);
  expect(codeOf(() => pool.reserve(104))).toBe('port_taken');
  pool.release([104]);
  expect(pool.reserve(104)).toBe(104);
});

test.each([99, 105, 0, -1])('port %d is out of range', (port) => {
  const pool = new PortPool(RANGE, () => []);
  expect(codeOf(() => pool.reserve(port))).toBe('port_out_of_range');
  expect(codeOf(() => pool.assertInRange(port))).toBe('port_out_of_range');
});

test('the range includes both ends', () => {
  const pool = new PortPool(RANGE, () => []);
  expect([pool.reserve(100), pool.reserve(104)]).toEqual([100, 104]);
});

test('no port is reserved twice, and no reservation fails while a port is free', () => {
  const step = fc.oneof(
    fc.record({ what: fc.constantFrom('reserve', 'release', 'engineStarts', 'engineStops' as const) }),
    fc.record({ what: fc.constant('wish' as const), port: fc.integer({ min: 98, max: 106 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const reserved = new Set<number>();
      const engines = new Set<number>();
      const pool = new PortPool(RANGE, () => engines);
      const take = (wished?: number) => {
        const taken = new Set([...reserved, ...engines]);
        const code = codeOf(() => {
          const port = pool.reserve(wished);
          expect(port).toBeGreaterThanOrEqual(RANGE.first);
          expect(port).toBeLessThanOrEqual(RANGE.last);
          expect(taken).not.toContain(port);
          reserved.add(port);
        });
        if (wished === undefined) expect(code).toBe(taken.size === 5 ? 'no_free_port' : undefined);
        else if (wished < RANGE.first || wished > RANGE.last) expect(code).toBe('port_out_of_range');
        else expect(code).toBe(taken.has(wished) ? 'port_taken' : undefined);
      };
      for (const step of steps) {
        const [oldest] = reserved;
        const [engine] = engines;
        if (step.what === 'reserve') take();
        else if (step.what === 'wish') take(step.port);
        else if (step.what === 'engineStops') engines.delete(engine ?? 0);
        else if (oldest !== undefined) {
          // An engine uses its port before the reservation is released.
          if (step.what === 'engineStarts') engines.add(oldest);
          pool.release([oldest]);
          reserved.delete(oldest);
        }
      }
    }),
    { numRuns: 500 },
  );
});

test('a part of the range is searched on its own', () => {
  const pool = new PortPool(RANGE, () => [104]);
  const part = { first: 102, last: 104 };
  expect([pool.reserve(undefined, part), pool.reserve(), pool.reserve(undefined, part)]).toEqual([
    102, 100, 103,
  ]);
  pool.release([102]);
  expect(pool.reserve(undefined, part)).toBe(102);
  expect(codeOf(() => pool.reserve(undefined, part))).toBe('no_free_port');
  expect(pool.reserve()).toBe(101);
});

test('a range is split into parts that cover all of it', () => {
  expect(splitRange({ first: 19_000, last: 19_999 }, 2)).toEqual([
    { first: 19_000, last: 19_499 },
    { first: 19_500, last: 19_999 },
  ]);
  expect(splitRange(RANGE, 2)).toEqual([
    { first: 100, last: 101 },
    { first: 102, last: 104 },
  ]);
  expect([splitRange(RANGE, 1), splitRange(RANGE, 0)]).toEqual([[RANGE], []]);
});
