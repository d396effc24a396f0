import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatBytes, parseVersion, type VersionSource } from '../../../src/library/asset-cache/index.ts';

describe('the version of a URL', () => {
  test.each<[string, VersionSource, string, string | undefined, string]>([
    [
      'its folder',
      'folder',
      'https://a.example/app/v1/main.dart.js',
      'v1',
      'https://a.example/app/*/main.dart.js',
    ],
    [
      'its folder, with a query',
      'folder',
      'https://a.example/v1/a.js?x=1',
      'v1',
      'https://a.example/*/a.js?x=1',
    ],
    ['no folder', 'folder', 'https://a.example/main.js', '', 'https://a.example/main.js'],
    ['an empty path', 'folder', 'https://a.example', '', 'https://a.example/'],
    ['a group', /app-([\d.]+)\.js/, 'https://a.example/x/app-1.2.js', '1.2', 'https://a.example/x/app-*.js'],
    ['a match', /\d{8}/g, 'https://a.example/20251020/a.js', '20251020', 'https://a.example/*/a.js'],
    ['no match', /\d{8}/, 'https://a.example/a.js', '', 'https://a.example/a.js'],
    ['a parameter', { query: 'v' }, 'https://a.example/a.js?v=3&x=1', '3', 'https://a.example/a.js?x=1'],
    ['no parameter', { query: 'v' }, 'https://a.example/a.js?x=1', '', 'https://a.example/a.js?x=1'],
    ['a header', { header: 'x-version' }, 'https://a.example/a.js', undefined, 'https://a.example/a.js'],
    [
      'a function',
      (url) => url.hostname.split('.')[0],
      'https://v7.a.example/a.js',
      'v7',
      'https://*.a.example/a.js',
    ],
  ])('is found in %s', (_, source, url, version, asset) => {
    expect(parseVersion(url, source)).toEqual({ version, asset });
    expect(parseVersion(`${url}#part`, source)).toEqual({ version, asset });
  });

  test('is refused for what is not a URL', () => {
    expect(() => parseVersion('main.js', 'folder')).toThrow(TypeError);
  });

  test('differs exactly between versions: the name of the asset stays, for all hosts, paths and queries', () => {
    const word = fc.stringMatching(/^[a-z0-9_-]{1,12}$/);
    fc.assert(
      fc.property(word, word, word, word, word, (host, folder, file, first, second) => {
        const url = (version: string) =>
          `https://${host.replaceAll(/[_-]/g, 'x')}.example/${folder}/${version}/${file}?q=${folder}`;
        const [one, two] = [parseVersion(url(first), 'folder'), parseVersion(url(second), 'folder')];
        expect([one.version, two.version]).toEqual([first, second]);
        expect(one.asset).toBe(two.asset);
        expect(parseVersion(`${url(first)}1`, 'folder').asset).not.toBe(one.asset);
      }),
    );
  });
});

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [13_076, '12.77 KB'],
  [4_540_334, '4.33 MB'],
  [5 * 1024 ** 4, '5.00 TB'],
])('formatBytes(%i) is %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
