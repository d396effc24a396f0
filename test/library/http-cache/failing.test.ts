import { describe, expect, test } from 'vitest';
import { type ByteStore, MemoryByteStore } from '../../../src/library/cache/index.ts';
import { settle } from '../../support/fake-clock.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { type Answer, openCache } from './support.ts';

const FOR_A_MINUTE = { 'cache-control': 'max-age=60' };
const PATIENCE_MS = 10_000;

describe('stale-while-revalidate', () => {
  const headers = { 'cache-control': 'max-age=10, stale-while-revalidate=20' };

  test('serves the old and asks once in the background', async () => {
    let body = 'old';
    await using setup = await openCache(() => ({ headers, body }));
    await setup.get();
    setup.clock.advance(15_000);
    body = 'new';
    const answers = await Promise.all([setup.get(), setup.get(), setup.get()]);
    expect(answers.map((answer) => [answer.body, answer.how])).toEqual(
      Array(3).fill(['old', 'roundhouse; hit; ttl=-5']),
    );
    await waitUntil('it is stored', () => setup.cache.stats().stores === 2, PATIENCE_MS);
    expect(await setup.get()).toMatchObject({ body: 'new', how: 'roundhouse; hit; ttl=10' });
    expect(setup.origin.requests).toHaveLength(2);
    expect(setup.cache.stats()).toMatchObject({ hits: 4, stale: 3 });
    setup.clock.advance(31_000);
    expect((await setup.get()).how).toContain('fwd=stale');
  });

  test('has a deadline in the background, and tells what failed', async () => {
    const errors: unknown[] = [];
    let asked = 0;
    await using setup = await openCache(
      () => {
        asked += 1;
        return asked === 1 ? { headers } : undefined;
      },
      { backgroundTimeoutS: 3, onError: (error) => errors.push(error) },
    );
    await setup.get();
    setup.clock.advance(15_000);
    expect((await setup.get()).how).toContain('hit');
    await waitUntil('the origin is asked', () => asked === 2, PATIENCE_MS);
    setup.clock.advance(3000);
    await waitUntil('it is told', () => errors.length === 1, PATIENCE_MS);
    expect(String(errors[0])).toContain('was not revalidated within 3 s');
    expect((await setup.get()).how).toContain('hit');
  });

  test('ends with the cache, which leaves no timer and no request behind', async () => {
    let asked = 0;
    const errors: unknown[] = [];
    await using setup = await openCache(
      () => {
        asked += 1;
        return asked === 1 ? { headers } : undefined;
      },
      { onError: (error) => errors.push(error) },
    );
    await setup.get();
    setup.clock.advance(15_000);
    await setup.get();
    await waitUntil('the origin is asked', () => asked === 2, PATIENCE_MS);
    await setup.cache.close();
    await waitUntil('it is told', () => errors.length === 1, PATIENCE_MS);
    await settle();
    expect(setup.clock.pending).toBe(0);
    expect(setup.cache.stats().inFlight).toBe(0);
  });
});

describe('stale-if-error', () => {
  const open = async (headers: Record<string, string>) => {
    let failure: Answer | 'cut' | undefined;
    const setup = await openCache((_, response) => {
      if (failure !== 'cut') return failure ?? { headers };
      response.destroy();
      return undefined;
    });
    return {
      setup,
      fail: (how: Answer | 'cut') => {
        failure = how;
      },
      [Symbol.asyncDispose]: () => setup[Symbol.asyncDispose](),
    };
  };

  test.each<[string, Answer | 'cut', string]>([
    ['drops the connection', 'cut', 'roundhouse; fwd=stale; ttl=-10; detail=stale-if-error'],
    ['answers 503', { status: 503 }, 'roundhouse; fwd=stale; fwd-status=503; ttl=-10; detail=stale-if-error'],
  ])('stands in where the origin %s', async (_, failure, how) => {
    await using opened = await open({ 'cache-control': 'max-age=60, stale-if-error=10' });
    const { setup, fail } = opened;
    await setup.get();
    setup.clock.advance(70_000);
    fail(failure);
    expect(await setup.get()).toMatchObject({ status: 200, body: 'body', how });
    const all = await Promise.all([setup.get(), setup.get()]);
    expect(all.map(({ body }) => body)).toEqual(['body', 'body']);
    setup.clock.advance(1000);
    if (failure === 'cut') await expect(setup.get()).rejects.toThrow('fetch failed');
    else expect((await setup.get()).status).toBe(503);
  });

  test.each(['must-revalidate', 'no-cache'])('does not go against %s', async (directive) => {
    await using opened = await open({ 'cache-control': `max-age=60, stale-if-error=10, ${directive}` });
    const { setup, fail } = opened;
    await setup.get();
    setup.clock.advance(61_000);
    fail({ status: 503 });
    expect((await setup.get()).status).toBe(503);
    fail('cut');
    await expect(setup.get()).rejects.toThrow('fetch failed');
  });

  test('may be allowed by the request', async () => {
    await using opened = await open(FOR_A_MINUTE);
    const { setup, fail } = opened;
    await setup.get();
    setup.clock.advance(61_000);
    fail({ status: 503 });
    expect((await setup.get('/', { 'cache-control': 'stale-if-error=60' })).body).toBe('body');
    expect((await setup.get()).status).toBe(503);
  });
});

