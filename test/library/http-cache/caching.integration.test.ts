import { describe, expect, test } from 'vitest';
import { type OriginReply, openCache } from './support.ts';

const FOR_A_MINUTE = { 'cache-control': 'max-age=60' };

test('a miss is stored, and a hit has its age and remaining lifetime', async () => {
  await using setup = await openCache({ headers: FOR_A_MINUTE });
  const { get, clock, origin, cache } = setup;
  const miss = await get();
  expect(miss).toMatchObject({
    status: 200,
    body: 'body',
    cacheStatus: 'roundhouse; fwd=uri-miss; fwd-status=200; stored',
  });
  expect(miss.headers.get('age')).toBeNull();
  clock.advance(10_000);
  const hit = await get();
  expect(hit).toMatchObject({ status: 200, body: 'body', cacheStatus: 'roundhouse; hit; ttl=50' });
  expect(hit.headers.get('age')).toBe('10');
  clock.advance(50_000);
  expect((await get()).cacheStatus).toBe('roundhouse; fwd=stale; fwd-status=200; stored');
  expect(origin.requests).toHaveLength(2);
  expect(cache.stats()).toMatchObject({
    hits: 1,
    misses: 2,
    stores: 2,
    hitRate: 33.33,
    bytesServed: 4,
    bytesReceived: 8,
  });
});

test('a response expires in time even if the wall clock is set back', async () => {
  await using setup = await openCache({ headers: FOR_A_MINUTE });
  await setup.get();
  setup.setBack(3600_000);
  setup.clock.advance(30_000);
  expect((await setup.get()).headers.get('age')).toBe('30');
  setup.clock.advance(31_000);
  expect((await setup.get()).cacheStatus).toContain('fwd=stale');
});

test('HEAD is served from a stored response to GET, and freshens or invalidates it', async () => {
  let length = '4';
  await using setup = await openCache((request) => ({
    headers: { ...FOR_A_MINUTE, 'content-length': length, 'x-count': request.method ?? '' },
    body: request.method === 'HEAD' ? '' : 'body',
  }));
  const { get, clock, origin } = setup;
  await get();
  const head = await get('/', {}, 'HEAD');
  expect(head).toMatchObject({ body: '', cacheStatus: 'roundhouse; hit; ttl=60' });
  expect(head.headers.get('content-length')).toBe('4');
  clock.advance(61_000);
  await get('/', {}, 'HEAD');
  const freshened = await get();
  expect(freshened).toMatchObject({ body: 'body', cacheStatus: 'roundhouse; hit; ttl=60' });
  expect(freshened.headers.get('x-count')).toBe('HEAD');
  clock.advance(61_000);
  length = '5';
  await get('/', {}, 'HEAD');
  length = '4';
  expect((await get()).cacheStatus).toContain('fwd=uri-miss');
  expect(origin.requests).toEqual(['GET /', 'HEAD /', 'HEAD /', 'GET /']);
});

test('a stale response is validated, and a 304 updates its headers but not its body', async () => {
  let version = 1;
  await using setup = await openCache((request) => {
    const matches = request.headers['if-none-match'] === '"a"';
    const headers = {
      ...FOR_A_MINUTE,
      etag: '"a"',
      'x-version': String(version),
      'content-length': matches ? '0' : '4',
    };
    return matches ? { status: 304, headers, body: '' } : { headers };
  });
  const { get, clock, cache } = setup;
  await get();
  clock.advance(61_000);
  version = 2;
  const validated = await get();
  expect(validated).toMatchObject({
    status: 200,
    body: 'body',
    cacheStatus: 'roundhouse; fwd=stale; fwd-status=304; ttl=60',
  });
  expect(validated.headers.get('x-version')).toBe('2');
  expect(validated.headers.get('content-length')).toBe('4');
  expect((await get()).cacheStatus).toBe('roundhouse; hit; ttl=60');
  expect(cache.stats()).toMatchObject({ revalidations: 1, revalidated: 1 });
});

test('request directives: no-cache, max-age, min-fresh, max-stale, only-if-cached, no-store', async () => {
  await using setup = await openCache({ headers: FOR_A_MINUTE });
  const { get, clock, origin } = setup;
  const outcome = async (directive: string, path = '/') => {
    const { status, cacheStatus } = await get(path, { 'cache-control': directive });
    return `${status} ${cacheStatus?.replace('roundhouse; ', '')}`;
  };
  expect(await outcome('only-if-cached')).toBe('504 detail=only-if-cached');
  await get();
  clock.advance(20_000);
  expect(await outcome('only-if-cached')).toBe('200 hit; ttl=40');
  expect(await outcome('max-age=30')).toBe('200 hit; ttl=40');
  expect(await outcome('min-fresh=40')).toBe('200 hit; ttl=40');
  expect(await outcome('no-store')).toBe('200 fwd=request; fwd-status=200');
  expect(await outcome('max-age=19')).toBe('200 fwd=request; fwd-status=200; stored');
  expect(await outcome('min-fresh=61')).toBe('200 fwd=request; fwd-status=200; stored');
  expect(await outcome('no-cache')).toBe('200 fwd=request; fwd-status=200; stored');
  clock.advance(70_000);
  expect(await outcome('max-stale=10')).toBe('200 hit; ttl=-10');
  expect(await outcome('max-stale')).toBe('200 hit; ttl=-10');
  expect(await outcome('max-stale=9, only-if-cached')).toBe('504 detail=only-if-cached');
  expect(await outcome('no-store', '/other')).toBe('200 fwd=request; fwd-status=200');
  expect((await get('/other')).cacheStatus).toContain('uri-miss');
  expect(origin.requests).toHaveLength(7);
});

