import { gunzipSync, gzipSync } from 'node:zlib';
import { Agent, getGlobalDispatcher, interceptors, request } from 'undici';
import { expect, test } from 'vitest';
import { openCache } from './support.ts';

const FOR_A_MINUTE = { 'cache-control': 'max-age=60' };

test('fetch and the interceptor share stored responses', async () => {
  await using setup = await openCache({ headers: FOR_A_MINUTE });
  await setup.get();
  expect((await setup.request('/')).cacheStatus).toBe('roundhouse; hit; ttl=60');
});

test('fetch follows redirects and caches each hop separately', async () => {
  await using setup = await openCache((incoming) =>
    incoming.url === '/from'
      ? { status: 302, headers: { location: '/to', 'cache-control': 'max-age=10' }, body: '' }
      : { headers: FOR_A_MINUTE, body: 'arrived' },
  );
  for (let i = 0; i < 2; i += 1) {
    const response = await setup.cache.fetch(`${setup.url}/from`);
    expect(response).toBeInstanceOf(globalThis.Response);
    expect([await response.text(), response.redirected, response.url]).toEqual([
      'arrived',
      true,
      `${setup.url}/to`,
    ]);
  }
  expect(setup.origin.requests).toEqual(['GET /from', 'GET /to']);
  setup.clock.advance(11_000);
  await setup.get('/from');
  expect(setup.origin.requests).toEqual(['GET /from', 'GET /to', 'GET /from']);
});

test('an encoded body is stored encoded and decoded only by fetch', async () => {
  const packed = gzipSync('unpacked');
  await using setup = await openCache((_, response) => {
    response.writeHead(200, { ...FOR_A_MINUTE, 'content-encoding': 'gzip' }).end(packed);
    return undefined;
  });
  for (let i = 0; i < 2; i += 1) expect((await setup.get()).body).toBe('unpacked');
  const { body } = await request(setup.url, {
    dispatcher: getGlobalDispatcher().compose(setup.cache.interceptor()),
  });
  expect(gunzipSync(await body.bytes()).toString()).toBe('unpacked');
  expect(setup.origin.requests).toHaveLength(1);
});

test("fetch accepts Node's own Request and FormData, a dispatcher, and the cache modes", async () => {
  const received: string[] = [];
  await using setup = await openCache((incoming, response) => {
    let body = '';
    incoming.on('data', (chunk) => {
      body += chunk;
    });
    incoming.on('end', () => {
      received.push(`${incoming.method} ${incoming.headers['x-mine']} ${body}`);
      response.writeHead(200, FOR_A_MINUTE).end('body');
    });
    return undefined;
  });
  const dispatcher = new Agent();
  const { fetch } = setup.cache;
  const own = new globalThis.Request(setup.url, {
    method: 'POST',
    body: 'hello',
    headers: { 'x-mine': '1' },
  });
  await (await fetch(own)).text();
  const form = new globalThis.FormData();
  form.set('name', 'value');
  await (await fetch(setup.url, { method: 'POST', body: form, dispatcher })).text();
  expect(received[0]).toBe('POST 1 hello');
  expect(received[1]).toContain('name="name"');
  const cacheStatus = async (cache: 'default' | 'no-store' | 'reload' | 'no-cache') => {
    const response = await fetch(setup.url, { cache, dispatcher });
    await response.text();
    return response.headers.get('cache-status')?.split('; ')[1];
  };
  expect(await cacheStatus('default')).toBe('fwd=uri-miss');
  expect(await cacheStatus('default')).toBe('hit');
  for (const mode of ['no-store', 'reload', 'no-cache'] as const)
    expect(await cacheStatus(mode)).toBe('fwd=request');
  await dispatcher.close();
});

test('interim responses and trailers are passed on', async () => {
  await using setup = await openCache((_, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    response.writeHead(200, { ...FOR_A_MINUTE, trailer: 'x-sum' });
    response.write('body');
    response.addTrailers({ 'x-sum': '42' });
    response.end();
    return undefined;
  });
  const interim: unknown[] = [];
  const { body, trailers } = await request(setup.url, {
    dispatcher: getGlobalDispatcher().compose(setup.cache.interceptor()),
    onInfo: ({ statusCode, headers }) => interim.push([statusCode, headers.link]),
  });
  await body.text();
  expect(interim).toEqual([[103, '</style.css>; rel=preload']]);
  expect(trailers).toEqual({ 'x-sum': '42' });
});

test('the interceptor composes with retry below and redirect above it', async () => {
  let requests = 0;
  await using setup = await openCache((incoming, response) => {
    requests += 1;
    if (incoming.url === '/from')
      return { status: 302, headers: { ...FOR_A_MINUTE, location: '/to' }, body: '' };
    if (requests === 2) {
      response.writeHead(503, { 'retry-after': '0' }).end();
      return undefined;
    }
    return { headers: FOR_A_MINUTE, body: 'arrived' };
  });
  const dispatcher = getGlobalDispatcher().compose(
    interceptors.retry({ minTimeout: 1, maxRetries: 2 }),
    setup.cache.interceptor(),
    interceptors.redirect({ maxRedirections: 2 }),
  );
  for (let i = 0; i < 2; i += 1) {
    const { body } = await request(`${setup.url}/from`, { dispatcher });
    expect(await body.text()).toBe('arrived');
  }
  expect(requests).toBe(3);
});

test('an error or abort in the handler fails only that request', async () => {
  await using setup = await openCache({ headers: FOR_A_MINUTE });
  const dispatcher = getGlobalDispatcher().compose(setup.cache.interceptor());
  const outcome = (handler: object) =>
    new Promise<string>((resolve) => {
      dispatcher.dispatch(
        { origin: setup.url, path: '/', method: 'GET' },
        {
          onRequestStart() {},
          onResponseEnd: () => resolve('ended'),
          onResponseError: (_controller, error) => resolve(error.message),
          ...handler,
        },
      );
    });
  const boom = () => {
    throw new Error('boom');
  };
  await setup.get();
  expect(await outcome({ onResponseStart: boom })).toBe('boom');
  expect(await outcome({ onResponseData: boom })).toBe('boom');
  const abort = (controller: { abort(reason: Error): void }) =>
    controller.abort(new Error('aborted at start'));
  expect(await outcome({ onRequestStart: abort })).toBe('aborted at start');
  expect(await outcome({})).toBe('ended');
});

test('a path that looks like a URL never selects another origin', async () => {
  await using victim = await openCache({ headers: FOR_A_MINUTE, body: 'of the victim' });
  await using attacker = await openCache({ headers: FOR_A_MINUTE, body: 'of the attacker' });
  const dispatcher = getGlobalDispatcher().compose(victim.cache.interceptor());
  const read = async (origin: string, path: string) => {
    const { body } = await dispatcher.request({ origin, path, method: 'GET' });
    return body.text();
  };
  const host = victim.url.slice('http:'.length);
  expect(await read(attacker.url, `${host}/`)).toBe('of the attacker');
  expect(await read(attacker.url, `${victim.url}/`)).toBe('of the attacker');
  expect(await read(victim.url, '/')).toBe('of the victim');
  expect(attacker.origin.requests).toEqual([`GET ${host}/`, `GET ${victim.url}/`]);
});

test('the key contains the query as sent, but not the fragment', async () => {
  await using setup = await openCache({ headers: FOR_A_MINUTE });
  await setup.get('/?a=1&b=2#one');
  expect((await setup.get('/?a=1&b=2#two')).cacheStatus).toContain('hit');
  expect((await setup.get('/?b=2&a=1')).cacheStatus).toContain('uri-miss');
});
