import { expect, test } from 'vitest';
import { ifRangeHolds } from '../../../src/library/http-cache/conditional.ts';
import { type Answer, openCache } from './support.ts';

const FOR_A_MINUTE = { 'cache-control': 'max-age=60' };

test('a miss is stored, and a hit says how old it is and how long it is good for', async () => {
  await using setup = await openCache({ headers: FOR_A_MINUTE });
  const { get, clock, origin, cache } = setup;
  const miss = await get();
  expect(miss).toMatchObject({
    status: 200,
    body: 'body',
    how: 'roundhouse; fwd=uri-miss; fwd-status=200; stored',
  });
  expect(miss.headers.get('age')).toBeNull();
  clock.advance(10_000);
  const hit = await get();
  expect(hit).toMatchObject({ status: 200, body: 'body', how: 'roundhouse; hit; ttl=50' });
  expect(hit.headers.get('age')).toBe('10');
  clock.advance(50_000);
  expect((await get()).how).toBe('roundhouse; fwd=stale; fwd-status=200; stored');
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

test('time counts as the slower of two clocks has it: an entry outlives no wall clock set back', async () => {
  await using setup = await openCache({ headers: FOR_A_MINUTE });
  await setup.get();
  setup.setBack(3600_000);
  setup.clock.advance(30_000);
  expect((await setup.get()).headers.get('age')).toBe('30');
  setup.clock.advance(31_000);
  expect((await setup.get()).how).toContain('fwd=stale');
});

test('HEAD is answered from a stored GET, and brings it up to date', async () => {
  let length = '4';
  await using setup = await openCache((request) => ({
    headers: { ...FOR_A_MINUTE, 'content-length': length, 'x-count': request.method ?? '' },
    body: request.method === 'HEAD' ? '' : 'body',
  }));
  const { get, clock, origin } = setup;
  await get();
  const head = await get('/', {}, 'HEAD');
  expect(head).toMatchObject({ body: '', how: 'roundhouse; hit; ttl=60' });
  expect(head.headers.get('content-length')).toBe('4');
  clock.advance(61_000);
  await get('/', {}, 'HEAD');
  const freshened = await get();
  expect(freshened).toMatchObject({ body: 'body', how: 'roundhouse; hit; ttl=60' });
  expect(freshened.headers.get('x-count')).toBe('HEAD');
  clock.advance(61_000);
  length = '5';
  await get('/', {}, 'HEAD');
  length = '4';
  expect((await get()).how).toContain('fwd=uri-miss');
  expect(origin.requests).toEqual(['GET /', 'HEAD /', 'HEAD /', 'GET /']);
});

test('a stale response is validated, and a 304 brings its headers up to date but not its body', async () => {
  let version = 1;
  await using setup = await openCache((request) => {
    const known = request.headers['if-none-match'] === '"a"';
    const headers = {
      ...FOR_A_MINUTE,
      etag: '"a"',
      'x-version': String(version),
      'content-length': known ? '0' : '4',
    };
    return known ? { status: 304, headers, body: '' } : { headers };
  });
  const { get, clock, cache } = setup;
  await get();
  clock.advance(61_000);
  version = 2;
  const validated = await get();
  expect(validated).toMatchObject({
    status: 200,
    body: 'body',
    how: 'roundhouse; fwd=stale; fwd-status=304; ttl=60',
  });
  expect(validated.headers.get('x-version')).toBe('2');
  expect(validated.headers.get('content-length')).toBe('4');
  expect((await get()).how).toBe('roundhouse; hit; ttl=60');
  expect(cache.stats()).toMatchObject({ revalidations: 1, revalidated: 1 });
});

test('directives of the request: no-cache, max-age, min-fresh, max-stale, only-if-cached, no-store', async () => {
  await using setup = await openCache({ headers: FOR_A_MINUTE });
  const { get, clock, origin } = setup;
  const how = async (directive: string, path = '/') => {
    const { status, how } = await get(path, { 'cache-control': directive });
    return `${status} ${how?.replace('roundhouse; ', '')}`;
  };
  expect(await how('only-if-cached')).toBe('504 detail=only-if-cached');
  await get();
  clock.advance(20_000);
  expect(await how('only-if-cached')).toBe('200 hit; ttl=40');
  expect(await how('max-age=30')).toBe('200 hit; ttl=40');
  expect(await how('min-fresh=40')).toBe('200 hit; ttl=40');
  expect(await how('no-store')).toBe('200 fwd=request; fwd-status=200');
  expect(await how('max-age=19')).toBe('200 fwd=request; fwd-status=200; stored');
  expect(await how('min-fresh=61')).toBe('200 fwd=request; fwd-status=200; stored');
  expect(await how('no-cache')).toBe('200 fwd=request; fwd-status=200; stored');
  clock.advance(70_000);
  expect(await how('max-stale=10')).toBe('200 hit; ttl=-10');
  expect(await how('max-stale')).toBe('200 hit; ttl=-10');
  expect(await how('max-stale=9, only-if-cached')).toBe('504 detail=only-if-cached');
  expect(await how('no-store', '/other')).toBe('200 fwd=request; fwd-status=200');
  expect((await get('/other')).how).toContain('uri-miss');
  expect(origin.requests).toHaveLength(7);
});

test('a client that has the stored response already is told so', async () => {
  const lastModified = 'Wed, 01 Jan 2020 00:00:00 GMT';
  await using setup = await openCache({
    headers: { ...FOR_A_MINUTE, etag: 'W/"a"', 'last-modified': lastModified },
  });
  const ask = async (headers: Record<string, string>) => {
    const { status, body, headers: fields } = await setup.request('/', { headers });
    return [status, body, fields.etag];
  };
  expect(await ask({})).toEqual([200, 'body', 'W/"a"']);
  expect(await ask({ 'if-none-match': '"b", "a"' })).toEqual([304, '', 'W/"a"']);
  expect(await ask({ 'if-none-match': '*' })).toEqual([304, '', 'W/"a"']);
  expect(await ask({ 'if-modified-since': lastModified })).toEqual([304, '', 'W/"a"']);
  expect(await ask({ 'if-none-match': '"b"', 'if-modified-since': lastModified })).toEqual([
    200,
    'body',
    'W/"a"',
  ]);
  expect(await ask({ 'if-modified-since': 'Tue, 31 Dec 2019 23:59:59 GMT' })).toEqual([200, 'body', 'W/"a"']);
  expect(setup.origin.requests).toHaveLength(1);
});

test('ranges are cut from a stored response; without one they are passed and not stored', async () => {
  await using setup = await openCache((request) =>
    request.headers.range === undefined
      ? { headers: { ...FOR_A_MINUTE, etag: '"a"' }, body: '0123456789' }
      : { status: 206, headers: { ...FOR_A_MINUTE, 'content-range': 'bytes 0-1/10' }, body: '01' },
  );
  const { get, origin } = setup;
  expect(await get('/', { range: 'bytes=0-1' })).toMatchObject({
    status: 206,
    body: '01',
    how: expect.stringContaining('uri-miss'),
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

test('If-Range is judged by the strong tag or the exact date', () => {
  const stored = { headers: { etag: '"a"', 'last-modified': 'Wed, 01 Jan 2020 00:00:00 GMT' } } as never;
  expect(ifRangeHolds({ 'if-range': '"a"' }, stored)).toBe(true);
  expect(ifRangeHolds({ 'if-range': 'W/"a"' }, stored)).toBe(false);
  expect(ifRangeHolds({ 'if-range': 'Wed, 01 Jan 2020 00:00:00 GMT' }, stored)).toBe(true);
  expect(ifRangeHolds({ 'if-range': 'Wed, 01 Jan 2020 00:00:01 GMT' }, stored)).toBe(false);
});

test('variants are kept apart by what Vary names, a bounded number of them', async () => {
  await using setup = await openCache((request) => ({
    headers: { ...FOR_A_MINUTE, vary: 'Accept-Language' },
    body: String(request.headers['accept-language']),
  }));
  const { get, origin } = setup;
  const read = async (language: string) => (await get('/', { 'accept-language': language })).body;
  expect(await read('de')).toBe('de');
  expect((await get('/', { 'accept-language': 'en' })).how).toContain('fwd=vary-miss');
  expect([await read('DE'), await read('en')]).toEqual(['de', 'en']);
  expect(origin.requests).toHaveLength(2);
  for (let i = 0; i < 16; i += 1) await read(`x-${i}`);
  expect(origin.requests).toHaveLength(18);
  // The two oldest had to make room, the newest are there.
  expect([await read('x-0'), await read('x-15')]).toEqual(['x-0', 'x-15']);
  expect(origin.requests).toHaveLength(18);
  expect(await read('de')).toBe('de');
  expect(origin.requests).toHaveLength(19);
});

test.each([
  ['no-store', { 'cache-control': 'max-age=60, no-store' }],
  ['Vary: *', { ...FOR_A_MINUTE, vary: 'accept, *' }],
  ['nothing to be fresh or validated by', {}],
  ['an Expires that is no date', { expires: '0' }],
])('a response is not stored with %s', async (_, headers) => {
  await using setup = await openCache({ headers });
  await setup.get();
  expect((await setup.get()).how).toContain('uri-miss');
  expect(setup.cache.stats().stores).toBe(0);
});

test.each<[string, Answer, string]>([
  [
    'must-understand, of a status that is understood',
    { headers: { 'cache-control': 'max-age=60, no-store, must-understand' } },
    'hit; ttl=60',
  ],
  [
    'must-understand, of another status',
    { status: 299, headers: { 'cache-control': 'max-age=60, must-understand' } },
    'fwd=uri-miss',
  ],
  ['a status that is not understood', { status: 299, headers: FOR_A_MINUTE }, 'hit; ttl=60'],
  ['an error with a lifetime', { status: 500, headers: FOR_A_MINUTE }, 'hit; ttl=60'],
  ['an Age', { headers: { ...FOR_A_MINUTE, age: '50' } }, 'hit; ttl=10'],
  ['an Age of several values', { headers: { ...FOR_A_MINUTE, age: ['40', '0'] } }, 'hit; ttl=20'],
  ['an Age that is none', { headers: { ...FOR_A_MINUTE, age: '1.5' } }, 'hit; ttl=60'],
  ['a max-age and an Expires', { headers: { ...FOR_A_MINUTE, expires: '0' } }, 'hit; ttl=60'],
  [
    'no-cache for one field',
    { headers: { 'cache-control': 'max-age=60, no-cache="x"', x: '1' } },
    'hit; ttl=60',
  ],
])('a response with %s', async (_, answer, how) => {
  await using setup = await openCache(answer);
  await setup.request('/');
  const second = await setup.request('/');
  expect(second.how).toContain(how);
  if (how.startsWith('hit')) expect(second.headers.x).toBeUndefined();
});

test('without a lifetime a tenth of the time since the last change is one, unless that is turned off', async () => {
  const answer = {
    headers: {
      'last-modified': new Date(Date.now() - 1000_000).toUTCString(),
      date: new Date().toUTCString(),
    },
  };
  await using guessing = await openCache(answer);
  await guessing.get();
  expect((await guessing.get()).how).toMatch(/hit; ttl=(99|100)$/);
  await using exact = await openCache(answer, { heuristics: false });
  await exact.get();
  expect((await exact.get()).how).toContain('fwd=stale');
});

test('what is immutable is not asked for again by a reload, but by a forced one and once it is stale', async () => {
  await using setup = await openCache({ headers: { 'cache-control': 'max-age=60, immutable' } });
  const how = async (directive: string) => (await setup.get('/', { 'cache-control': directive })).how;
  await setup.get();
  expect(await how('max-age=0')).toContain('hit');
  expect(await how('no-cache')).toContain('fwd=request');
  setup.clock.advance(60_000);
  expect(await how('max-age=0')).toContain('fwd=request');
});

test('Cache-Status and fields that came in several lines stay what they are', async () => {
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
  expect(hit.how).toBe('upstream; hit, roundhouse; hit; ttl=60');
  expect(hit.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  expect(hit.headers.get('x-hop')).toBeNull();
});
