/*
 * The behaviours that undici's tests of its cache interceptor check (test/interceptors/cache.js, version 8), as a
 * table. Each case runs against undici's interceptor and against ours.
 */

type Headers = Record<string, string | string[]>;

/** How a request was answered: by the cache, after a conditional request to the origin, or after a plain one. */
export type Outcome = 'cache' | 'validated' | 'origin';

/** One request of a case. */
export interface Step {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Headers;
  /** Advances the time before the request, in seconds. */
  readonly afterS?: number;
}

/** What the origin replies, and what the two caches make of it. */
export interface Case {
  readonly name: string;
  /** Fields of the reply to each request to the origin; the last one is repeated. */
  readonly replies: readonly (Headers & { readonly ':status'?: string })[];
  readonly steps: readonly Step[];
  /** The outcome of each step with undici's cache. */
  readonly undici: readonly Outcome[];
  /** The outcome with ours, where it differs. */
  readonly ours?: readonly Outcome[];
  /** Why it differs. */
  readonly why?: string;
  /** Options of undici's interceptor that ours has too. */
  readonly options?: { methods?: ('GET' | 'HEAD')[]; origins?: (string | RegExp)[] };
}

const TWICE: readonly Step[] = [{}, {}];
const A = { headers: { a: '1' } };
const B = { headers: { a: '2' } };
const AUTHORIZED = { headers: { authorization: 'user' } };
const HIT: readonly Outcome[] = ['origin', 'cache'];
const MISS: readonly Outcome[] = ['origin', 'origin'];
const VALID: readonly Outcome[] = ['origin', 'validated'];
const fields = (cacheControl: string, more: Headers = {}) => [{ 'cache-control': cacheControl, ...more }];

const WHY_DATE = 'If-Modified-Since has the time of receipt in undici, and the origin may have another clock';

