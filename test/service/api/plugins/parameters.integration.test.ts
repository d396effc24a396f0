import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OPENAPI } from '../../../support/http/openapi.ts';
import { startFakeApp, type TestApp, WITH_KEY } from '../../../support/service/app.ts';

let app: TestApp;
beforeAll(async () => {
  app = await startFakeApp();
});
afterAll(() => app[Symbol.asyncDispose]());

async function refusal(path: string) {
  const { status, body } = await app.get(path);
  return [path, status, body.code];
}

describe('a number in a query', () => {
  test.each(['1', '5', '1000'])('%s is accepted', async (text) => {
    expect((await app.get(`/events?limit=${text}`)).status).toBe(200);
  });

  test.each([
    '',
    '0',
    '-1',
    '-0',
    '1001',
    '5x',
    'x5',
    '%205',
    '5%20',
    '+5',
    '%2B5',
    '05',
    '5.0',
    '5.5',
    '1e2',
    '0x10',
    '0b1',
    '1_0',
    '1,000',
    '%D9%A5',
    '5%00',
    'true',
    'null',
    'NaN',
    'Infinity',
    '[5]',
    '9999999999.999',
    '5&limit=6',
    '5&limit=5',
  ])('%s is refused', async (text) => {
    const path = `/events?limit=${text}`;
    expect(await refusal(path)).toEqual([path, 400, 'invalid_request']);
  });

  test('has a name that is matched exactly', async () => {
    for (const name of ['limit[]', 'limit%5B%5D', 'LIMIT', '__proto__'])
      expect([name, (await app.get(`/events?${name}=5`)).status]).toEqual([name, 400]);
  });

  test('says in the reply what is expected', async () => {
    expect((await app.get('/events?limit=5x')).body.detail).toBe('querystring/limit must be integer');
    expect((await app.get('/events?limit=1001')).body.detail).toBe('querystring/limit must be <= 1000');
  });
});

describe('an unknown parameter in a query', () => {
  const operations = Object.entries(OPENAPI.paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => [method.toUpperCase() as 'GET' | 'POST' | 'DELETE', path] as const),
  );

  test.each(operations)('is refused: %s %s', async (method, path) => {
    const url = `${path.replace(/\{\w+\}/g, '1')}?statsu=started`;
    // With a body that is valid where one is needed, so that only the query is wrong.
    const body = path === '/events/stream_ended' ? { body: { stream_id: 'x' } } : {};
    const reply = await app.request(method, url, { headers: WITH_KEY, ...body });
    expect([reply.status, reply.body.code]).toEqual([400, 'invalid_request']);
    expect(reply.body.detail).toMatch(/^Unknown query parameter "statsu": this path has [\w, ]+$/);
  });

  test('is refused with HEAD', async () => {
    expect((await app.request('HEAD', '/engines?x=1')).status).toBe(400);
  });

  test('is ignored for files, whose URLs may contain a version', async () => {
    expect((await app.get('/docs/json?v=1')).status).toBe(200);
    expect((await app.get('/panel/icon.svg?v=1')).status).not.toBe(400);
  });
});

describe('an impossible date is refused', () => {
  const id = 'x'.repeat(64);
  test.each(['/events', '/streams/x/stats', `/engines/${id}/logs`])('by %s', async (path) => {
    for (const day of ['2020-02-31', '2021-02-29', '2020-04-31', '2020-00-10', '2020-01-00']) {
      const since = `${day}T00:00:00Z`;
      const { status, body } = await app.get(`${path}?since=${since}`, WITH_KEY);
      expect([since, status, body.code]).toEqual([since, 400, 'invalid_request']);
    }
  });
});

describe('a time in a query', () => {
  test.each([
    '0',
    '1700000000',
    '1700000000.5',
    '9999999999.999',
    '2026-11-05T12:00:00Z',
    '2026-11-05t12:00:00.123z',
    '2026-11-05T12:00:00+01:00',
    '2026-11-05T12:00:00%2B01:00',
    '2026-11-05T12:00:00-01:00',
  ])('%s is accepted', async (text) => {
    expect((await app.get(`/events?since=${text}`)).status).toBe(200);
  });

  test.each([
    '',
    '-1',
    '1e9',
    '10000000000',
    '1700000000.',
    'yesterday',
    '2026-11-05',
    '2026-11-05T12:00:00',
    '2026-13-01T00:00:00Z',
    '2026-02-30T00:00:00Z',
    '2026-11-05T12:00:00  01:00',
    '1&since=2',
  ])('%s is refused', async (text) => {
    const path = `/events?since=${text}`;
    expect(await refusal(path)).toEqual([path, 400, 'invalid_request']);
  });
});
