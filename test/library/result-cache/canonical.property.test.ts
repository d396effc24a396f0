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

describe('the canonical form', () => {
  test('of equal values is equal, and in whatever order their properties were made', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), anything), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).reverse());
        expect(canonical(reversed)).toBe(canonical(value));
        expect(canonical(structuredClone(value))).toBe(canonical(value));
      }),
    );
  });

  test('of different values is different', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const equal = stable(a) === stable(b);
        expect(canonical(a) === canonical(b)).toBe(equal);
      }),
      { numRuns: 1000 },
    );
  });

  test('tells apart what JSON does not', () => {
    const alike: unknown[] = [
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
    expect(new Set(alike.map(canonical)).size).toBe(alike.length);
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
    ['a property named by a symbol', { [Symbol('s')]: 1 }],
    ['one of them deep inside', { a: [new Map([['b', new WeakMap()]])] }],
  ])('there is none of %s', (_, value) => {
    expect(() => canonical(value)).toThrow(UnserialisableError);
  });

  test('what comes twice is no cycle', () => {
    const shared = { a: 1 };
    expect(canonical([shared, shared])).toBe(canonical([{ a: 1 }, { a: 1 }]));
  });
});

/** JSON with its properties in order; -0 is 0 there. */
function stable(value: unknown): string {
  return JSON.stringify(value, (_, part) => {
    if (Object.is(part, -0)) return '-0';
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
