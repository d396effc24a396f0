import { describe, expect, test } from 'vitest';
import { type ByteStore, MemoryByteStore } from '../../../src/library/cache/index.ts';
import { openCache } from './support.ts';

const SECRET = 'Bearer secret-of-alice';

describe('a private cache', () => {
  test.each(['authorization', 'cookie', 'x-api-key'])(
    'keeps apart what is sent with each %s',
    async (name) => {
      await using setup = await openCache((request) => ({
        headers: { 'cache-control': 'max-age=60' },
        body: `for ${request.headers[name]}`,
      }));
      for (let i = 0; i < 2; i += 1) {
        expect((await setup.request('/', { headers: { [name]: 'alice' } })).body).toBe('for alice');
        expect((await setup.request('/', { headers: { [name]: 'bob' } })).body).toBe('for bob');
        expect((await setup.request('/')).body).toBe('for undefined');
      }
      expect(setup.origin.requests).toHaveLength(3);
    },
  );

  test('makes them all out of date at once', async () => {
    await using setup = await openCache({ headers: { 'cache-control': 'max-age=60' } });
    const ask = async (user: string, method = 'GET') =>
      (await setup.request('/', { method, headers: { authorization: user } })).how;
    await ask('alice');
    await ask('bob');
    await ask('alice', 'DELETE');
    expect(await ask('bob')).toContain('uri-miss');
    expect(await ask('alice')).toContain('uri-miss');
    expect(await ask('bob')).toContain('hit');
  });

  test('keeps what is private, and replays cookies to none but the credentials they were set for', async () => {
    await using setup = await openCache((request) => ({
      headers: {
        'cache-control': 'private, max-age=60',
        'set-cookie': `for=${request.headers.authorization}`,
      },
    }));
    const cookie = async (user: string) =>
      (await setup.request('/', { headers: { authorization: user } })).headers['set-cookie'];
    expect([await cookie('alice'), await cookie('bob'), await cookie('alice')]).toEqual([
      'for=alice',
      'for=bob',
      'for=alice',
    ]);
    expect(setup.cache.stats().hits).toBe(1);
  });

  test('shows no credential and no URL to its store', async () => {
    const seen: string[] = [];
    const inner = new MemoryByteStore();
    const store: ByteStore = {
      get: (key) => {
        seen.push(key);
        return inner.get(key);
      },
      set: (key, bytes, ttlMs) => {
        seen.push(key, Buffer.from(bytes).toString('latin1'));
        return inner.set(key, bytes, ttlMs);
      },
      delete: (key) => inner.delete(key),
    };
    const headers = { 'cache-control': 'max-age=60', vary: 'authorization, cookie' };
    await using setup = await openCache({ headers }, { store });
    await setup.request('/?token=abc', { headers: { authorization: SECRET, cookie: 'id=secret' } });
    await setup.request('/?token=abc', { headers: { authorization: SECRET, cookie: 'id=secret' } });
    expect(seen.length).toBeGreaterThan(3);
    expect(seen.join('\n')).not.toMatch(/secret|token=abc/);
  });
});

describe('a shared cache', () => {
  const ask = async (cacheControl: string, headers: Record<string, string>, more = {}) => {
    const answer = { headers: { 'cache-control': cacheControl, ...more } };
    await using setup = await openCache(answer, { mode: 'shared' });
    await setup.request('/', { headers });
    return (await setup.request('/')).how;
  };

  test.each(['max-age=60', 'private, max-age=60'])(
    'does not keep %s for a request with credentials',
    async (said) => {
      expect(await ask(said, { authorization: SECRET })).toContain('uri-miss');
      expect(await ask(said, { cookie: 'id=secret' })).toContain('uri-miss');
    },
  );

  test.each(['public, max-age=60', 's-maxage=60', 'must-revalidate, max-age=60'])(
    'keeps %s for all',
    async (said) => {
      expect(await ask(said, { authorization: SECRET })).toContain('hit');
      expect(await ask(said, { cookie: 'id=secret' })).toContain('hit');
    },
  );

  test('keeps no cookies but those of a public response', async () => {
    const cookies = { 'set-cookie': 'id=secret' };
    expect(await ask('max-age=60', {}, cookies)).toContain('uri-miss');
    expect(await ask('public, max-age=60', {}, cookies)).toContain('hit');
    expect(await ask('private, max-age=60', {})).toContain('uri-miss');
  });
});