test('preconditions of a client are evaluated against the stored response', async () => {
  const lastModified = 'Wed, 01 Jan 2020 00:00:00 GMT';
  await using setup = await openCache({
    headers: { ...FOR_A_MINUTE, etag: 'W/"a"', 'last-modified': lastModified },
  });
  const read = async (headers: Record<string, string>) => {
    const { status, body, headers: fields } = await setup.request('/', { headers });
    return [status, body, fields.etag];
  };
  expect(await read({})).toEqual([200, 'body', 'W/"a"']);
  expect(await read({ 'if-none-match': '"b", "a"' })).toEqual([304, '', 'W/"a"']);
  expect(await read({ 'if-none-match': '*' })).toEqual([304, '', 'W/"a"']);
  expect(await read({ 'if-modified-since': lastModified })).toEqual([304, '', 'W/"a"']);
  expect(await read({ 'if-none-match': '"b"', 'if-modified-since': lastModified })).toEqual([
    200,
    'body',
    'W/"a"',
  ]);
  expect(await read({ 'if-modified-since': 'Tue, 31 Dec 2019 23:59:59 GMT' })).toEqual([
    200,
    'body',
    'W/"a"',
  ]);
  expect(setup.origin.requests).toHaveLength(1);
});

describe('If-None-Match', () => {
  const open = async (etag: string) => {
    const headers = { ...FOR_A_MINUTE, etag };
    return openCache((request) =>
      request.headers['if-none-match'] === etag ? { status: 304, headers, body: '' } : { headers },
    );
  };

  test.each([
    ['"v1"', '"a,*,b"', 200],
    ['"v1"', '"a", *', 200],
    ['"v1"', '"a,", "v1"', 304],
    ['"a,b"', '"a,b"', 304],
    ['"a,b"', '"x", W/"a,b"', 304],
    ['"a,b"', '"a", "b"', 200],
  ])('of a response with ETag %s: %s is answered with %i', async (etag, field, status) => {
    await using setup = await open(etag);
    await setup.get();
    const headers = { 'if-none-match': field };
    for (const reply of [await setup.get('/', headers), await setup.request('/', { headers })]) {
      expect(reply).toMatchObject({ status, body: status === 200 ? 'body' : '' });
      expect(reply.cacheStatus).toContain('hit');
    }
    expect(setup.origin.requests).toHaveLength(1);
  });
});

test('ranges are served from a stored response; without one they are forwarded and not stored', async () => {
  await using setup = await openCache((request) =>
    request.headers.range === undefined
      ? { headers: { ...FOR_A_MINUTE, etag: '"a"' }, body: '0123456789' }
      : { status: 206, headers: { ...FOR_A_MINUTE, 'content-range': 'bytes 0-1/10' }, body: '01' },
  );
  const { get, origin } = setup;
  expect(await get('/', { range: 'bytes=0-1' })).toMatchObject({
    status: 206,
    body: '01',
    cacheStatus: expect.stringContaining('uri-miss'),
  });
  await get();
  const range = async (value: string, ifRange?: string) => {
    const { status, body, headers } = await get('/', {
      range: value,
      ...(ifRange ? { 'if-range': ifRange } : {}),
    });
    return [status, body, headers.get('content-range')];
  };
  expect(await range('bytes=0-1')).toEqual([206, '01', 'bytes 0-1/10']);
  expect(await range('bytes=7-')).toEqual([206, '789', 'bytes 7-9/10']);
  expect(await range('bytes=-2')).toEqual([206, '89', 'bytes 8-9/10']);
  expect(await range('bytes=8-99')).toEqual([206, '89', 'bytes 8-9/10']);
  expect(await range('bytes=10-')).toEqual([416, '', 'bytes */10']);
  expect(await range('bytes=0-1,3-4')).toEqual([200, '0123456789', null]);
  expect(await range('lines=0-1')).toEqual([200, '0123456789', null]);
  expect(origin.requests).toHaveLength(2);
});

