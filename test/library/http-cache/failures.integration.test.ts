import { describe, expect, test } from 'vitest';
import { type ByteStore, MemoryByteStore } from '../../../src/library/cache/index.ts';
import { settle } from '../../support/fake-clock.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { type OriginReply, openCache } from './support.ts';

const FOR_A_MINUTE = { 'cache-control': 'max-age=60' };
const TIMEOUT_MS = 10_000;

describe('stale-while-revalidate', () => {
  const headers = { 'cache-control': 'max-age=10, stale-while-revalidate=20' };

  test('serves the stale response and revalidates it once in the background', async () => {
    let body = 'old';
    await using setup = await openCache(() => ({ headers, body }));
    await setup.get();
    setup.clock.advance(15_000);
    body = 'new';
    const replies = await Promise.all([setup.get(), setup.get(), setup.get()]);
    expect(replies.map((reply) => [reply.body, reply.cacheStatus])).toEqual(
      Array(3).fill(['old', 'roundhouse; hit; ttl=-5']),
    );
    await waitUntil('the new response is stored', () => setup.cache.stats().stores === 2, TIMEOUT_MS);
    expect(await setup.get()).toMatchObject({ body: 'new', cacheStatus: 'roundhouse; hit; ttl=10' });
    expect(setup.origin.requests).toHaveLength(2);
    expect(setup.cache.stats()).toMatchObject({ hits: 4, stale: 3 });
    setup.clock.advance(31_000);
    expect((await setup.get()).cacheStatus).toContain('fwd=stale');
  });

  test('times out in the background and reports the error', async () => {
    const errors: unknown[] = [];
    let requests = 0;
    await using setup = await openCache(
      () => {
        requests += 1;
        return requests === 1 ? { headers } : undefined;
      },
      { backgroundTimeoutS: 3, onError: (error) => errors.push(error) },
    );
    await setup.get();
    setup.clock.advance(15_000);
    expect((await setup.get()).cacheStatus).toContain('hit');
    await waitUntil('the request reaches the origin', () => requests === 2, TIMEOUT_MS);
    setup.clock.advance(3000);
    await waitUntil('the error is reported', () => errors.length === 1, TIMEOUT_MS);
    expect(String(errors[0])).toContain('timed out after 3 s');
    expect((await setup.get()).cacheStatus).toContain('hit');
  });

  test('is aborted by close, which leaves no timer and no request', async () => {
    let requests = 0;
    const errors: unknown[] = [];
    await using setup = await openCache(
      () => {
        requests += 1;
        return requests === 1 ? { headers } : undefined;
      },
      { onError: (error) => errors.push(error) },
    );
    await setup.get();
    setup.clock.advance(15_000);
    await setup.get();
    await waitUntil('the request reaches the origin', () => requests === 2, TIMEOUT_MS);
    await setup.cache.close();
    await waitUntil('the error is reported', () => errors.length === 1, TIMEOUT_MS);
    await settle();
    expect(setup.clock.pending).toBe(0);
    expect(setup.cache.stats().inFlight).toBe(0);
  });
});

describe('stale-if-error', () => {
  const open = async (headers: Record<string, string>) => {
    let failure: OriginReply | 'disconnect' | undefined;
    const setup = await openCache((_, response) => {
      if (failure !== 'disconnect') return failure ?? { headers };
      response.destroy();
      return undefined;
    });
    return {
      setup,
      fail: (mode: OriginReply | 'disconnect') => {
        failure = mode;
      },
      [Symbol.asyncDispose]: () => setup[Symbol.asyncDispose](),
    };
  };

  test.each<[string, OriginReply | 'disconnect', string]>([
    ['closes the connection', 'disconnect', 'roundhouse; fwd=stale; ttl=-10; detail=stale-if-error'],
    [
      'responds with 503',
      { status: 503 },
      'roundhouse; fwd=stale; fwd-status=503; ttl=-10; detail=stale-if-error',
    ],
  ])('serves the stored response if the origin %s', async (_, failure, cacheStatus) => {
    await using opened = await open({ 'cache-control': 'max-age=60, stale-if-error=10' });
    const { setup, fail } = opened;
    await setup.get();
    setup.clock.advance(70_000);
    fail(failure);
    expect(await setup.get()).toMatchObject({ status: 200, body: 'body', cacheStatus });
    const all = await Promise.all([setup.get(), setup.get()]);
    expect(all.map(({ body }) => body)).toEqual(['body', 'body']);
    setup.clock.advance(1000);
    if (failure === 'disconnect') await expect(setup.get()).rejects.toThrow('fetch failed');
    else expect((await setup.get()).status).toBe(503);
  });

  test.each(['must-revalidate', 'no-cache'])('does not override %s', async (directive) => {
    await using opened = await open({ 'cache-control': `max-age=60, stale-if-error=10, ${directive}` });
    const { setup, fail } = opened;
    await setup.get();
    setup.clock.advance(61_000);
    fail({ status: 503 });
    expect((await setup.get()).status).toBe(503);
    fail('disconnect');
    await expect(setup.get()).rejects.toThrow('fetch failed');
  });

  test('is also a request directive', async () => {
    await using opened = await open(FOR_A_MINUTE);
    const { setup, fail } = opened;
    await setup.get();
    setup.clock.advance(61_000);
    fail({ status: 503 });
    expect((await setup.get('/', { 'cache-control': 'stale-if-error=60' })).body).toBe('body');
    expect((await setup.get()).status).toBe(503);
  });
});

