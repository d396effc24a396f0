import { expect, test, vi } from 'vitest';
import type { ByteStore, StoredBytes } from '../../../src/library/cache/index.ts';
import { createHttpCache, type HttpCache } from '../../../src/library/http-cache/index.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { openCache } from './support.ts';

/*
 * Two caches, as two processes would have them, over a store that both share. Each race is brought about step by step.
 */

const FOR_A_MINUTE = { 'cache-control': 'max-age=60' };
const SOON_MS = 20_000;

/** A shared store with a copy in each process, which is dropped only when the messages are delivered. */
class Tier implements ByteStore {
  readonly #shared: Map<string, StoredBytes>;
  readonly #copies = new Map<string, StoredBytes>();
  readonly #messages = new Set<string>();
  others: readonly Tier[] = [];

  constructor(shared: Map<string, StoredBytes>) {
    this.#shared = shared;
  }

  async get(key: string): Promise<StoredBytes | undefined> {
    const stored = this.#copies.get(key) ?? this.#shared.get(key);
    if (stored) this.#copies.set(key, stored);
    return stored;
  }

  async getLatest(key: string): Promise<StoredBytes | undefined> {
    return this.#shared.get(key);
  }

  async set(key: string, bytes: Uint8Array, ttlMs: number): Promise<void> {
    const stored = { bytes, ttlMs };
    this.#copies.set(key, stored);
    this.#shared.set(key, stored);
    for (const other of this.others) other.#messages.add(key);
  }

  async add(key: string, bytes: Uint8Array, ttlMs: number): Promise<boolean> {
    if (this.#shared.has(key)) return false;
    await this.set(key, bytes, ttlMs);
    return true;
  }

  async delete(key: string): Promise<void> {
    this.#copies.delete(key);
    this.#shared.delete(key);
    for (const other of this.others) other.#messages.add(key);
  }

  /** Receives the messages of the other processes. */
  deliver(): void {
    for (const key of this.#messages) this.#copies.delete(key);
    this.#messages.clear();
  }
}

function twoTiers(): [Tier, Tier] {
  const shared = new Map<string, StoredBytes>();
  const tiers: [Tier, Tier] = [new Tier(shared), new Tier(shared)];
  tiers[0].others = [tiers[1]];
  tiers[1].others = [tiers[0]];
  return tiers;
}

async function text(cache: HttpCache, url: string, method = 'GET'): Promise<string> {
  return (await cache.fetch(url, { method })).text();
}

/** An origin whose GET responses are held back while `holding` is set. */
async function openHeld(store: ByteStore) {
  const state = { body: 'before', holding: false, respond: undefined as (() => void) | undefined };
  const own = await openCache(
    (request, response) => {
      const { body } = state;
      if (request.method !== 'GET' || !state.holding) return { headers: FOR_A_MINUTE, body };
      state.respond = () => response.writeHead(200, FOR_A_MINUTE).end(body);
      return undefined;
    },
    { store },
  );
  return { own, state };
}

test('an invalidation by another process is not lost to a response whose request preceded it, before its message', async () => {
  const [storeA, storeB] = twoTiers();
  const { own, state } = await openHeld(storeA);
  await using a = own;
  await using b = createHttpCache({ store: storeB, wallClock: own.wallClock });
  const url = `${own.url}/page`;
  // This process has a copy of an earlier invalidation.
  await text(a.cache, url, 'POST');
  state.holding = true;
  const early = text(a.cache, url);
  await waitUntil('the request is sent', () => state.respond !== undefined, SOON_MS);
  state.holding = false;
  state.body = 'after';
  // The other process invalidates. Its messages have not been delivered when the response arrives.
  await text(b, url, 'POST');
  state.respond!();
  expect(await early).toBe('before');
  // A second request waits for the response to be stored.
  await text(a.cache, url);
  storeA.deliver();
  storeB.deliver();
  expect(await text(b, url)).toBe('after');
  storeA.deliver();
  expect(await text(a.cache, url)).toBe('after');
});

test('processes that open an empty store at the same time have the same generation', async () => {
  const [storeA, storeB] = twoTiers();
  // Both have read the empty store before one of them writes.
  const bothHaveRead = Promise.withResolvers<void>();
  let reading = 0;
  for (const store of [storeA, storeB]) {
    const get = store.get.bind(store);
    vi.spyOn(store, 'get').mockImplementation(async (key) => {
      const stored = await get(key);
      if (!key.endsWith(':generation:all')) return stored;
      reading += 1;
      if (reading === 2) bothHaveRead.resolve();
      await bothHaveRead.promise;
      return stored;
    });
  }
  const { own, state } = await openHeld(storeA);
  await using a = own;
  await using b = createHttpCache({ store: storeB, wallClock: own.wallClock });
  const url = `${own.url}/page`;
  await Promise.all([text(a.cache, `${own.url}/a`), text(b, `${own.url}/b`)]);
  await text(a.cache, url);
  // Stored: a second request waits for it.
  await text(a.cache, url);
  storeB.deliver();
  state.body = 'after';
  expect(await text(b, url)).toBe('before');
});

test('a process that starts does not undo the clear of another one', async () => {
  const [storeA, storeB] = twoTiers();
  const { own, state } = await openHeld(storeA);
  await using a = own;
  await using b = createHttpCache({ store: storeB, wallClock: own.wallClock });
  const url = `${own.url}/page`;
  // What the second process writes as its generation is held back until the first one has cleared.
  const adding = Promise.withResolvers<void>();
  const mayWrite = Promise.withResolvers<void>();
  const held = async (key: string) => {
    if (key.endsWith(':generation:all')) await mayWrite.promise;
  };
  const { set, add } = storeB;
  vi.spyOn(storeB, 'set').mockImplementation(async (key, bytes, ttlMs) => {
    await held(key);
    await set.call(storeB, key, bytes, ttlMs);
  });
  vi.spyOn(storeB, 'add').mockImplementation(async (key, bytes, ttlMs) => {
    adding.resolve();
    await held(key);
    return await add.call(storeB, key, bytes, ttlMs);
  });
  const starting = text(b, url);
  // If the request does not wait until the generation is written, its response is from before the clear.
  await Promise.race([starting, adding.promise]);
  await a.cache.clear();
  state.body = 'after';
  mayWrite.resolve();
  await starting;
  // Stored: a second request waits for it.
  await text(b, url);
  storeA.deliver();
  own.clock.advance(5001);
  expect(await text(a.cache, url)).toBe('after');
});
