import { expect, test } from 'vitest';
import type { Manifest } from '../../../../src/service/browser/apps/manifest-schema.ts';
import { maskManifest, maskText, secretsOf } from '../../../../src/service/browser/apps/secrets.ts';

const MANIFEST: Manifest = {
  type: 'web-app',
  name: 'a',
  url: 'https://a.example/',
  cookies: { session: 'cookie-value' },
  localStorage: { theme: 'dark', refresh: 'local-value-longer' },
  session_storage: { id: 'session-value' },
  authorization_token: 'Bearer token-value',
};

test('values are masked in a manifest, names are not', () => {
  expect(maskManifest(MANIFEST)).toEqual({
    ...MANIFEST,
    cookies: { session: '***' },
    localStorage: { theme: '***', refresh: '***' },
    session_storage: { id: '***' },
    authorization_token: '***',
  });
  const script = 'use("token-value")';
  expect(maskManifest({ ...MANIFEST, startup_script: script }).startup_script).toBe('use("***")');
  const plain: Manifest = { type: 'window', name: 'a' };
  expect(maskManifest(plain)).toEqual(plain);
});

test('secrets are masked in texts, with and without the scheme of a token; short values are words', () => {
  const text = 'cookie-value local-value-longer session-value token-value Bearer token-value dark';
  expect(maskText(text, secretsOf(MANIFEST))).toBe('*** *** *** *** *** dark');
});