describe('a store', () => {
  /** A store over memory whose operations can be made to misbehave. */
  function unreliable() {
    const inner = new MemoryByteStore();
    const state = { fails: (_operation: keyof ByteStore) => false, spoil: (bytes: Uint8Array) => bytes };
    const risk = async (operation: keyof ByteStore) => {
      if (state.fails(operation)) throw new Error(`the store fails to ${operation}`);
    };
    const store: ByteStore = {
      async get(key) {
        await risk('get');
        const found = await inner.get(key);
        return found && { ...found, bytes: state.spoil(found.bytes) };
      },
      async set(key, bytes, ttlMs) {
        await risk('set');
        await inner.set(key, bytes, ttlMs);
      },
      async delete(key) {
        await risk('delete');
        await inner.delete(key);
      },
    };
    return { store, state };
  }

  test('that fails is a miss and a count, never a failed request', async () => {
    const { store, state } = unreliable();
    const errors: unknown[] = [];
    await using setup = await openCache(
      { headers: FOR_A_MINUTE },
      {
        store,
        onError: (error) => {
          errors.push(error);
          throw new Error('who listens fails too');
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
    expect((await setup.get()).how).toContain('hit');
  });

  test('that fails still leaves a hundred requests sharing one', async () => {
    const { store, state } = unreliable();
    await using setup = await openCache({ headers: FOR_A_MINUTE }, { store });
    state.fails = () => true;
    const all = await Promise.all(Array.from({ length: 100 }, () => setup.get()));
    expect(all.every(({ body }) => body === 'body')).toBe(true);
    expect(setup.origin.requests.length).toBeLessThan(5);
  });

  test('that does not take an invalidation is told again before the URL is next looked up', async () => {
    const { store, state } = unreliable();
    await using setup = await openCache({ headers: FOR_A_MINUTE }, { store });
    await setup.get();
    state.fails = (operation) => operation !== 'get';
    await setup.get('/', {}, 'POST');
    expect((await setup.get()).how).toContain('uri-miss');
    state.fails = () => false;
    expect((await setup.get()).how).toContain('uri-miss');
    expect((await setup.get()).how).toContain('hit');
  });

  test.each([
    ['a record', 'x'],
    ['a body', 'x'.repeat(20_000)],
  ])('that damages %s is a miss', async (_, body) => {
    const { store, state } = unreliable();
    await using setup = await openCache({ headers: FOR_A_MINUTE, body }, { store });
    await setup.get();
    state.spoil = (bytes) => {
      const spoilt = Uint8Array.from(bytes);
      spoilt[spoilt.length - 1]! ^= 1;
      return spoilt;
    };
    expect(await setup.get()).toMatchObject({ body, how: expect.stringContaining('fwd=') });
    expect(setup.cache.stats().storeErrors).toBeGreaterThan(0);
    state.spoil = () => new Uint8Array([1, 2, 3]);
    expect((await setup.get()).body).toBe(body);
    state.spoil = (bytes) => bytes;
    await setup.get();
    expect((await setup.get()).how).toContain('hit');
  });

  test('that has lost a body which a 304 confirms makes the cache ask for all of it', async () => {
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
    state.spoil = (bytes) => (bytes.byteLength === body.length ? new Uint8Array() : bytes);
    expect(await setup.get()).toMatchObject({ status: 200, body });
    expect(setup.origin.requests).toHaveLength(3);
  });
});

test('after close, requests pass uncached', async () => {
  await using setup = await openCache({ headers: FOR_A_MINUTE });
  await setup.get();
  await setup.cache.close();
  expect((await setup.get()).how).toBe('roundhouse; fwd=bypass; fwd-status=200');
});

test('close waits until what is being stored is stored', async () => {
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
  expect(await closed).toBe(1);
});
