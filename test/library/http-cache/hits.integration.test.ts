import { type Dispatcher, getGlobalDispatcher } from 'undici';
import { expect, test } from 'vitest';
import { openCache } from './support.ts';

const HEADERS = { 'cache-control': 'max-age=60', 'x-lines': ['one', 'two'] };
/** Stored within the record, and apart from it. */
const BODIES = ['short', 'x'.repeat(100_000)];

type Handler = Dispatcher.DispatchHandler;
type Controller = Dispatcher.DispatchController;

async function openHit(body: string) {
  const setup = await openCache({ headers: HEADERS, body });
  const dispatcher = getGlobalDispatcher().compose(setup.cache.interceptor());
  // The second request decodes the record.
  for (let i = 0; i < 2; i += 1) await setup.get();
  const dispatch = (handler: Handler) =>
    dispatcher.dispatch({ origin: setup.url, path: '/', method: 'GET' }, { onRequestStart() {}, ...handler });
  return { dispatch, setup, [Symbol.asyncDispose]: () => setup[Symbol.asyncDispose]() };
}

test.for(BODIES)('a hit in memory is complete before dispatch returns', async (body) => {
  await using hit = await openHit(body);
  const received: string[] = [];
  hit.dispatch({
    onResponseStart: (_controller, status, headers) =>
      void received.push(`${status} ${headers['cache-status']}`),
    onResponseData: (_controller, chunk) => void received.push(chunk.toString()),
    onResponseEnd: () => void received.push('end'),
  });
  expect(received).toEqual(['200 roundhouse; hit; ttl=60', body, 'end']);
  expect(hit.setup.cache.stats()).toMatchObject({ hits: 2, misses: 1, bytesServed: 2 * body.length });
});

test('a handler that pauses gets the end once it has resumed', async () => {
  await using hit = await openHit('body');
  const received: string[] = [];
  const ended = Promise.withResolvers<void>();
  let paused: Controller | undefined;
  hit.dispatch({
    onResponseData(controller, chunk) {
      received.push(chunk.toString());
      paused = controller;
      controller.pause();
    },
    onResponseEnd: () => ended.resolve(),
  });
  ended.promise.then(() => received.push('end'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(received).toEqual(['body']);
  paused!.resume();
  await ended.promise;
  expect(received).toEqual(['body', 'end']);
});

test('a handler that aborts at the start of the response gets no data', async () => {
  await using hit = await openHit('body');
  const received: string[] = [];
  const failed = Promise.withResolvers<Error>();
  hit.dispatch({
    onResponseStart: (controller) => controller.abort(new Error('not needed')),
    onResponseData: () => void received.push('data'),
    onResponseEnd: () => void received.push('end'),
    onResponseError: (_controller, error) => failed.resolve(error),
  });
  expect((await failed.promise).message).toBe('not needed');
  expect(received).toEqual([]);
});

test.for(BODIES)(
  'what a caller of fetch does to a body does not change the stored response',
  async (body) => {
    await using hit = await openHit(body);
    const { cache, url } = hit.setup;
    for (let i = 0; i < 2; i += 1) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of (await cache.fetch(url)).body!) chunks.push(chunk);
      expect(Buffer.concat(chunks).toString()).toBe(body);
      for (const chunk of chunks) chunk.fill(0);
      const bytes = await (await cache.fetch(url)).bytes();
      expect(Buffer.from(bytes).toString()).toBe(body);
      structuredClone(bytes.fill(0), { transfer: [bytes.buffer as ArrayBuffer] });
    }
    // The same for a body that is stored while it is read.
    const response = await cache.fetch(`${url}/other`);
    for await (const chunk of response.body!) (chunk as Uint8Array).fill(0);
    expect(await (await cache.fetch(`${url}/other`)).text()).toBe(body);
  },
);

test.for(BODIES)('what a handler does to a reply does not change the stored response', async (body) => {
  await using hit = await openHit(body);
  const seen: unknown[] = [];
  for (let i = 0; i < 2; i += 1) {
    hit.dispatch({
      onResponseStart(controller, _status, headers) {
        seen.push(structuredClone([headers, controller.rawHeaders]));
        for (const name of Object.keys(headers)) delete headers[name];
        for (const name of Object.keys(controller.rawHeaders!)) delete Object(controller.rawHeaders)[name];
      },
      onResponseData(_controller, chunk) {
        seen.push(chunk.toString());
        chunk.fill(0);
      },
    });
  }
  const [headers, received, headersAgain, receivedAgain] = seen as [object[], string, object[], string];
  expect(headers[0]).toMatchObject(HEADERS);
  expect(headers[1]).toEqual(headers[0]);
  expect(headersAgain).toEqual(headers);
  expect([received, receivedAgain]).toEqual([body, body]);
});
