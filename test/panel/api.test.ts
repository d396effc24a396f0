import { describe, expect, test } from 'vitest';
import { Api } from '../../src/panel/lib/api.ts';
import { FakeClock, settle } from '../support/fake-clock.ts';
import { hang, json } from './fixtures.ts';

const TIMEOUT_MS = 50;

interface Sent {
  url: string;
  init: RequestInit;
}

/** An API whose requests get the responses of `respond`. */
function setUp(respond: (init: RequestInit) => Response | Promise<Response>) {
  const clock = new FakeClock();
  const sent: Sent[] = [];
  const api = new Api({
    base: 'http://host/',
    clock,
    timeoutMs: TIMEOUT_MS,
    fetch: async (url, init = {}) => {
      sent.push({ url: String(url), init });
      return await respond(init);
    },
  });
  return { api, clock, sent };
}

describe('read()', () => {
  test('sends If-None-Match if there is an ETag, and bypasses the browser cache', async () => {
    const { api, sent } = setUp(() => json([1], 200, { ETag: 'W/"x"', Age: '3' }));
    expect(await api.read('GET /engines', {}, null)).toEqual({
      notModified: false,
      value: [1],
      etag: 'W/"x"',
      ageS: 3,
      stale: false,
    });
    await api.read('GET /engines', {}, 'W/"x"');
    expect(sent.map(({ init }) => init.headers)).toEqual([
      { 'X-Roundhouse-Panel': '1' },
      { 'X-Roundhouse-Panel': '1', 'If-None-Match': 'W/"x"' },
    ]);
    expect(sent[0]).toMatchObject({ url: 'http://host/engines', init: { cache: 'no-store' } });
  });

  test('reports 304 responses and stale values', async () => {
    const headers = { ETag: 'W/"x"', Age: '7', 'Cache-Status': 'roundhouse; fwd=stale; ttl=-4' };
    const { api } = setUp(() => new Response(null, { status: 304, headers }));
    expect(await api.read('GET /engines', {}, 'W/"x"')).toEqual({
      notModified: true,
      etag: 'W/"x"',
      ageS: 7,
      stale: true,
    });
  });

  test('adds parameters to the path and the query', async () => {
    const { api, sent } = setUp(() => json([]));
    await api.read('GET /streams', { query: { status: 'started', container_id: 'a&b' } }, null);
    await api.read('GET /browser/sessions/{id}', { path: { id: 'a/b' } }, null);
    expect(sent.map(({ url }) => url)).toEqual([
      'http://host/streams?status=started&container_id=a%26b',
      'http://host/browser/sessions/a%2Fb',
    ]);
  });

  test.each([
    [json({ title: 'Unavailable', detail: 'no Docker', code: 'runtime_unavailable' }, 503), 503, 'no Docker'],
    [
      json({ title: 'Refused', detail: { message: 'the VPN is down' }, code: 'provisioning_blocked' }, 503),
      503,
      'the VPN is down',
    ],
    [json({ title: 'Only a title' }, 400), 400, 'Only a title'],
    [new Response('<h1>Bad gateway</h1>', { status: 502, statusText: 'Bad Gateway' }), 502, 'Bad Gateway'],
    [json(null, 500), 500, 'HTTP status 500'],
  ])('rejects with the problem of an error response (%#)', async (response, status, message) => {
    const { api } = setUp(() => response);
    const read = api.read('GET /engines', {}, null);
    await expect(read).rejects.toMatchObject({ name: 'ProblemError', status, message });
  });

  test.each([
    ['a failed connection', () => Promise.reject(new TypeError('Failed to fetch'))],
    ['an incomplete response', () => new Response('[1,')],
  ])('rejects with UnreachableError for %s', async (_, respond) => {
    const { api } = setUp(respond);
    const read = api.read('GET /engines', {}, null);
    await expect(read).rejects.toMatchObject({ name: 'UnreachableError', timedOut: false });
  });

  test.each([
    ['a response', hang],
    [
      'the body of a response',
      (init: RequestInit) => new Response(new ReadableStream({ pull: () => hang(init) })),
    ],
  ])('times out waiting for %s', async (_, respond) => {
    const { api, clock } = setUp(respond);
    const read = api.read('GET /engines', {}, null);
    const rejects = expect(read).rejects.toMatchObject({ name: 'UnreachableError', timedOut: true });
    await clock.advanceAsync(TIMEOUT_MS);
    await rejects;
    expect(clock.pending).toBe(0);
  });
});

test('the header that writes with a cookie need is sent', async () => {
  const { api, sent } = setUp(() => json({ deleted: 'x' }));
  await api.write('DELETE /engines/{id}', { path: { id: 'x' } });
  await api.write('POST /cache/clear', { body: { pattern: 'stats:*' } });
  await api.read('GET /engines', {}, null);
  for (const { url, init } of sent) {
    expect(url).not.toContain('secret');
    expect(init.headers).toMatchObject({ 'X-Roundhouse-Panel': '1' });
  }
  expect(sent.map(({ init }) => init.method)).toEqual(['DELETE', 'POST', undefined]);
  expect(sent[1]!.init).toMatchObject({ body: '{"pattern":"stats:*"}' });
});

test('the timeout of a stream ends with the response headers', async () => {
  const { api, clock, sent } = setUp(() => new Response('line\n'));
  const stop = new AbortController();
  await api.stream('engines/x/logs', stop.signal);
  await clock.advanceAsync(10 * TIMEOUT_MS);
  const { signal } = sent[0]!.init;
  expect(signal?.aborted).toBe(false);
  stop.abort();
  await settle();
  expect(signal?.aborted).toBe(true);
});
