import { describe, expect, test } from 'vitest';
import { Api } from '../../src/panel/lib/api.ts';
import { json } from './support.ts';

interface Sent {
  url: string;
  init: RequestInit;
}

function api(answer: () => Response | Promise<Response>, key: string | null = null) {
  const sent: Sent[] = [];
  const fetching = async (url: string | URL | Request, init: RequestInit = {}) => {
    sent.push({ url: String(url), init });
    return await answer();
  };
  return { sent, api: new Api({ base: 'http://host/', fetch: fetching, key: () => key, deadlineMs: 50 }) };
}

describe('a read', () => {
  test('is conditional once there is something to compare, and past the browser cache', async () => {
    const { api: it, sent } = api(() => json([1], 200, { ETag: 'W/"x"', Age: '3' }));
    expect(await it.read('engines', null)).toEqual({
      same: false,
      value: [1],
      etag: 'W/"x"',
      ageS: 3,
      stale: false,
    });
    await it.read('engines', 'W/"x"');
    expect(sent.map(({ init }) => init.headers)).toEqual([{}, { 'If-None-Match': 'W/"x"' }]);
    expect(sent[0]).toMatchObject({ url: 'http://host/engines', init: { cache: 'no-store' } });
  });

  test('tells what is unchanged, and what is the last good answer of a source that fails', async () => {
    const headers = { ETag: 'W/"x"', Age: '7', 'Cache-Status': 'roundhouse; fwd=stale; ttl=-4' };
    const { api: it } = api(() => new Response(null, { status: 304, headers }));
    expect(await it.read('engines', 'W/"x"')).toEqual({ same: true, etag: 'W/"x"', ageS: 7, stale: true });
  });

  test.each([
    [json({ title: 'Away', detail: 'no Docker', code: 'runtime_unavailable' }, 503), 503, 'no Docker'],
    [
      json({ title: 'Refused', detail: { message: 'the VPN is down' }, code: 'provisioning_blocked' }, 503),
      503,
      'the VPN is down',
    ],
    [json({ title: 'Only a title' }, 400), 400, 'Only a title'],
    [new Response('<h1>Bad gateway</h1>', { status: 502, statusText: 'Bad Gateway' }), 502, 'Bad Gateway'],
    [json(null, 500), 500, 'Status 500'],
  ])('that is refused says why (%#)', async (response, status, message) => {
    const { api: it } = api(() => response);
    await expect(it.read('engines', null)).rejects.toMatchObject({ name: 'ProblemError', status, message });
  });

  test.each([
    ['nobody there', () => Promise.reject(new TypeError('Failed to fetch')), false],
    ['an answer that breaks off', async () => new Response('[1,'), false],
    ['no answer in time', () => Promise.reject(new DOMException('late', 'TimeoutError')), true],
  ])('that meets %s says so', async (_, answer, late) => {
    const { api: it } = api(answer);
    await expect(it.read('engines', null)).rejects.toMatchObject({ name: 'AwayError', late });
  });
});

test('a request has a deadline', async () => {
  const { api: it, sent } = api(() => json({}));
  await it.read('engines', null);
  const signal = sent[0]!.init.signal!;
  await new Promise((resolve) => signal.addEventListener('abort', resolve));
  expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
});

test('the key goes into a header, and never into the address', async () => {
  const { api: it, sent } = api(() => json({ deleted: 'x' }), 'secret-key');
  await it.write('DELETE', 'engines/x');
  await it.write('POST', 'cache/clear', { pattern: 'stats:*' });
  await it.read('engines', null);
  for (const { url, init } of sent) {
    expect(url).not.toContain('secret');
    expect(init.headers).toMatchObject({ 'X-API-KEY': 'secret-key' });
  }
  expect(sent[1]!.init).toMatchObject({ method: 'POST', body: '{"pattern":"stats:*"}' });
});

test('a stream that is followed outlives the deadline of its beginning', async () => {
  let given: AbortSignal | undefined;
  const it = new Api({
    base: '/',
    key: () => null,
    deadlineMs: 10,
    fetch: async (_url, init) => {
      given = init?.signal ?? undefined;
      return new Response('line\n');
    },
  });
  const stop = new AbortController();
  await it.follow('engines/x/logs', stop.signal);
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(given?.aborted).toBe(false);
  stop.abort();
  expect(given?.aborted).toBe(true);
});
