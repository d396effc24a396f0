import fc from 'fast-check';
import { expect, test } from 'vitest';
import { cacheKey } from '../../../src/library/cache/key.ts';

test('a key without arguments consists of prefix and name', () => {
  expect(cacheKey('stats', 'total')).toBe('stats:total');
  expect(cacheKey('orchestrator', 'status')).toBe('orchestrator:status');
});

test('arguments add a hash that is the same in every process', () => {
  const key = cacheKey('stats', 'engine', 'abc', { window: 5 });
  expect(key).toMatch(/^stats:engine:[0-9a-f]{16}$/);
  expect(key).toBe('stats:engine:9e4f29ca6b4d18ac');
});

test('equal arguments give equal keys for any order of properties', () => {
  const one = cacheKey('p', 'n', { a: 1, b: { c: 2, d: [3, { e: 4, f: 5 }] } });
  const other = cacheKey('p', 'n', { b: { d: [3, { f: 5, e: 4 }], c: 2 }, a: 1 });
  expect(one).toBe(other);
});

test.each<[string, unknown[], unknown[]]>([
  ['boundaries between arguments', ['a', 'bc'], ['ab', 'c']],
  ['delimiters in arguments', ['a:b'], ['a', 'b']],
  ['quotes and commas in arguments', ['a","b'], ['a', 'b']],
  ['nesting', [['a', 'b']], ['a', 'b']],
  ['types', [1], ['1']],
  ['null and text', [null], ['null']],
  ['true and text', [true], ['true']],
  ['the order of a list', [[1, 2]], [[2, 1]]],
  ['an empty argument and no argument', [''], []],
  ['one empty argument and two', [''], ['', '']],
  ['names and values', [{ a: 'b' }], [{ b: 'a' }]],
  ['a property named __proto__', [JSON.parse('{"__proto__": 1}')], [{}]],
])('different arguments give different keys: %s', (_what, one, other) => {
  expect(cacheKey('p', 'n', ...one)).not.toBe(cacheKey('p', 'n', ...other));
});

test('delimiters in prefix or name do not cause collisions', () => {
  const part = fc
    .array(fc.constantFrom('a', ':', '%', '3', 'A'), { maxLength: 5 })
    .map((list) => list.join(''));
  fc.assert(
    fc.property(part, part, part, part, (prefix, name, otherPrefix, otherName) => {
      fc.pre(prefix !== otherPrefix || name !== otherName);
      expect(cacheKey(prefix, name)).not.toBe(cacheKey(otherPrefix, otherName));
    }),
    {
      numRuns: 2000,
      examples: [
        ['a:b', 'c', 'a', 'b:c'],
        ['a:b', 'c', 'a%3Ab', 'c'],
      ],
    },
  );
});
