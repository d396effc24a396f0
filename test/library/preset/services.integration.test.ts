import { createClient } from '@redis/client';
import { Agent, request } from 'undici';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { openCaches, readCacheSettings, sharedCaches } from '../../../src/library/preset/index.ts';
import { freePorts } from '../../support/http/free-ports.ts';
import { startStubServer } from '../../support/http/stub-server.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { isConnected, SOON_MS, settingsOf, startOrigin } from './support.ts';

let nowhere: string;
beforeAll(async () => {
  const [port] = await freePorts(1);
  nowhere = `redis://127.0.0.1:${port}`;
});

/** An origin that records the header of its requests and never replies to `/slow`. */
async function startRecorder() {
  const headers: NodeJS.Dict<string | string[]>[] = [];
  const server = await startStubServer((request, response) => {
    headers.push(request.headers);
    if (request.url !== '/slow') response.end('ok');
  });
  return Object.assign(server, { url: `http://127.0.0.1:${server.port}`, headers });
}

describe('a service with defaults', () => {
  const defaults = { headers: { 'user-agent': 'crawler/1', 'x-client': 'c' } };

  test('fetch sends its headers unless the request has them', async () => {
    await using origin = await startRecorder();
    await using caches = openCaches(settingsOf({ redisUrl: nowhere }));
    const fetch = caches.fetchFor('shop', defaults);
    await (await fetch(`${origin.url}/a`)).text();
    await (await fetch(`${origin.url}/b`, { headers: { 'User-Agent': 'own', accept: 'text/x' } })).text();
    await (await fetch(new Request(`${origin.url}/c`, { headers: { 'x-client': 'own' } }))).text();
    expect(origin.headers).toMatchObject([
      { 'user-agent': 'crawler/1', 'x-client': 'c' },
      { 'user-agent': 'own', 'x-client': 'c', accept: 'text/x' },
      { 'user-agent': 'crawler/1', 'x-client': 'own' },
    ]);
  });

  test('fetch fails after timeoutS, or when the signal of the request aborts', async () => {
    await using origin = await startRecorder();
    await using caches = openCaches(settingsOf({ redisUrl: nowhere }));
    const hasty = caches.fetchFor('shop', { timeoutS: 0.05 });
    await expect(hasty(`${origin.url}/slow`)).rejects.toThrow(
      expect.objectContaining({ name: 'TimeoutError' }),
    );
    const patient = caches.fetchFor('shop', { timeoutS: 600 });
    const signal = AbortSignal.abort(new Error('not needed'));
    await expect(patient(`${origin.url}/slow`, { signal })).rejects.toThrow('not needed');
  });

  test.each([
    ['an object', { 'User-Agent': 'own', 'x-many': ['1', '2'] }],
    ['a list', ['User-Agent', 'own', 'x-many', '1', 'x-many', '2']],
    [
      'pairs',
      new Map<string, string | string[]>([
        ['User-Agent', 'own'],
        ['x-many', ['1', '2']],
      ]),
    ],
  ])('an interceptor adds them to %s', async (_, headers) => {
    await using origin = await startRecorder();
    await using caches = openCaches(settingsOf({ redisUrl: nowhere }));
    const dispatcher = new Agent().compose(caches.interceptorFor('shop', defaults));
    const response = await request(`${origin.url}/a`, { dispatcher, headers: headers as string[] });
    expect(await response.body.text()).toBe('ok');
    expect(origin.headers[0]).toMatchObject({ 'user-agent': 'own', 'x-client': 'c', 'x-many': '1, 2' });
    await dispatcher.close();
  });

  test('an interceptor shares the cache of the service and has its timeout', async () => {
    await using origin = await startOrigin();
    await using recorder = await startRecorder();
    await using caches = openCaches(settingsOf({ redisUrl: nowhere }));
    const dispatcher = new Agent().compose(caches.interceptorFor('shop', { timeoutS: 0.5 }));
    expect(await (await caches.fetchFor('shop')(`${origin.url}/a`)).text()).toBe('1: /a');
    const { body } = await request(`${origin.url}/a`, { dispatcher });
    expect(await body.text()).toBe('1: /a');
    await expect(request(`${recorder.url}/slow`, { dispatcher })).rejects.toThrow('Headers Timeout');
    await dispatcher.destroy();
  });
});

