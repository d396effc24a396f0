import { expect, test } from 'vitest';
import { MemoryByteStore } from '../../../src/library/cache/index.ts';
import { createHttpCache } from '../../../src/library/http-cache/index.ts';
import { openCache } from './support.ts';

const FOR_A_MINUTE = { 'cache-control': 'max-age=60' };

test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'M-SEARCH'])('%s invalidates its URL', async (method) => {
  await using setup = await openCache({ headers: FOR_A_MINUTE });
  await setup.get('/a?b');
  await setup.get('/other');
  expect((await setup.get('/a?b', {}, method)).cacheStatus).toBe('roundhouse; fwd=method; fwd-status=200');
  expect((await setup.get('/a?b')).cacheStatus).toContain('uri-miss');
  expect((await setup.get('/other')).cacheStatus).toContain('hit');
  expect(setup.cache.stats().invalidations).toBe(1);
});

test('an error response or a safe method invalidates nothing', async () => {
  await using setup = await openCache((request) => ({
    status: request.method === 'POST' ? 500 : 200,
    headers: FOR_A_MINUTE,
  }));
  await setup.get();
  await setup.get('/', {}, 'POST');
  await setup.get('/', {}, 'OPTIONS');
  expect((await setup.get()).cacheStatus).toContain('hit');
});

test('Location and Content-Location of the same origin are invalidated too', async () => {
  await using setup = await openCache((request) => ({
    status: request.method === 'POST' ? 201 : 200,
    headers:
      request.method === 'POST' ? { location: '/made?1#part', 'content-location': '/content' } : FOR_A_MINUTE,
  }));
  for (const path of ['/made?1', '/content', '/made?2']) await setup.get(path);
  await setup.get('/', {}, 'POST');
  expect((await setup.get('/made?1')).cacheStatus).toContain('uri-miss');
  expect((await setup.get('/content')).cacheStatus).toContain('uri-miss');
  expect((await setup.get('/made?2')).cacheStatus).toContain('hit');
});

test('URLs of another origin are not invalidated', async () => {
  const urls: string[] = [];
  await using victim = await openCache({ headers: FOR_A_MINUTE });
  await using attacker = await openCache(() => ({ headers: { location: urls[0]! } }));
  urls.push(`${victim.url}/`);
  await victim.get();
  await victim.cache.fetch(attacker.url, { method: 'POST' });
  expect((await victim.get()).cacheStatus).toContain('hit');
});

test('clear invalidates all responses', async () => {
  await using setup = await openCache({ headers: FOR_A_MINUTE });
  await setup.get('/a');
  await setup.get('/b');
  await setup.cache.clear();
  expect((await setup.get('/a')).cacheStatus).toContain('uri-miss');
  expect((await setup.get('/a')).cacheStatus).toContain('hit');
  expect((await setup.get('/b')).cacheStatus).toContain('uri-miss');
});

test("caches with the same store observe each other's invalidations, and a clear within 5 s", async () => {
  const store = new MemoryByteStore();
  await using setup = await openCache({ headers: FOR_A_MINUTE }, { store });
  await using second = createHttpCache({ store, clock: setup.clock, wallClock: setup.wallClock });
  const cacheStatus = async (path: string, method = 'GET') => {
    const response = await second.fetch(`${setup.url}${path}`, { method });
    await response.text();
    return response.headers.get('cache-status');
  };
  await setup.get('/a');
  expect(await cacheStatus('/a')).toContain('hit');
  setup.clock.advance(1);
  await cacheStatus('/a', 'DELETE');
  setup.clock.advance(1);
  expect((await setup.get('/a')).cacheStatus).toContain('uri-miss');
  expect(await cacheStatus('/a')).toContain('hit');
  setup.clock.advance(1);
  await setup.cache.clear();
  setup.clock.advance(5001);
  expect(await cacheStatus('/a')).toContain('uri-miss');
});
