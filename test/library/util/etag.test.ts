import { describe, expect, test } from 'vitest';
import { matchesIfNoneMatch, weakEtag } from '../../../src/library/util/etag.ts';

describe('matchesIfNoneMatch', () => {
  test.each([
    ['"v1"', '"v1"'],
    ['W/"v1"', '"v1"'],
    ['"v1"', 'W/"v1"'],
    ['"a", "v1"', '"v1"'],
    ['"a","v1" , W/"b"', '"v1"'],
    [', "a",, "v1",', '"v1"'],
    ['*', '"v1"'],
    [' * ', '"v1"'],
    ['"a,b"', '"a,b"'],
    ['"x", W/"a,*,b"', '"a,*,b"'],
    ['""', '""'],
  ])('%s matches %s', (field, etag) => {
    expect(matchesIfNoneMatch(field, etag)).toBe(true);
  });

  test.each([
    ['"v2"', '"v1"'],
    ['"a,*,b"', '"v1"'],
    ['"a", *', '"v1"'],
    ['"a,b"', '"a"'],
    ['v1', '"v1"'],
    ['"v1', '"v1"'],
    ['"v1" "v1"', '"v1"'],
    ['"v1"; x', '"v1"'],
    ['w/"v1"', '"v1"'],
    ['W/ "v1"', '"v1"'],
    ['', '"v1"'],
    [',', '"v1"'],
    ['"V1"', '"v1"'],
  ])('%s does not match %s', (field, etag) => {
    expect(matchesIfNoneMatch(field, etag)).toBe(false);
  });

  test('only * matches a representation without an entity tag', () => {
    expect(matchesIfNoneMatch('*', undefined)).toBe(true);
    expect(matchesIfNoneMatch('"v1"', undefined)).toBe(false);
  });

  test('takes linear time for a long list', () => {
    const field = Array.from({ length: 20_000 }, (_, index) => `"${index}"`).join(', ');
    expect(matchesIfNoneMatch(field, '"19999"')).toBe(true);
    expect(matchesIfNoneMatch(`${' ,'.repeat(40_000)}x`, '"v1"')).toBe(false);
  });
});

test('weakEtag is equal only for equal texts', () => {
  expect(weakEtag('a')).toBe(weakEtag('a'));
  expect(weakEtag('a')).not.toBe(weakEtag('b'));
  expect(weakEtag('a')).toMatch(/^W\/"[\w-]{22}"$/);
});
