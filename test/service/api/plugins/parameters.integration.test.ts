import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startFakeApp, type TestApp } from '../../../support/service/app.ts';

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
      expect([name, (await app.get(`/events?${name}=x`)).status]).toEqual([name, 200]);
  });

  test('says in the reply what is expected', async () => {
    expect((await app.get('/events?limit=5x')).body.detail).toBe('querystring/limit must be integer');
    expect((await app.get('/events?limit=1001')).body.detail).toBe('querystring/limit must be <= 1000');
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
