import { describe, expect, test } from 'vitest';
import { toHttpCachePolicy } from '../../../src/library/http-cache/options.ts';
import { responseDirectives } from '../../../src/library/http-cache/targeted-field.ts';
import { openCache } from './support.ts';

const PAST = 'Thu, 01 Jan 1970 00:00:00 GMT';
const FUTURE = 'Thu, 01 Jan 2099 00:00:00 GMT';

/** What a shared cache does with a second request for a response with these fields, two seconds later. */
async function second(headers: Record<string, string>, options: Parameters<typeof openCache>[1] = {}) {
  await using setup = await openCache({ headers }, { mode: 'shared', ...options });
  await setup.get();
  setup.clock.advance(2000);
  const { cacheStatus } = await setup.get();
  return cacheStatus!.split('; ')[1];
}

describe('CDN-Cache-Control in a shared cache (RFC 9213)', () => {
  test.each([
    ['max-age=3600'],
    ['max-age=2147483648'],
    ['max-age=99999999999'],
    ['foobar, max-age=3600'],
    ['max-age=3600;p=1, x=(a b "c";q=?0), y=:aGk=:, z=@1'],
    ['max-age=1, max-age=3600'],
    ['s-maxage=3600'],
  ])('%s is a lifetime', async (field) => {
    expect(await second({ 'cdn-cache-control': field })).toBe('hit');
  });

  test.each([
    ['has precedence over a past Expires', { expires: PAST }],
    ['has precedence over an invalid Expires', { expires: '0' }],
    ['has precedence over a short max-age', { 'cache-control': 'max-age=1' }],
    ['has precedence over no-store', { 'cache-control': 'no-store' }],
    ['has precedence over private', { 'cache-control': 'private, no-cache' }],
  ])('a long max-age %s', async (_, headers) => {
    expect(await second({ ...headers, 'cdn-cache-control': 'max-age=3600' })).toBe('hit');
  });

  test.each([
    ['max-age=0'],
    ['max-age=1'],
    ['private'],
    ['no-cache'],
    ['no-store'],
    ['no-store=?1'],
    ['foo'],
  ])('%s has precedence over a long lifetime of Cache-Control and Expires', async (field) => {
    const headers = { 'cdn-cache-control': field, 'cache-control': 'max-age=10000', expires: FUTURE };
    expect(await second(headers)).not.toBe('hit');
  });

  test('the Age applies to it', async () => {
    expect(await second({ 'cdn-cache-control': 'max-age=3600', age: '7200' })).not.toBe('hit');
  });

  test.each([
    ['max-age=10000, &&&&&'],
    ['max-age =100'],
    ['max-age= 100'],
    ['MaX-aGe=3600'],
    ['max-age=3600,'],
    ['max-age=3600; no-store x'],
    ['max-age="3600'],
    ['max-age=3600.'],
    ['max-age=1234567890123456'],
    ['\u00a0max-age=3600'],
    [''],
  ])('%j is not a dictionary, so it is ignored', async (field) => {
    expect(await second({ 'cdn-cache-control': field, 'cache-control': 'max-age=1' })).not.toBe('hit');
    expect(await second({ 'cdn-cache-control': field, 'cache-control': 'max-age=60' })).toBe('hit');
  });

  test.each([
    ['max-age="10000"'],
    ['max-age=abc'],
    ['max-age=1.5'],
    ['max-age=-1'],
    ['max-age'],
    ['max-age=(1)'],
  ])('%s is a lifetime of another type, so there is none', async (field) => {
    for (const cacheControl of ['no-store', 'max-age=60']) {
      expect(await second({ 'cdn-cache-control': field, 'cache-control': cacheControl })).not.toBe('hit');
    }
  });

  test('the field is passed on', async () => {
    await using setup = await openCache({ headers: { 'cdn-cache-control': 'foo' } }, { mode: 'shared' });
    expect((await setup.get()).headers.get('cdn-cache-control')).toBe('foo');
  });

  test('a private cache ignores it', async () => {
    const headers = { 'cdn-cache-control': 'max-age=3600', 'cache-control': 'max-age=1' };
    expect(await second(headers, { mode: 'private' })).not.toBe('hit');
  });

  test('targetedFields names other fields, the first of which counts', async () => {
    const options = { targetedFields: ['My-Cache-Control', 'cdn-cache-control'] };
    const headers = { 'my-cache-control': 'max-age=60', 'cdn-cache-control': 'no-store' };
    expect(await second(headers, options)).toBe('hit');
    expect(await second({ ...headers, 'my-cache-control': '?' }, options)).not.toBe('hit');
    expect(await second({ 'cdn-cache-control': 'max-age=60' }, { targetedFields: [] })).not.toBe('hit');
  });
});

test('field names and flags are read by their types', () => {
  const policy = toHttpCachePolicy({ mode: 'shared' });
  const directives = (field: string) => responseDirectives({ 'cdn-cache-control': field }, policy);
  expect(directives(String.raw`no-cache="a, b\"c"`).isUnqualified('no-cache')).toBe(true);
  expect(directives('no-cache="a, b"').isUnqualified('no-cache')).toBe(false);
  expect(directives('no-cache="a, b"').fieldNames('no-cache')).toEqual(['a', 'b']);
  expect(directives('no-cache=a').isUnqualified('no-cache')).toBe(true);
  expect(directives('public').isBare('public')).toBe(true);
  expect(directives('public=?1').isBare('public')).toBe(true);
  expect(directives('public=?0').isBare('public')).toBe(false);
  expect(directives('public=1').isBare('public')).toBe(false);
});
