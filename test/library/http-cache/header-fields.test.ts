import { describe, expect, test } from 'vitest';
import { parseCacheControl } from '../../../src/library/http-cache/cache-control.ts';
import { matchesIfRange } from '../../../src/library/http-cache/conditional.ts';
import { fieldList, toFields } from '../../../src/library/http-cache/headers.ts';
import { parseHttpDate } from '../../../src/library/http-cache/http-date.ts';
import { singleRange } from '../../../src/library/http-cache/range.ts';
import { matchesSelectingFields, selectingFields } from '../../../src/library/http-cache/vary.ts';

describe('Cache-Control', () => {
  const parse = (...lines: string[]) =>
    parseCacheControl(toFields(lines.map((line) => ['cache-control', line])));

  test.each<[string, number | undefined]>([
    ['max-age=60', 60],
    ['MAX-AGE=60', 60],
    ['max-age="60"', 60],
    ['max-age=0060', 60],
    ['public,,max-age=60,', 60],
    ['max-age=99999999999', 2 ** 31],
    ['max-age=60, max-age=30', 30],
    ['x="a, max-age=99", max-age=1', 1],
    [String.raw`x="a\", max-age=99", max-age=1`, 1],
    ['max-age', 0],
    ['max-age=', 0],
    ['max-age=-1', 0],
    ['max-age=1.5', 0],
    ["max-age='60'", 0],
    ['max-age= 60', 0],
    ['max-age =60', 0],
    ['max-age=60s', 0],
    ['x-max-age=60', undefined],
    ['', undefined],
  ])('%s is %s seconds', (text, seconds) => {
    expect(parse(text).seconds('max-age')).toBe(seconds);
  });

  test('several field lines are one list', () => {
    const directives = parse('max-age=60', 'no-cache="a, b"');
    expect([directives.seconds('max-age'), directives.fieldNames('no-cache')]).toEqual([60, ['a', 'b']]);
  });

  test('a directive with and without an argument counts as without', () => {
    expect(parse('no-cache="a", no-cache').fieldNames('no-cache')).toBeUndefined();
  });

  test('an unterminated quote hides no directive', () => {
    expect(parse('x="oops, no-store').flag('no-store')).toBe(true);
  });

  test('names of Object.prototype are not directives', () => {
    expect(parse('max-age=1').flag('constructor')).toBe(false);
  });
});

describe('HTTP dates', () => {
  const now = Date.UTC(2026, 0, 1);

  test.each([
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'sun, 06 NOV 1994 08:49:37 gmt',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
  ])('%s', (text) => {
    expect(parseHttpDate(text, now)).toBe(Date.UTC(1994, 10, 6, 8, 49, 37));
  });

  test('a two-digit year is at most 50 years ahead', () => {
    expect(new Date(parseHttpDate('Tuesday, 01-Jan-76 00:00:00 GMT', now)!).getUTCFullYear()).toBe(2076);
    expect(new Date(parseHttpDate('Tuesday, 01-Jan-77 00:00:00 GMT', now)!).getUTCFullYear()).toBe(1977);
  });

  test.each([
    '0',
    '',
    '2026-01-01',
    '1767225600',
    'Sun, 06 Nov 1994 08:49:37',
    'Sun, 06 Nov 1994 08:49:37 UTC',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 31 Feb 2026 00:00:00 GMT',
    'Sun, 06 Foo 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
  ])('"%s" is invalid', (text) => {
    expect(parseHttpDate(text, now)).toBeUndefined();
  });
});

describe('header fields', () => {
  test('are accepted as a flat list, pairs or an object, in any case', () => {
    const expected = { a: ['1', '2'], b: '3' };
    expect({ ...toFields(['A', '1', 'b', '3', 'a', '2']) }).toEqual(expected);
    expect({
      ...toFields([
        ['A', '1'],
        ['a', '2'],
        ['B', '3'],
      ]),
    }).toEqual(expected);
    expect({ ...toFields({ A: ['1', '2'], B: '3', c: undefined }) }).toEqual(expected);
    expect({ ...toFields(new Map([['B', '3']])) }).toEqual({ b: '3' });
    expect({ ...toFields(null) }).toEqual({});
  });

  test('may have the names of object properties', () => {
    const fields = toFields(['__proto__', 'a', 'constructor', 'b']);
    expect(Object.keys(fields)).toEqual(['__proto__', 'constructor']);
    expect(fieldList(toFields([]), 'constructor')).toEqual([]);
  });
});

describe('Vary', () => {
  const stored = selectingFields(
    { 'accept-language': ['de,  EN', 'fr'], x: 'A' },
    { vary: 'X, accept-language, Y' },
  )!;

  test.each<[Record<string, string>, boolean]>([
    [{ 'accept-language': 'de, en, fr', x: 'A' }, true],
    [{ 'accept-language': 'DE,en,fr', x: 'A', z: '1' }, true],
    [{ 'accept-language': 'en, de, fr', x: 'A' }, false],
    [{ 'accept-language': 'de, en, fr', x: 'a' }, false],
    [{ 'accept-language': 'de, en, fr' }, false],
    [{ 'accept-language': 'de, en, fr', x: 'A', y: '' }, false],
  ])('%j: %s', (request, matches) => {
    expect(matchesSelectingFields(request, stored)).toBe(matches);
  });

  test.each(['*', 'a, *', ['', '*']])('%s matches no request', (vary) => {
    expect(selectingFields({}, { vary })).toBeUndefined();
  });
});

test.each<[string, ReturnType<typeof singleRange>]>([
  ['bytes=0-0', { start: 0, end: 1 }],
  ['Bytes=2-', { start: 2, end: 10 }],
  ['bytes=-3', { start: 7, end: 10 }],
  ['bytes=-30', { start: 0, end: 10 }],
  ['bytes=9-100', { start: 9, end: 10 }],
  ['bytes=10-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=5-2', undefined],
  ['bytes=-', undefined],
  ['bytes=a-b', undefined],
  ['bytes=0-1,2-3', undefined],
  ['0-1', undefined],
])('range %s of ten bytes', (range, expected) => {
  expect(singleRange({ range }, 10)).toEqual(expected);
});

test('If-Range matches a strong entity tag or the exact Last-Modified', () => {
  const stored = { headers: { etag: '"a"', 'last-modified': 'Wed, 01 Jan 2020 00:00:00 GMT' } } as never;
  expect(matchesIfRange({ 'if-range': '"a"' }, stored)).toBe(true);
  expect(matchesIfRange({ 'if-range': 'W/"a"' }, stored)).toBe(false);
  expect(matchesIfRange({ 'if-range': 'Wed, 01 Jan 2020 00:00:00 GMT' }, stored)).toBe(true);
  expect(matchesIfRange({ 'if-range': 'Wed, 01 Jan 2020 00:00:01 GMT' }, stored)).toBe(false);
});
