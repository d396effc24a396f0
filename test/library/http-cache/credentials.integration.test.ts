import { describe, expect, test } from 'vitest';
import { type ByteStore, MemoryByteStore } from '../../../src/library/cache/index.ts';
import { openCache } from './support.ts';

const SECRET = 'Bearer secret-of-alice';

describe('a private cache', () => {
  test.each(['authorization', 'cookie', 'x-api-key'])(
    'stores responses separately for each %s',
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

  test('invalidates the responses for all credentials at once', async () => {
    await using setup = await openCache({ headers: { 'cache-control': 'max-age=60' } });
    const cacheStatus = async (user: string, method = 'GET') =>
      (await setup.request('/', { method, headers: { authorization: user } })).cacheStatus;
    await cacheStatus('alice');
    await cacheStatus('bob');
    await cacheStatus('alice', 'DELETE');
    expect(await cacheStatus('bob')).toContain('uri-miss');
    expect(await cacheStatus('alice')).toContain('uri-miss');
    expect(await cacheStatus('bob')).toContain('hit');
  });

  test('stores private responses, and returns cookies only with the original credentials', async () => {
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

  test('exposes neither credentials nor URLs to its store', async () => {
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
  const cacheStatus = async (cacheControl: string, headers: Record<string, string>, more = {}) => {
    const reply = { headers: { 'cache-control': cacheControl, ...more } };
    await using setup = await openCache(reply, { mode: 'shared' });
    await setup.request('/', { headers });
    return (await setup.request('/')).cacheStatus;
  };

  test.each(['max-age=60', 'private, max-age=60'])(
    'does not store %s for a request with credentials',
    async (cacheControl) => {
      expect(await cacheStatus(cacheControl, { authorization: SECRET })).toContain('uri-miss');
      expect(await cacheStatus(cacheControl, { cookie: 'id=secret' })).toContain('uri-miss');
    },
  );

  test.each(['public, max-age=60', 's-maxage=60', 'must-revalidate, max-age=60'])(
    'stores %s for a request with credentials',
    async (cacheControl) => {
      expect(await cacheStatus(cacheControl, { authorization: SECRET })).toContain('hit');
      expect(await cacheStatus(cacheControl, { cookie: 'id=secret' })).toContain('hit');
    },
  );

  test('stores Set-Cookie only with a public response', async () => {
    const cookies = { 'set-cookie': 'id=secret' };
    expect(await cacheStatus('max-age=60', {}, cookies)).toContain('uri-miss');
    expect(await cacheStatus('public, max-age=60', {}, cookies)).toContain('hit');
    expect(await cacheStatus('private, max-age=60', {})).toContain('uri-miss');
  });
});