test('variants are stored separately, up to a maximum number', async () => {
  await using setup = await openCache((request) => ({
    headers: { ...FOR_A_MINUTE, vary: 'Accept-Language' },
    body: String(request.headers['accept-language']),
  }));
  const { get, origin } = setup;
  const read = async (language: string) => (await get('/', { 'accept-language': language })).body;
  expect(await read('de')).toBe('de');
  expect((await get('/', { 'accept-language': 'en' })).cacheStatus).toContain('fwd=vary-miss');
  expect([await read('DE'), await read('en')]).toEqual(['de', 'en']);
  expect(origin.requests).toHaveLength(2);
  for (let i = 0; i < 16; i += 1) await read(`x-${i}`);
  expect(origin.requests).toHaveLength(18);
  // The two oldest variants have been removed; the newest are stored.
  expect([await read('x-0'), await read('x-15')]).toEqual(['x-0', 'x-15']);
  expect(origin.requests).toHaveLength(18);
  expect(await read('de')).toBe('de');
  expect(origin.requests).toHaveLength(19);
});

test.each([
  ['no-store', { 'cache-control': 'max-age=60, no-store' }],
  ['Vary: *', { ...FOR_A_MINUTE, vary: 'accept, *' }],
  ['neither lifetime nor validator', {}],
  ['an invalid Expires and no validator', { expires: '0' }],
])('a response is not stored with %s', async (_, headers) => {
  await using setup = await openCache({ headers });
  await setup.get();
  expect((await setup.get()).cacheStatus).toContain('uri-miss');
  expect(setup.cache.stats().stores).toBe(0);
});

test.each<[string, OriginReply, string]>([
  [
    'must-understand and a known status',
    { headers: { 'cache-control': 'max-age=60, no-store, must-understand' } },
    'hit; ttl=60',
  ],
  [
    'must-understand and an unknown status',
    { status: 299, headers: { 'cache-control': 'max-age=60, must-understand' } },
    'fwd=uri-miss',
  ],
  ['an unknown status', { status: 299, headers: FOR_A_MINUTE }, 'hit; ttl=60'],
  ['an error status and a lifetime', { status: 500, headers: FOR_A_MINUTE }, 'hit; ttl=60'],
  ['an Age', { headers: { ...FOR_A_MINUTE, age: '50' } }, 'hit; ttl=10'],
  ['several Age values', { headers: { ...FOR_A_MINUTE, age: ['40', '0'] } }, 'hit; ttl=20'],
  ['an invalid Age', { headers: { ...FOR_A_MINUTE, age: '1.5' } }, 'hit; ttl=60'],
  ['max-age and Expires', { headers: { ...FOR_A_MINUTE, expires: '0' } }, 'hit; ttl=60'],
  [
    'no-cache for one field',
    { headers: { 'cache-control': 'max-age=60, no-cache="x"', x: '1' } },
    'hit; ttl=60',
  ],
])('a response with %s', async (_, reply, expected) => {
  await using setup = await openCache(reply);
  await setup.request('/');
  const second = await setup.request('/');
  expect(second.cacheStatus).toContain(expected);
  if (expected.startsWith('hit')) expect(second.headers.x).toBeUndefined();
});

test('the heuristic lifetime is a tenth of the time since Last-Modified, unless turned off', async () => {
  const reply = {
    headers: {
      'last-modified': new Date(Date.now() - 1000_000).toUTCString(),
      date: new Date().toUTCString(),
    },
  };
  await using heuristic = await openCache(reply);
  await heuristic.get();
  expect((await heuristic.get()).cacheStatus).toMatch(/hit; ttl=(99|100)$/);
  await using exact = await openCache(reply, { heuristics: false });
  await exact.get();
  expect((await exact.get()).cacheStatus).toContain('fwd=stale');
});

test('a reload does not validate a fresh immutable response; a forced reload does', async () => {
  await using setup = await openCache({ headers: { 'cache-control': 'max-age=60, immutable' } });
  const cacheStatus = async (directive: string) =>
    (await setup.get('/', { 'cache-control': directive })).cacheStatus;
  await setup.get();
  expect(await cacheStatus('max-age=0')).toContain('hit');
  expect(await cacheStatus('no-cache')).toContain('fwd=request');
  setup.clock.advance(60_000);
  expect(await cacheStatus('max-age=0')).toContain('fwd=request');
});

test('Cache-Status is appended to, several field lines are kept, and hop-by-hop fields removed', async () => {
  await using setup = await openCache({
    headers: {
      ...FOR_A_MINUTE,
      'cache-status': 'upstream; hit',
      'set-cookie': ['a=1', 'b=2'],
      connection: 'x-hop',
      'x-hop': '1',
    },
  });
  await setup.get();
  const hit = await setup.get();
  expect(hit.cacheStatus).toBe('upstream; hit, roundhouse; hit; ttl=60');
  expect(hit.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  expect(hit.headers.get('x-hop')).toBeNull();
});