describe('the store', () => {
  /** A store in memory whose operations can be made to fail or to return corrupt bytes. */
  function unreliable() {
    const inner = new MemoryByteStore();
    const state = { fails: (_operation: keyof ByteStore) => false, corrupt: (bytes: Uint8Array) => bytes };
    const mayFail = async (operation: keyof ByteStore) => {
      if (state.fails(operation)) throw new Error(`${operation} failed`);
    };
    const store: ByteStore = {
      async get(key) {
        await mayFail('get');
        const found = await inner.get(key);
        return found && { ...found, bytes: state.corrupt(found.bytes) };
      },
      async set(key, bytes, ttlMs) {
        await mayFail('set');
        await inner.set(key, bytes, ttlMs);
      },
      async delete(key) {
        await mayFail('delete');
        await inner.delete(key);
      },
    };
    return { store, state };
  }

  test('an error is a miss and is counted; no request fails', async () => {
    const { store, state } = unreliable();
    const errors: unknown[] = [];
    await using setup = await openCache(
      { headers: FOR_A_MINUTE },
      {
        store,
        onError: (error) => {
          errors.push(error);
          throw new Error('onError failed');
        },
      },
    );
    state.fails = () => true;
    for (let i = 0; i < 3; i += 1) expect((await setup.get()).body).toBe('body');
    await setup.get('/', {}, 'POST');
    await setup.cache.clear();
    expect(setup.origin.requests).toHaveLength(4);
    expect(setup.cache.stats().storeErrors).toBe(errors.length);
    expect(errors.length).toBeGreaterThan(5);
    state.fails = () => false;
    await setup.get();
    expect((await setup.get()).cacheStatus).toContain('hit');
  });

  test('requests are collapsed while it fails', async () => {
    const { store, state } = unreliable();
    await using setup = await openCache({ headers: FOR_A_MINUTE }, { store });
    state.fails = () => true;
    const all = await Promise.all(Array.from({ length: 100 }, () => setup.get()));
    expect(all.every(({ body }) => body === 'body')).toBe(true);
    expect(setup.origin.requests.length).toBeLessThan(5);
  });

  test('a failed invalidation is retried before the next look-up of the URL', async () => {
    const { store, state } = unreliable();
    await using setup = await openCache({ headers: FOR_A_MINUTE }, { store });
    await setup.get();
    state.fails = (operation) => operation !== 'get';
    await setup.get('/', {}, 'POST');
    expect((await setup.get()).cacheStatus).toContain('uri-miss');
    state.fails = () => false;
    expect((await setup.get()).cacheStatus).toContain('uri-miss');
    expect((await setup.get()).cacheStatus).toContain('hit');
  });

  test.each([
    ['record', 'x'],
    ['body', 'x'.repeat(20_000)],
  ])('a corrupt %s is a miss', async (_, body) => {
    const { store, state } = unreliable();
    await using setup = await openCache({ headers: FOR_A_MINUTE, body }, { store });
    await setup.get();
    state.corrupt = (bytes) => {
      const corrupted = Uint8Array.from(bytes);
      corrupted[corrupted.length - 1]! ^= 1;
      return corrupted;
    };
    expect(await setup.get()).toMatchObject({ body, cacheStatus: expect.stringContaining('fwd=') });
    expect(setup.cache.stats().storeErrors).toBeGreaterThan(0);
    state.corrupt = () => new Uint8Array([1, 2, 3]);
    expect((await setup.get()).body).toBe(body);
    state.corrupt = (bytes) => bytes;
    await setup.get();
    expect((await setup.get()).cacheStatus).toContain('hit');
  });

  test('if the body is lost when a 304 validates it, the complete response is requested', async () => {
    const body = 'x'.repeat(20_000);
    const { store, state } = unreliable();
    await using setup = await openCache(
      (request) =>
        request.headers['if-none-match'] === '"a"'
          ? { status: 304, headers: FOR_A_MINUTE, body: '' }
          : { headers: { ...FOR_A_MINUTE, etag: '"a"' }, body },
      { store },
    );
    await setup.get();
    setup.clock.advance(61_000);
    state.corrupt = (bytes) => (bytes.byteLength === body.length ? new Uint8Array() : bytes);
    expect(await setup.get()).toMatchObject({ status: 200, body });
    expect(setup.origin.requests).toHaveLength(3);
  });
});

test('requests bypass a closed cache', async () => {
  await using setup = await openCache({ headers: FOR_A_MINUTE });
  await setup.get();
  await setup.cache.close();
  expect((await setup.get()).cacheStatus).toBe('roundhouse; fwd=bypass; fwd-status=200');
});

test('close waits for pending writes', async () => {
  const inner = new MemoryByteStore();
  const gate = Promise.withResolvers<void>();
  const store: ByteStore = {
    get: (key) => inner.get(key),
    set: async (key, bytes, ttlMs) => {
      await gate.promise;
      await inner.set(key, bytes, ttlMs);
    },
    delete: (key) => inner.delete(key),
  };
  await using setup = await openCache({ headers: FOR_A_MINUTE }, { store });
  await setup.get();
  const closed = setup.cache.close().then(() => inner.size);
  gate.resolve();
  // The response, and the generations of the cache and the service.
  expect(await closed).toBe(3);
});
