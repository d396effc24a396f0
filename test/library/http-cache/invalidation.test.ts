import { expect, test } from 'vitest';
import { openCache } from './support.ts';

const FOR_A_MINUTE = { 'cache-control': 'max-age=60' };

test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'M-SEARCH'])('%s makes its URL out of date', async (method) => {
  await using setup = await openCache({ headers: FOR_A_MINUTE });
  await setup.get('/a?b');
  await setup.get('/other');
  expect((await setup.get('/a?b', {}, method)).how).toBe('roundhouse; fwd=method; fwd-status=200');
  expect((await setup.get('/a?b')).how).toContain('uri-miss');
  expect((await setup.get('/other')).how).toContain('hit');
  expect(setup.cache.stats().invalidations).toBe(1);
});

test('an error, or a safe method, makes nothing out of date', async () => {
  await using setup = await openCache((request) => ({
    status: request.method === 'POST' ? 500 : 200,
    headers: FOR_A_MINUTE,
  }));
  await setup.get();
  await setup.get('/', {}, 'POST');
  await setup.get('/', {}, 'OPTIONS');
  expect((await setup.get()).how).toContain('hit');
});

test('so are the URLs of the same origin that the response names', async () => {
  await using setup = await openCache((request) => ({
    status: request.method === 'POST' ? 201 : 200,
    headers:
      request.method === 'POST' ? { location: '/made?1#part', 'content-location': '/content' } : FOR_A_MINUTE,
  }));
  for (const path of ['/made?1', '/content', '/made?2']) await setup.get(path);
  await setup.get('/', {}, 'POST');
  expect((await setup.get('/made?1')).how).toContain('uri-miss');
  expect((await setup.get('/content')).how).toContain('uri-miss');
  expect((await setup.get('/made?2')).how).toContain('hit');
});

test('another origin cannot be made out of date', async () => {
  const urls: string[] = [];
  await using victim = await openCache({ headers: FOR_A_MINUTE });
  await using attacker = await openCache(() => ({ headers: { location: urls[0]! } }));
  urls.push(`${victim.url}/`);
  await victim.get();
  await victim.cache.fetch(attacker.url, { method: 'POST' });
  expect((await victim.get()).how).toContain('hit');
});

test('clear makes everything out of date, also what is on its way', async () => {
  await using setup = await openCache({ headers: FOR_A_MINUTE });
  await setup.get('/a');
  await setup.get('/b');
  await setup.cache.clear();
  expect((await setup.get('/a')).how).toContain('uri-miss');
  expect((await setup.get('/a')).how).toContain('hit');
  expect((await setup.get('/b')).how).toContain('uri-miss');
});

test('two caches over one store see what the other invalidates, and clears within 5 s', async () => {
  const { MemoryByteStore } = await import('../../../src/library/cache/index.ts');
  const store = new MemoryByteStore();
  await using setup = await openCache({ headers: FOR_A_MINUTE }, { store });
  const { createHttpCache } = await import('../../../src/library/http-cache/index.ts');
  await using second = createHttpCache({ store, clock: setup.clock, wallClock: setup.wallClock });
  const how = async (path: string, method = 'GET') => {
    const response = await second.fetch(`${setup.url}${path}`, { method });
    await response.text();
    return response.headers.get('cache-status');
  };
  await setup.get('/a');
  expect(await how('/a')).toContain('hit');
  setup.clock.advance(1);
  await how('/a', 'DELETE');
  setup.clock.advance(1);
  expect((await setup.get('/a')).how).toContain('uri-miss');
  expect(await how('/a')).toContain('hit');
  setup.clock.advance(1);
  await setup.cache.clear();
  setup.clock.advance(5001);
  expect(await how('/a')).toContain('uri-miss');
});