test('settings without an effect emit a warning each', () => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  try {
    const env = { REDIS_MAX_CONNECTIONS: '100', REDIS_RETRY_ON_TIMEOUT: 'true' };
    readCacheSettings({}, { env, envFile: '/nowhere/.env' });
    expect(warn.mock.calls.map(([text]) => String(text).split(':')[0])).toEqual([
      'REDIS_MAX_CONNECTIONS has no effect',
      'REDIS_RETRY_ON_TIMEOUT has no effect',
    ]);
    warn.mockClear();
    readCacheSettings({}, { env: { REDIS_MAX_CONNECTIONS: '' }, envFile: '/nowhere/.env' });
    expect(warn).not.toHaveBeenCalled();
  } finally {
    warn.mockRestore();
  }
});

describeWithRedis('over a Redis', () => {
  let redis: RedisServer;
  beforeAll(async () => {
    redis = await startRedis();
    await redis.command('ACL', 'SETUSER', 'lent', 'on', '>secret', '~*', '&*', '+@all');
  });
  afterAll(() => redis[Symbol.asyncDispose]());
  const url = () => redis.url.replace('//', '//lent:secret@');

  async function connections(client: { sendCommand(args: string[]): Promise<unknown> }): Promise<number> {
    return String(await client.sendCommand(['CLIENT', 'LIST']))
      .trim()
      .split('\n').length;
  }

  test('an existing client lends its address and credentials, and stays open', async () => {
    const client = createClient({ url: url() });
    await client.connect();
    const caches = openCaches(settingsOf({ redisUrl: nowhere }), { client, prefix: 'lent' });
    await waitUntil('the caches are connected', () => isConnected(caches), SOON_MS);
    expect(await connections(client)).toBe(1 + 4);
    expect(await caches.cachedResult(async () => 7, { name: 'seven' })()).toBe(7);
    await caches.close();
    expect(await client.ping()).toBe('PONG');
    expect((await client.keys('lent:{results}:entry:*')).length).toBe(1);
    await waitUntil('only the client is connected', async () => (await connections(client)) === 1, SOON_MS);
    client.destroy();
  });

  test('sharedCaches connects once, and closes with the last caller', async () => {
    const client = createClient({ url: url() });
    await client.connect();
    const settings = () => settingsOf({ redisUrl: url() });
    const first = sharedCaches(settings());
    const second = sharedCaches(settings());
    await waitUntil('the caches are connected', () => isConnected(first), SOON_MS);
    expect(await connections(client)).toBe(1 + 4);
    const fn = vi.fn(async (id: number) => id);
    expect(await first.cachedResult(fn, { async: true, name: 'fn' })(1)).toBe(1);
    await first.close();
    await first.close();
    expect(await second.cachedResult(fn, { async: true, name: 'fn' })(1)).toBe(1);
    expect(fn).toHaveBeenCalledTimes(1);
    expect(isConnected(second)).toBe(true);
    await second.close();
    await waitUntil('the caches are closed', async () => (await connections(client)) === 1, SOON_MS);
    await using third = sharedCaches(settings());
    await waitUntil('new ones are connected', () => isConnected(third), SOON_MS);
    client.destroy();
  });
});

test('sharedCaches reports an error to each caller, and has separate caches for other settings', async () => {
  const errors: string[] = [];
  await using a = sharedCaches(settingsOf({ redisUrl: nowhere }), { onError: () => errors.push('a') });
  await using b = sharedCaches(settingsOf({ redisUrl: nowhere }), { onError: () => errors.push('b') });
  await using other = sharedCaches(settingsOf({ redisUrl: nowhere, maxKeyLength: 64 }));
  await waitUntil('both are told', () => errors.length === 4, SOON_MS);
  expect(errors.sort()).toEqual(['a', 'a', 'b', 'b']);
  const key = (caches: typeof a) => caches.cachedResult(async () => 1, { name: 'n' }).keyOf();
  expect(key(a)).toBe(key(b));
  expect(key(other)).not.toBe(key(a));
});