/** The cases, in the order of undici's tests. */
export const CASES: readonly Case[] = [
  { name: 's-maxage is a lifetime', replies: fields('s-maxage=10'), steps: TWICE, undici: HIT },
  {
    name: 'Vary selects a response',
    replies: fields('s-maxage=10', { vary: 'a' }),
    steps: [A, B, A, B],
    undici: ['origin', 'origin', 'cache', 'cache'],
  },
  {
    name: 'Vary in several lines',
    replies: fields('s-maxage=10', { vary: ['x', 'a'] }),
    steps: [A, B, A],
    undici: ['origin', 'origin', 'cache'],
  },
  {
    name: 'Vary: * in several lines',
    replies: fields('s-maxage=10', { vary: ['a', '*'] }),
    steps: [A, A],
    undici: MISS,
  },
  {
    name: 'a malformed Vary',
    replies: fields('s-maxage=10', { vary: 'cookie authorization' }),
    steps: TWICE,
    undici: MISS,
  },
  {
    name: 'no-cache with an ETag is validated',
    replies: fields('no-cache', { etag: '"a"' }),
    steps: TWICE,
    undici: VALID,
  },
  {
    name: 'max-age=0 with an ETag is validated',
    replies: fields('public, max-age=0', { etag: '"a"' }),
    steps: TWICE,
    undici: VALID,
  },
  {
    name: 'max-age ends',
    replies: fields('public, max-age=10', { etag: '"a"' }),
    steps: [{}, { afterS: 5 }, { afterS: 6 }],
    undici: ['origin', 'cache', 'validated'],
  },
  {
    name: 'Expires ends',
    replies: [{ expires: 'Thu, 01 Jan 2026 00:00:10 GMT', etag: '"a"' }],
    steps: [{}, { afterS: 5 }, { afterS: 6 }],
    undici: ['origin', 'cache', 'validated'],
  },
  {
    name: 'a response without validators is validated by time',
    replies: fields('public, max-age=10'),
    steps: [{}, { afterS: 11 }],
    undici: VALID,
  },
  {
    name: 'a response with an invalid Date and no validators',
    replies: fields('public, max-age=10', { date: '0' }),
    steps: [{}, { afterS: 11 }],
    undici: VALID,
    ours: MISS,
    why: WHY_DATE,
  },
  ...['POST', 'PUT', 'PATCH', 'DELETE'].map(
    (method): Case => ({
      name: `${method} invalidates`,
      replies: fields('public, max-age=10'),
      steps: [{}, {}, { method }, {}],
      undici: ['origin', 'cache', 'origin', 'origin'],
    }),
  ),
  {
    name: 'Location and Content-Location of an unsafe request are invalidated',
    replies: [
      ...fields('public, max-age=10'),
      ...fields('public, max-age=10'),
      { location: '/b', 'content-location': '/a' },
      ...fields('public, max-age=10'),
    ],
    steps: [{ path: '/a' }, { path: '/b' }, { path: '/c', method: 'POST' }, { path: '/a' }, { path: '/b' }],
    undici: ['origin', 'origin', 'origin', 'origin', 'origin'],
  },
  {
    name: 'POST is not stored',
    replies: fields('public, max-age=10'),
    steps: [{ method: 'POST' }, { method: 'POST' }],
    undici: MISS,
  },
  {
    name: 'no-cache="set-cookie" in a shared cache',
    replies: fields('public, max-age=60, no-cache="set-cookie"', { 'set-cookie': 'a=1' }),
    steps: TWICE,
    undici: MISS,
    ours: HIT,
    why: 'the response is reused without the field that may not be (RFC 9111 §5.2.2.4); undici reuses nothing',
  },
  {
    name: 'private="set-cookie" in a shared cache',
    replies: fields('public, max-age=60, private="set-cookie"', { 'set-cookie': 'a=1' }),
    steps: TWICE,
    undici: MISS,
  },
  {
    name: 'no-cache= "set-cookie", with white space',
    replies: fields('public, max-age=60, no-cache= "set-cookie"', { 'set-cookie': 'a=1' }),
    steps: TWICE,
    undici: MISS,
    ours: VALID,
    why: 'white space around = is malformed, so no-cache counts as unqualified; the response is stored without the cookie',
  },
  ...[
    'no-cache="set-cookie" garbage, no-store',
    'no-cache="set-cookie, no-store',
    'no-store\u00a0',
    'no\u00a0-store',
  ].map(
    (directives): Case => ({
      name: `${JSON.stringify(directives)} forbids storing`,
      replies: fields(`public, max-age=60, ${directives}`),
      steps: TWICE,
      undici: MISS,
    }),
  ),
  {
    name: 'a malformed Last-Modified gives no heuristic lifetime',
    replies: [{ 'last-modified': 'yesterday' }],
    steps: TWICE,
    undici: MISS,
  },
  {
    name: 'a malformed Age',
    replies: fields('max-age=60', { age: 'abc', etag: '"a"' }),
    steps: TWICE,
    undici: MISS,
    ours: HIT,
    why: 'RFC 9111 §5.1: a cache should ignore an invalid Age',
  },
  {
    name: 'a 304 with no-store',
    replies: [
      ...fields('public, max-age=1', { etag: '"a"' }),
      { ':status': '304', 'cache-control': 'no-store' },
    ],
    steps: [{}, { afterS: 1.5 }],
    undici: VALID,
  },
  {
    name: 'max-age in a request',
    replies: fields('public, max-age=100', { etag: '"a"' }),
    steps: [{}, { afterS: 6, headers: { 'cache-control': 'max-age=5' } }],
    undici: VALID,
  },
  {
    name: 'max-age=0 in a request',
    replies: fields('public, max-age=100', { etag: '"a"' }),
    steps: [{}, { headers: { 'cache-control': 'max-age=0' } }],
    undici: VALID,
  },
  {
    name: 'max-stale in a request',
    replies: fields('public, max-age=1', { etag: '"a"' }),
    steps: [{}, { afterS: 1.5, headers: { 'cache-control': 'max-stale=5' } }],
    undici: HIT,
  },
  ...['must-revalidate', 'proxy-revalidate', 's-maxage=1'].map(
    (directive): Case => ({
      name: `max-stale does not override ${directive}`,
      replies: fields(`public, max-age=1, ${directive}`, { etag: '"a"' }),
      steps: [{}, { afterS: 1.5, headers: { 'cache-control': 'max-stale=60' } }],
      undici: VALID,
    }),
  ),
  {
    name: 'min-fresh in a request',
    replies: fields('public, max-age=10', { etag: '"a"' }),
    steps: [
      {},
      { headers: { 'cache-control': 'min-fresh=5' } },
      { headers: { 'cache-control': 'min-fresh=30' } },
    ],
    undici: ['origin', 'cache', 'validated'],
  },
  {
    name: 'no-cache in a request',
    replies: fields('public, s-maxage=100'),
    steps: [{ headers: { 'cache-control': 'no-cache' } }, { headers: { 'cache-control': 'no-cache' } }, {}],
    undici: ['origin', 'validated', 'origin'],
    ours: ['origin', 'validated', 'cache'],
    why: 'the 304 has the fields of the response, so that the stored one is fresh again; undici drops it here',
  },
  {
    name: 'Pragma: no-cache in a request',
    replies: fields('public, max-age=100', { etag: '"a"' }),
    steps: [{}, { headers: { pragma: 'no-cache' } }],
    undici: VALID,
  },
  {
    name: 'no-store in a request',
    replies: fields('public, max-age=100'),
    steps: [{ headers: { 'cache-control': 'no-store' } }, {}],
    undici: MISS,
  },
  ...[200, 203, 204, 300, 301, 308, 404, 410].map(
    (status): Case => ({
      name: `status ${status} with a lifetime`,
      replies: [{ ':status': `${status}`, 'cache-control': 'public, max-age=60' }],
      steps: TWICE,
      undici: HIT,
    }),
  ),
  ...[201, 302, 307, 400, 500].map(
    (status): Case => ({
      name: `status ${status} without a lifetime`,
      replies: [{ ':status': `${status}`, 'last-modified': 'Thu, 01 Jan 2015 00:00:00 GMT' }],
      steps: TWICE,
      undici: MISS,
    }),
  ),
  {
    name: 'a range request is not answered with the range of another',
    replies: fields('public, max-age=60', { ':status': '206', 'content-range': 'bytes 0-0/4' }),
    steps: [{ headers: { range: 'bytes=0-0' } }, { headers: { range: 'bytes=1-1' } }],
    undici: MISS,
  },
  {
    name: 'origins with a pattern',
    replies: fields('s-maxage=10'),
    steps: TWICE,
    options: { origins: [/127/] },
    undici: HIT,
  },
  {
    name: 'origins with another',
    replies: fields('s-maxage=10'),
    steps: TWICE,
    options: { origins: ['example.com'] },
    undici: MISS,
  },
  {
    name: 'no origins',
    replies: fields('s-maxage=10'),
    steps: TWICE,
    options: { origins: [] },
    undici: MISS,
  },
  {
    name: 'a Date in the future does not prolong max-age',
    replies: fields('public, max-age=10', { date: 'Thu, 01 Jan 2026 01:00:00 GMT' }),
    steps: [{}, { afterS: 5 }, { afterS: 6 }],
    undici: ['origin', 'cache', 'validated'],
  },
  {
    name: 'Age shortens max-age',
    replies: fields('public, max-age=100', { age: '95', etag: '"a"' }),
    steps: [{}, { afterS: 4 }, { afterS: 2 }],
    undici: ['origin', 'cache', 'validated'],
  },
  ...['public', 's-maxage=60', 'must-revalidate'].map(
    (directive): Case => ({
      name: `an authenticated response with ${directive} is shared`,
      replies: fields(`max-age=60, ${directive}`),
      steps: [AUTHORIZED, AUTHORIZED],
      undici: HIT,
    }),
  ),
  ...[
    'max-age=60',
    'public=bad, max-age=60',
    'public =, max-age=60',
    'must-revalidate=1, max-age=60',
    'max-age=60, s-maxage=x',
  ].map(
    (directives): Case => ({
      name: `an authenticated response with ${directives} is not shared`,
      replies: fields(directives),
      steps: [AUTHORIZED, AUTHORIZED],
      undici: MISS,
    }),
  ),
  {
    name: 'an empty Authorization counts',
    replies: fields('max-age=60'),
    steps: [{ headers: { authorization: '' } }, { headers: { authorization: '' } }],
    undici: MISS,
  },
];
