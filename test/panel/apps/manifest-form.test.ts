import { describe, expect, test } from 'vitest';
import {
  EMPTY_FORM,
  faultsOf,
  parseManifestFile,
  toManifest,
} from '../../../src/panel/lib/apps/manifest-form.ts';

describe('the form for an app', () => {
  test('becomes a manifest without the fields of other types', () => {
    const filled = {
      ...EMPTY_FORM,
      name: ' Calculator ',
      version: '1.2',
      url: 'https://a.example/',
      source: 'print(1)',
      requirements: 'numpy\n\n micropip \n',
      cacheRoutes: '*.js',
    };
    expect(toManifest(filled)).toEqual({
      type: 'web-python',
      name: 'Calculator',
      version: '1.2',
      source: 'print(1)',
      requirements: ['numpy', 'micropip'],
      cache_routes: ['*.js'],
    });
    expect(toManifest({ ...filled, type: 'web-app', version: '', cacheRoutes: '' })).toEqual({
      type: 'web-app',
      name: 'Calculator',
      url: 'https://a.example/',
    });
  });
});

describe('a manifest file', () => {
  test('is a manifest, or a whole request', () => {
    const manifest = { type: 'web-app', name: 'a', url: 'https://a.example/' };
    expect(parseManifestFile(JSON.stringify(manifest))).toEqual({ request: { manifest } });
    const request = { workspace: 'w', manifest, source: 'x' };
    expect(parseManifestFile(JSON.stringify(request))).toEqual({ request });
  });

  test.each(['', '{', '[]', 'null', '"text"', '1'])('%j is refused with a reason', (text) => {
    expect(parseManifestFile(text)).toEqual({
      error: expect.stringMatching(/^(not JSON: |a manifest is an object)/),
    });
  });

  test('each fault of a refused manifest is listed', () => {
    expect(faultsOf('manifest.name is too short; url must be an http or https URL')).toEqual([
      'manifest.name is too short',
      'url must be an http or https URL',
    ]);
    expect(faultsOf('one fault')).toEqual(['one fault']);
  });
});
