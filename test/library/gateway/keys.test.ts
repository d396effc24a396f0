import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keptFields } from '../../../src/library/gateway/cache/kept-response.ts';
import { redactedValues, redactUrl, responseKeys, urlOfKey } from '../../../src/library/gateway/cache/key.ts';
import { InjectedHeaders } from '../../../src/library/gateway/lane/injected-headers.ts';

const CREDENTIALS = ['authorization', 'cookie'];
const keysOf = (url: string, headers: Record<string, string> = {}, rule = {}) =>
  responseKeys(url, headers, { redact: [], ...rule }, CREDENTIALS);

describe('keys', () => {
  test('begin with the URL and contain neither credentials nor redacted values', () => {
    const headers = { cookie: 'session=cookie-secret', authorization: 'Bearer token-secret' };
    const url = 'https://a.example/x?q=1&token=url-secret';
    const keys = keysOf(url, headers, { redact: ['token'] });
    expect(keys.common).toBe('https://a.example/x?q=1');
    expect(keys.personal).toMatch(/^https:\/\/a\.example\/x\?q=1 credentials:[\w-]{22}$/);
    expect(urlOfKey(keys.personal!)).toBe(keys.common);
    expect(JSON.stringify(keys)).not.toMatch(/secret/);
  });

  test('differ for other credentials, and for the same value in another field', () => {
    const personal = [
      { cookie: 'a' },
      { cookie: 'b' },
      { authorization: 'a' },
      { authorization: 'a', cookie: 'a' },
    ].map((headers) => keysOf('https://a.example/', headers as never).personal);
    expect(new Set(personal).size).toBe(4);
    expect(keysOf('https://a.example/').personal).toBeUndefined();
  });

  test('differ for another version', () => {
    const version = (url: string) => /\/(v\d+)\//.exec(url)?.[1] ?? '';
    const keys = ['https://a.example/v1/x', 'https://a.example/v2/x'].map(
      (url) => keysOf(url, {}, { version }).common,
    );
    expect(keys[0]).not.toBe(keys[1]);
    expect(keysOf('https://a.example/x', {}, { version: '1' }).common).not.toBe(
      keysOf('https://a.example/x', {}, { version: '2' }).common,
    );
  });
});

describe('redactUrl', () => {
  test.each([
    ['https://a.example/x?token=1', 'https://a.example/x'],
    ['https://a.example/x?a=%2F&token=1&b', 'https://a.example/x?a=%2F&b'],
    ['https://a.example/x?%74oken=1&a', 'https://a.example/x?a'],
    ['https://a.example/x?tokens=1', 'https://a.example/x?tokens=1'],
    ['https://a.example/token=1', 'https://a.example/token=1'],
  ])('%s becomes %s', (url, expected) => {
    expect(redactUrl(url, ['token'])).toBe(expected);
  });

  test('never leaves a redacted value', () => {
    const name = fc.constantFrom('token', 'a', 'b', 'tok%65n');
    fc.assert(
      fc.property(fc.array(fc.tuple(name, fc.constantFrom('secret', '1', ''))), (parameters) => {
        const url = `https://a.example/?${parameters.map(([n, v]) => `${n}=${n.startsWith('tok') ? 'secret' : v.replace('secret', 'x')}`).join('&')}`;
        expect(redactUrl(url, ['token'])).not.toContain('secret');
      }),
    );
  });

  test('fields of a response that contain a redacted value are not kept', () => {
    const secrets = redactedValues('https://a.example/?token=s%2Fcret-1', ['token']);
    const kept = keptFields(
      { location: '/next?token=s%2Fcret-1', link: '<x?t=s/cret-1>', etag: '"1"' },
      [],
      secrets,
    );
    expect(kept).toEqual({ etag: '"1"' });
  });
});

describe('added request header fields', () => {
  const added = new InjectedHeaders([
    { origin: 'https://api.example', name: 'Authorization', value: 'Bearer secret' },
    { origin: 'https://api.example', name: 'X-Key', value: 'k' },
  ]);

  test('are sent to their origin only', () => {
    expect(added.apply('https://api.example/x', { accept: '*/*' })).toEqual({
      accept: '*/*',
      authorization: 'Bearer secret',
      'x-key': 'k',
    });
    for (const url of [
      'http://api.example/x',
      'https://api.example:8443/x',
      'https://api.example.evil.example/',
      'https://evil.example/https://api.example/',
      'https://sub.api.example/',
    ]) {
      expect(added.apply(url, {}), url).toEqual({});
    }
  });

  test('count as credentials', () => {
    expect(added.credentialNames).toEqual(['authorization', 'cookie', 'x-key']);
  });

  test.each([
    { origin: 'api.example', name: 'a', value: 'b' },
    { origin: 'https://api.example/path', name: 'a', value: 'b' },
    { origin: 'https://api.example', name: 'a b', value: 'b' },
  ])('%j is rejected', (header) => {
    expect(() => new InjectedHeaders([header])).toThrow(RangeError);
  });

  test('a rejected value is not part of the message', () => {
    const create = () =>
      new InjectedHeaders([{ origin: 'https://api.example', name: 'a', value: 'secret\r\nx' }]);
    expect(create).toThrow(RangeError);
    expect(create).not.toThrow(/secret/);
  });
});
