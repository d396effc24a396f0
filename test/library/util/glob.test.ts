import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { matchGlob } from '../../../src/library/util/glob.ts';

describe('matchGlob', () => {
  test.each([
    ['stats:total', 'stats:total', true],
    ['stats:total', 'stats:tota', false],
    ['stats:total', 'stats:totals', false],
    ['stats', 'stats:total', false],
    ['stats:*', 'stats:total', true],
    ['stats:*', 'stats:', true],
    ['stats:*', 'my-stats:total', false],
    ['*:total', 'stats:total', true],
    ['*:total', 'stats:total:x', false],
    ['*stats*', 'my-stats:x', true],
    ['*', '', true],
    ['*', 'anything', true],
    ['**', 'anything', true],
    ['?', '', false],
    ['?', 'a', true],
    ['?', 'ab', false],
    ['a?c', 'abc', true],
    ['a?c', 'ac', false],
    ['*?', '', false],
    ['?*?', 'ab', true],
    ['?*?', 'a', false],
    ['a*b*c', 'aXbXbXc', true],
    ['a*b*c', 'aXcXb', false],
    ['*ab', 'aab', true],
    ['*aab', 'aaab', true],
    ['a*', 'ba', false],
    ['', '', true],
    ['', 'a', false],
    ['a', '', false],
    ['a.c', 'abc', false],
    ['[ab]', 'a', false],
    ['(a|b)', 'a', false],
    ['a+', 'aa', false],
    ['\\*', '\\anything', true],
    ['*', 'two\nlines', true],
    ['A', 'a', false],
  ])('%j against %j is %s', (pattern, text, matches) => {
    expect(matchGlob(pattern, text)).toBe(matches);
  });

  test('agrees with a regular expression for short patterns', () => {
    const shortStrings = (alphabet: string[]) =>
      fc.array(fc.constantFrom(...alphabet), { maxLength: 8 }).map((characters) => characters.join(''));
    fc.assert(
      fc.property(shortStrings(['a', 'b', '*', '?']), shortStrings(['a', 'b']), (pattern, text) => {
        const expression = new RegExp(`^${pattern.replace(/\*+/g, '.*').replaceAll('?', '.')}$`);
        expect(matchGlob(pattern, text)).toBe(expression.test(text));
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    ['many stars', '*a'.repeat(5000).concat('b'), 'a'.repeat(20_000)],
    ['stars and single wildcards', '*?'.repeat(5000).concat('b'), 'a'.repeat(20_000)],
    ['a long run after a star', `*${'a'.repeat(200)}b`, 'a'.repeat(10_000)],
    ['only stars', '*'.repeat(20_000).concat('b'), 'a'.repeat(20_000)],
  ])('takes polynomial time for a pattern that would backtrack: %s', (_name, pattern, text) => {
    expect(matchGlob(pattern, text)).toBe(false);
    expect(matchGlob(pattern, `${text}b`)).toBe(true);
  });
});
