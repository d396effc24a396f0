import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonical, UnserialisableError } from '../../../src/library/result-cache/canonical.ts';
import { resultKeys } from '../../../src/library/result-cache/result-key.ts';

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
        const reversed = Object.assign(
          Object.create(Object.getPrototypeOf(value)),
          Object.fromEntries(Object.entries(value).reverse()),
        );
        expect(canonical(reversed)).toBe(canonical(value));
        expect(canonical(copyOf(value))).toBe(canonical(value));
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

  test('gives equal texts for two values if and only if they are deeply equal, prototypes included', () => {
    // Small values of few kinds, so that pairs are often equal or almost equal.
    const leaf = fc.oneof(
      fc.constantFrom<unknown>(
        0,
        -0,
        1,
        1n,
        '',
        '1',
        'a',
        '\ud800',
        '\ud801',
        null,
        undefined,
        true,
        Number.NaN,
      ),
      fc.constantFrom(0, 1).map((time) => new Date(time)),
      fc.constantFrom('a', 'b').map((path) => new URL(`http://x/${path}`)),
      fc
        .record({ lastIndex: fc.nat(1), flags: fc.constantFrom('', 'g') })
        .map(({ lastIndex, flags }) => Object.assign(new RegExp('a', flags), { lastIndex })),
      fc.uint8Array({ maxLength: 2 }),
      fc.uint8Array({ maxLength: 2 }).map((bytes) => Buffer.from(bytes)),
      fc.uint8Array({ maxLength: 2 }).map((bytes) => new DataView(Uint8Array.from(bytes).buffer)),
    );
    const { value } = fc.letrec<{ value: unknown }>((tie) => {
      const some = fc.array(tie('value'), { maxLength: 2 });
      const entries = fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 2 });
      return {
        value: fc.oneof(
          { maxDepth: 3, withCrossShrink: true },
          leaf,
          some,
          fc
            .tuple(some, fc.nat(1))
            .map(([list, extra]) => Object.assign([...list], { length: list.length + extra })),
          fc.dictionary(fc.constantFrom('a', 'b'), tie('value'), { maxKeys: 2 }),
          fc.dictionary(fc.constantFrom('a', 'b'), tie('value'), { maxKeys: 2, noNullPrototype: true }),
          some.map((list) => new Set(list)),
          entries.map((list) => new Map(list)),
        ),
      };
    });
    const keys = () => resultKeys({ prefix: 'p', name: 'n', schema: 's', maxLength: 200, keyOf: undefined });
    const remembered = keys();
    let equal = 0;
    fc.assert(
      fc.property(value, value, (a, b) => {
        const same = isDeepStrictEqual(a, b);
        if (same) equal += 1;
        expect(canonical(a) === canonical(b)).toBe(same);
        // The same for keys that are remembered and keys that are not.
        expect(remembered(undefined, [a]) === keys()(undefined, [b])).toBe(same);
        expect(remembered(undefined, [b]) === keys()(undefined, [a])).toBe(same);
        expect(canonical(copyOf(a))).toBe(canonical(a));
      }),
      { numRuns: 3000 },
    );
    expect(equal).toBeGreaterThan(50);
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
      Object.create(null),
      /a/g,
      Object.assign(/a/g, { lastIndex: 1 }),
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
    ['an instance of a subclass of Date', new (class Day extends Date {})(0)],
    ['an instance of a subclass of Map', new (class Index extends Map {})()],
    ['an instance of a subclass of Set', new (class Group extends Set {})()],
    ['an instance of a subclass of Array', new (class List extends Array {})()],
    ['an instance of a subclass of URL', new (class Link extends URL {})('http://a/')],
    ['an instance of a subclass of RegExp', new (class Pattern extends RegExp {})('a')],
    ['an instance of a subclass of Uint8Array', new (class Bytes extends Uint8Array {})(1)],
    ['an array with a property', Object.assign([1], { total: 1 })],
    ['a Date with a property', Object.assign(new Date(0), { zone: 'UTC' })],
    ['a Map with a property', Object.assign(new Map(), { total: 1 })],
    ['a regular expression with a property', Object.assign(/a/, { total: 1 })],
    ['a typed array with a property', Object.assign(new Uint8Array(3), { total: 1 })],
    ['a buffer with a property', Object.assign(Buffer.from('abc'), { total: 1 })],
    ['an object with a hidden property', Object.defineProperty({}, 'hidden', { value: 1 })],
    ['an error', new Error('no')],
    ['a boxed string', Object('text')],
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

/** A deep copy with the same prototypes, which `structuredClone` does not keep. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) {
    const clone = new Array(value.length);
    for (const index of value.keys()) if (index in value) clone[index] = copyOf(value[index]);
    return clone;
  }
  if (value instanceof Map) return new Map([...value].map((entry) => copyOf(entry) as [unknown, unknown]));
  if (value instanceof Set) return new Set([...value].map(copyOf));
  if (Buffer.isBuffer(value)) return Buffer.from(value);
  if (value instanceof URL) return new URL(value);
  if (value instanceof RegExp) return Object.assign(new RegExp(value), { lastIndex: value.lastIndex });
  if (typeof value !== 'object' || value === null) return value;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype) return structuredClone(value);
  const entries = Object.entries(value).map(([name, child]) => [name, copyOf(child)]);
  return Object.assign(Object.create(prototype), Object.fromEntries(entries));
}
