import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ByteStore, MemoryByteStore } from '../../../src/library/cache/index.ts';
import {
  createHttpCache,
  type HttpCache,
  type HttpCacheOptions,
} from '../../../src/library/http-cache/index.ts';
import { RedisByteStore, TieredByteStore } from '../../../src/library/redis/index.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { connectedLink, freshNamespace, SOON_MS } from '../redis/support.ts';
import { openCache } from './support.ts';

/*
 * Two caches, as two processes would have them, over one store. Their wall clocks differ. An invalidation by one
 * must reach the other, whichever of the clocks is ahead.
 */

const FOR_A_MINUTE = { 'cache-control': 'max-age=60' };
const APART_MS = [-3_600_000, -5000, 0, 5000, 3_600_000];

/** Opens the stores of both caches. */
type OpenStores = () => Promise<
  { stores: readonly [ByteStore, ByteStore]; settle?: () => Promise<void> } & AsyncDisposable
>;

function describeClocks(
  name: string,
  open: OpenStores,
  describeStore: (name: string, tests: () => void) => void = describe,
): void {
  describeStore(`caches whose wall clocks differ, over ${name}`, () => {
    test.each(APART_MS)('by %i ms', async (apartMs) => {
      await using opened = await open();
      const [ownStore, otherStore] = opened.stores;
      const settle = opened.settle ?? (async () => {});
      // At the origin of both: a response that is stored by one is fresh for the other.
      let body = 1;
      await using own = await openCache(() => ({ headers: FOR_A_MINUTE, body: `${body}` }), {
        store: ownStore,
      });
      const clock = new FakeClock();
      const otherWall = () => own.wallClock() + apartMs;
      await using other = createHttpCache({ store: otherStore, clock, wallClock: otherWall });
      const { cache } = own;

      for (const [first, second] of [
        [cache, other],
        [other, cache],
      ] as const) {
        for (const headers of [{}, { authorization: 'user' }]) {
          const path = `/${body}`;
          const read = async (from: HttpCache) => {
            const answer = await text(from, `${own.url}${path}`, { headers });
            // A store that sends in the background has sent what is stored after the second answer.
            return opened.settle ? text(from, `${own.url}${path}`, { headers }) : answer;
          };
          body += 1;
          const before = body;
          expect(await read(first)).toBe(`${before}`);
          await settle();
          body += 1;
          // An unsafe request through the other cache.
          await text(second, `${own.url}${path}`, { method: 'POST' });
          await settle();
          expect(await read(first)).toBe(`${before + 1}`);
          await settle();
          // The new response is stored and valid for both, unless the clocks make it look old.
          expect(await read(first)).toBe(`${before + 1}`);
          body += 1;
          await second.clear(`${own.url}${path}`);
          await settle();
          expect(await read(first)).toBe(`${before + 2}`);
          await settle();
          body += 1;
          await second.clear();
          await settle();
          own.clock.advance(5001);
          expect(await read(first)).toBe(`${before + 3}`);
          await settle();
        }
      }
    });

    test('a response to a request that was sent before the invalidation is not stored', async () => {
      await using opened = await open();
      const [ownStore, otherStore] = opened.stores;
      const settle = opened.settle ?? (async () => {});
      let respond: (() => void) | undefined;
      await using own = await openCache(
        (request, response) => {
          if (request.method === 'GET' && request.url === '/held') {
            respond = () => response.writeHead(200, FOR_A_MINUTE).end('before');
            return undefined;
          }
          return { headers: FOR_A_MINUTE, body: 'after' };
        },
        { store: ownStore },
      );
      await using other = createHttpCache({ store: otherStore, wallClock: () => own.wallClock() - 60_000 });
      const url = `${own.url}/held`;
      for (const [reader, writer] of [
        [own.cache, other],
        [other, own.cache],
      ] as const) {
        respond = undefined;
        const pending = text(reader, url);
        await waitUntil('the request is sent', () => respond !== undefined, SOON_MS);
        await text(writer, url, { method: 'DELETE' });
        await settle();
        respond!();
        expect(await pending).toBe('before');
        await settle();
        respond = undefined;
        const again = text(reader, url);
        await waitUntil('the request is sent again', () => respond !== undefined, SOON_MS);
        respond!();
        await again;
        // A hit waits for the response to be stored.
        expect(await text(reader, url)).toBe('before');
        await settle();
        await writer.clear(url);
        await settle();
      }
    });
  });
}

async function text(cache: HttpCache, url: string, init: RequestInit = {}): Promise<string> {
  return (await cache.fetch(url, init)).text();
}

describeClocks('a store in memory', async () => {
  const store = new MemoryByteStore();
  return { stores: [store, store], [Symbol.asyncDispose]: async () => {} };
});

describe('over Redis', () => {
  let redis: RedisServer | undefined;
  beforeAll(async () => {
    redis = await startRedis().catch(() => undefined);
  });
  afterAll(() => redis?.[Symbol.asyncDispose]());

  describeClocks(
    'a store in Redis',
    async () => {
      const links = await Promise.all([connectedLink(redis!.url), connectedLink(redis!.url)]);
      const namespace = freshNamespace();
      return {
        stores: [new RedisByteStore(links[0], namespace), new RedisByteStore(links[1], namespace)],
        [Symbol.asyncDispose]: async () => links.forEach((link) => void link.close()),
      };
    },
    describeWithRedis,
  );

  describeClocks(
    'stores in memory and Redis',
    async () => {
      const links = await Promise.all([connectedLink(redis!.url), connectedLink(redis!.url)]);
      const namespace = freshNamespace();
      const stores = [
        new TieredByteStore(links[0], { namespace }),
        new TieredByteStore(links[1], { namespace }),
      ] as const;
      await waitUntil('both receive invalidations', () => stores.every((store) => store.connected), SOON_MS);
      const settle = async () => {
        await Promise.all(stores.map((store) => store.flush()));
        // Messages of one connection arrive in order: when each has received the other's marker, it has all.
        for (const [one, other] of [stores, [stores[1], stores[0]]] as const) {
          await one.set('marker', Buffer.from('1'), 60_000);
          await one.flush();
          await waitUntil('the marker', async () => (await other.get('marker'))?.bytes[0] === 49, SOON_MS);
          await one.delete('marker');
          await one.flush();
          await waitUntil('its removal', async () => (await other.get('marker')) === undefined, SOON_MS);
        }
      };
      return {
        stores,
        settle,
        [Symbol.asyncDispose]: async () => {
          for (const store of stores) store.close();
          for (const link of links) link.close();
        },
      };
    },
    describeWithRedis,
  );
});

test('generations do not depend on the time at which a store loses them', async () => {
  const store = new MemoryByteStore();
  const options: HttpCacheOptions = { store };
  await using setup = await openCache({ headers: FOR_A_MINUTE }, options);
  const credentials = { authorization: 'user' };
  await setup.get('/', credentials);
  expect((await setup.get('/', credentials)).cacheStatus).toContain('hit');
  // The record of the URL is lost after an invalidation, that of the credentials is not.
  const lost: string[] = [];
  const { get } = store;
  await setup.get('/', {}, 'POST');
  store.get = async (key) => (lost.includes(key) ? undefined : get.call(store, key));
  Object.assign(store, { getSync: () => undefined });
  lost.push(...(await urlKeys(setup.url)));
  expect((await setup.get('/', credentials)).cacheStatus).toContain('uri-miss');
});

async function urlKeys(url: string): Promise<string[]> {
  const { urlKey } = await import('../../../src/library/http-cache/key.ts');
  return [urlKey(`${url}/`, '')];
}
