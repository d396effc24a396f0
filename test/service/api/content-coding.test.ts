import { describe, expect, test } from 'vitest';
import { toAnswer } from '../../../src/service/api/answers.ts';
import { encodedBody, preferredCoding } from '../../../src/service/api/content-coding.ts';

describe('preferredCoding', () => {
  test.each<[string | undefined, string | null]>([
    [undefined, null],
    ['', null],
    ['identity', null],
    ['deflate', null],
    ['gzip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['GZIP, Deflate', 'gzip'],
    ['gzip, deflate, br, zstd', 'zstd'],
    ['gzip, deflate, br', 'br'],
    ['gzip;q=1.0, br;q=0.5', 'gzip'],
    ['zstd;q=0, br ; q=0.1', 'br'],
    ['*', 'zstd'],
    ['*;q=0.1, zstd;q=0', 'br'],
    ['*;q=0', null],
    ['gzip;q=0.2, identity;q=0.5', null],
    ['gzip;q=x', null],
    [',,;;q', null],
  ])('%j is answered with %j', (header, coding) => {
    expect(preferredCoding(header)).toBe(coding);
    expect(preferredCoding(header)).toBe(coding);
  });

  test('many different headers do not fill the memory', () => {
    for (let n = 0; n < 1000; n += 1) expect(preferredCoding(`gzip, x${n}`)).toBe('gzip');
  });
});

test('a body is compressed once for each coding', () => {
  const answer = toAnswer({ text: 'ä'.repeat(1000) });
  const [first, second] = [encodedBody(answer, 'gzip'), encodedBody(answer, 'gzip')];
  expect(Object.is(first, second)).toBe(true);
  expect(first.length).toBeLessThan(200);
  expect(encodedBody(answer, 'br')).not.toBe(first);
});
