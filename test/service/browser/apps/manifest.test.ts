import { describe, expect, test } from 'vitest';
import { parseInstallRequest } from '../../../../src/service/browser/apps/manifest.ts';
import { RoundhouseError } from '../../../../src/service/errors.ts';

const WINDOW = { type: 'window', name: 'a' };
const PAGE = { type: 'web-app', name: 'a', url: 'https://a.example/' };

/** The faults of a request body. */
function faultsOf(body: unknown): string[] {
  try {
    parseInstallRequest(body);
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(RoundhouseError);
    expect((error as RoundhouseError).code).toBe('invalid_manifest');
    return (error as Error).message.split('; ');
  }
}

describe('a manifest', () => {
  test('of every type is accepted', () => {
    for (const type of ['window', 'iframe', 'web-worker', 'web-python'])
      expect(faultsOf({ workspace: 'w', manifest: { type, name: 'a' }, source: 'x' })).toEqual([]);
    expect(faultsOf({ workspace: 'w', manifest: PAGE })).toEqual([]);
    expect(
      faultsOf({ workspace: 'w', manifest: { ...PAGE, url: undefined, entry_point: PAGE.url } }),
    ).toEqual([]);
  });

  test("of the origin's documentation is accepted", () => {
    const manifest = {
      name: 'My External App',
      type: 'web-app',
      version: '1.0.0',
      url: 'https://example.com/app',
      detached: true,
      cache_routes: ['https://example.com/*', 'https://cdn.jsdelivr.net/*'],
      cookies: { session: 'value' },
      localStorage: { theme: 'dark' },
      authorization_token: 'Bearer token',
    };
    const { manifest: parsed } = parseInstallRequest({ workspace: 'default', manifest, files: [] });
    expect(parsed).toEqual(manifest);
  });

  test('may contain its code, and local_storage is another name of localStorage', () => {
    const files = [{ path: 'a.txt', content: 'a' }];
    const manifest = { ...WINDOW, source: '<p>', files, local_storage: { a: 'b' } };
    expect(parseInstallRequest({ workspace: 'w', manifest })).toEqual({
      workspace: 'w',
      manifest: { ...WINDOW, localStorage: { a: 'b' } },
      source: '<p>',
      files,
    });
  });

  test('is refused with all faults of its shape at once', () => {
    const faults = faultsOf({
      workspace: '',
      manifest: { type: 'desktop', name: 5, colour: 'red', viewport: { width: 0, height: 10 } },
    });
    for (const field of ['workspace', 'manifest.type', 'manifest.name', 'colour', 'manifest.viewport.width'])
      expect(faults.filter((fault) => fault.includes(field))).not.toEqual([]);
  });

  test('is refused with all other faults at once', () => {
    const faults = faultsOf({
      workspace: 'w',
      manifest: {
        ...WINDOW,
        url: 'https://a.example',
        requirements: ['numpy'],
        cookies: { 'a b': 'x', ok: 'a;b' },
        localStorage: {},
        local_storage: {},
        authorization_token: 'secret-token',
        authorization_origins: ['https://api.example/path'],
      },
      files: [
        { path: '../x', content: '' },
        { path: 'a', content: '', encoding: 'base64' },
        { path: 'a', content: '%', encoding: 'base64' },
      ],
    });
    expect(faults).toEqual([
      'use either localStorage or local_storage',
      'url is only for web-app: a window has source or files',
      'a window needs source, or a file "index.html"',
      'files: "../x" is not a relative path',
      'files: "a" is there twice',
      'files: the content of "a" is not base64',
      'requirements are only for web-python',
      'cookies: "a b" is not a name of a cookie',
      'cookies: the value of ok contains characters that a cookie cannot contain',
      'authorization_origins: "https://api.example/path" is not an origin, such as https://api.example',
    ]);
    expect(faults.join()).not.toContain('secret-token');
  });

  test.each([
    [{ ...PAGE, url: 'file:///etc/passwd' }, 'url must be an http or https URL'],
    [{ ...PAGE, url: 'https://user:x@a.example/' }, 'url must not contain credentials'],
    [{ ...PAGE, url: undefined }, 'a web-app needs a url'],
    [{ ...PAGE, entry_point: 'https://b.example/' }, 'use either url or entry_point'],
    [{ ...PAGE, source: '<p>' }, 'a web-app has no source and no files'],
    [
      { ...PAGE, authorization_origins: ['https://b.example'] },
      'authorization_origins need an authorization_token',
    ],
    [
      { ...WINDOW, source: '', authorization_token: 't' },
      'the authorization_token of a window needs authorization_origins: its own origin is not a server',
    ],
    [{ ...PAGE, warm: true }, 'warm needs cache_routes: nothing of a web-app is stored without them'],
    [
      { ...PAGE, warm: true, cache_routes: ['*'], enable_cache: false },
      'warm needs the cache: remove enable_cache',
    ],
    [{ ...WINDOW, source: '', entry_point: 'a//b' }, 'entry_point: "a//b" is not a relative path'],
  ])('%j is refused', (manifest, fault) => {
    expect(faultsOf({ workspace: 'w', manifest })).toEqual([fault]);
  });

  test.each(['..', '.', 'a\nb', '\ud800', 'x'.repeat(129)])('ids cannot be %j', (id) => {
    expect(faultsOf({ workspace: id, manifest: PAGE })).toHaveLength(1);
    expect(faultsOf({ workspace: 'w', app_id: id, manifest: PAGE })).toHaveLength(1);
  });

  test.each([null, [], 'x', 5, undefined, {}, { workspace: 'w', manifest: null }])(
    '%j is refused',
    (body) => {
      expect(faultsOf(body)).not.toEqual([]);
    },
  );
});
