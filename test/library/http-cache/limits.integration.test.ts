import { describe, expect, test } from 'vitest';
import { createHttpCache } from '../../../src/library/http-cache/index.ts';
import { openCache } from './support.ts';

const FOR_A_MINUTE = { 'cache-control': 'max-age=60' };

describe('methods', () => {
  test('HEAD is passed on unless it is one of them', async () => {
    await using setup = await openCache({ headers: FOR_A_MINUTE }, { methods: ['GET'] });
    await setup.get();
    expect((await setup.get('/', {}, 'HEAD')).cacheStatus).toContain('fwd=method');
    expect((await setup.get()).cacheStatus).toContain('hit');
    // Other methods invalidate as usual.
    await setup.get('/', {}, 'POST');
    expect((await setup.get()).cacheStatus).toContain('uri-miss');
  });

  test('any others are rejected', () => {
    expect(() => createHttpCache({ methods: ['OPTIONS' as never] })).toThrow(RangeError);
  });
});

describe('origins', () => {
  const statuses = async (origins: (url: string) => (string | RegExp)[]) => {
    const state: { origins: (string | RegExp)[] } = { origins: [] };
    await using probe = await openCache({ headers: FOR_A_MINUTE });
    state.origins = origins(probe.url);
    await using cache = createHttpCache({ origins: state.origins });
    const read = async () => (await cache.fetch(probe.url)).headers.get('cache-status');
    await (await cache.fetch(probe.url)).text();
    return [await read(), await read()].map((status) => status?.split('; ')[1] ?? null);
  };

  test.each([
    ['the origin', (url: string) => [url]],
    ['the origin of a URL', (url: string) => [`${url}/path`]],
    ['in another case', (url: string) => [url.replace('http', 'HTTP')]],
    ['a pattern', () => [/^http:\/\/127\.0\.0\.1:/]],
    ['a global pattern', () => [/127/g]],
    ['one of several', (url: string) => ['https://a.example', /nothing/, url]],
  ])('a response is cached by %s', async (_, origins) => {
    expect(await statuses(origins)).toEqual(['hit', 'hit']);
  });

  test.each([
    ['none', () => []],
    ['another port', () => ['http://127.0.0.1:1']],
    ['another scheme', (url: string) => [url.replace('http', 'https')]],
    ['another pattern', () => [/example/]],
  ])('a request is passed on unchanged by %s', async (_, origins) => {
    expect(await statuses(origins)).toEqual([null, null]);
  });

  test.each(['http://a.example', [1], [''], ['a b'], [null]])('%j is rejected', (origins) => {
    expect(() => createHttpCache({ origins: origins as never })).toThrow(TypeError);
  });
});

test('clear invalidates the responses of one service only', async () => {
  await using setup = await openCache({ headers: FOR_A_MINUTE }, { services: { a: {}, b: {} } });
  const clients = [setup.cache, setup.cache.service('a'), setup.cache.service('b')];
  const statuses = async () => {
    const replies = [];
    for (const client of clients) {
      const response = await client.fetch(setup.url);
      await response.text();
      replies.push(response.headers.get('cache-status')?.split('; ')[1]);
    }
    return replies;
  };
  await statuses();
  expect(await statuses()).toEqual(['hit', 'hit', 'hit']);
  await setup.cache.clear({ service: 'a' });
  expect(await statuses()).toEqual(['hit', 'fwd=uri-miss', 'hit']);
  await expect(setup.cache.clear({ service: 'c' as never })).rejects.toThrow(RangeError);
  await setup.cache.clear();
  expect(await statuses()).toEqual(['fwd=uri-miss', 'fwd=uri-miss', 'fwd=uri-miss']);
});
