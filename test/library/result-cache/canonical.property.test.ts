import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonical, UnserialisableError } from '../../../src/library/result-cache/canonical.ts';

const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withNullPrototype: true,
});

describe('canonical', () => {
  test('gives equal texts for equal values, regardless of the order of properties', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), anything), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(canonical(reversed)).toBe(canonical(value));
        expect(canonical(structuredClone(value))).toBe(canonical(value));
      }),
    );
  });

  test('gives different texts for different values', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const equal = stable(a) === stable(b);
        expect(canonical(a) === canonical(b)).toBe(equal);
      }),
      { numRuns: 1000 },
    );
  });

  test('distinguishes values that JSON does not', () => {
    const values: unknown[] = [
      undefined,
      null,
      'null',
      'undefined',
      1,
      1n,
      '1',
      '1n',
      0,
      -0,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      true,
      'true',
      [],
      {},
      [undefined],
      [null],
      new Array(1),
      [[]],
      [1, 2],
      ['1,2'],
      { a: undefined },
      { a: null },
      { a: 1, b: 2 },
      { 'a":1,"b': 2 },
      new Map(),
      new Map([['a', 1]]),
      new Set(),
      new Set([1, 2]),
      new Set([[1, 2]]),
      new Date(0),
      new Date(Number.NaN),
      new Date(0).toISOString(),
      'Date(0)',
      new URL('http://a/'),
      'http://a/',
      /a/g,
      /a/i,
      new Uint8Array([1]),
      new Int8Array([1]),
      new Uint8Array([1]).buffer,
      Buffer.from([1]),
    ];
    expect(new Set(values.map(canonical)).size).toBe(values.length);
  });

  const cycle: Record<string, unknown> = {};
  cycle.self = [cycle];
  test.each([
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
    ['a cycle', cycle],
    ['an instance', new (class Account {})()],
    ['a promise', Promise.resolve()],
    ['a signal', new AbortController().signal],
    ['a property with a symbol as its key', { [Symbol('s')]: 1 }],
    ['a nested value without one', { a: [new Map([['b', new WeakMap()]])] }],
  ])('throws for %s', (_, value) => {
    expect(() => canonical(value)).toThrow(UnserialisableError);
  });

  test('accepts an object that occurs twice', () => {
    const shared = { a: 1 };
    expect(canonical([shared, shared])).toBe(canonical([{ a: 1 }, { a: 1 }]));
  });
});

/** JSON with sorted properties, and with -0 distinguished from 0. */
function stable(value: unknown): string {
  return JSON.stringify(value, (_, part) => {
    if (Object.is(part, -0)) return '-0';
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
