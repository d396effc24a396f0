import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { openGateway, RedisResponseStore } from '../../../src/library/gateway/index.ts';
import type { RedisLink } from '../../../src/library/redis/index.ts';
import { describeWithRedis, type RedisServer, startRedis } from '../../support/redis/redis.ts';
import { waitUntil } from '../../support/wait-until.ts';
import { connectedLink, freshNamespace, SOON_MS } from '../redis/support.ts';
import { send, startOrigin } from './support.ts';

const MIB = 1024 * 1024;
const FORCED = [{ match: '*', force: true }];

describeWithRedis('RedisResponseStore', () => {
  let server: RedisServer;
  let link: RedisLink;
  let namespace: string;
  let store: RedisResponseStore;

  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(async () => {
    link = await connectedLink(server.url);
    namespace = freshNamespace();
    store = new RedisResponseStore(link);
  });
  afterEach(() => link.close());

  async function put(key: string, body: Uint8Array, to = store): Promise<boolean> {
    const writer = await to.writer(namespace, key, { name: key });
    for (let start = 0; start < body.length; start += 300_000) {
      await writer.write(body.subarray(start, start + 300_000));
    }
    return writer.commit();
  }

  const keysOf = async (pattern: string) =>
    ((await link.send(['KEYS', `${link.prefix}:{gateway:${namespace}}:${pattern}`])) as Buffer[]).map(String);

  test.each([0, 1, 512 * 1024, 5 * MIB + 7, 32 * MIB])(
    'a body of %i bytes is returned as written',
    async (size) => {
      const body = randomBytes(size);
      expect(await put('k', body)).toBe(true);
      const entry = (await store.get(namespace, 'k'))!;
      expect(entry).toMatchObject({ key: 'k', size, metadata: { name: 'k' } });
      expect(body.equals((await entry.bytes())!)).toBe(true);
      expect((await buffer((await entry.stream())!)).equals(body)).toBe(true);
    },
  );

  test('any range of a body can be read', async () => {
    const body = randomBytes(3 * MIB);
    await put('k', body);
    const entry = (await store.get(namespace, 'k'))!;
    for (const [start, end] of [
      [0, 0],
      [5, 512 * 1024 - 1],
      [512 * 1024, 512 * 1024],
      [100, 3 * MIB - 1],
    ] as const) {
      const part = await buffer((await entry.stream({ start, end }))!);
      expect(part.equals(body.subarray(start, end + 1))).toBe(true);
    }
  });

  test('an entry is invisible until it is committed, and not at all after an abort', async () => {
    const writer = await store.writer(namespace, 'k', {});
    await writer.write(randomBytes(MIB));
    expect(await store.get(namespace, 'k')).toBeUndefined();
    await writer.abort();
    expect(await keysOf('body:*')).toEqual([]);
  });

  test('what a killed writer leaves behind expires', async () => {
    const writer = await store.writer(namespace, 'k', {});
    await writer.write(randomBytes(MIB));
    const [body] = await keysOf('body:*');
    expect(Number(await link.send(['PTTL', body!]))).toBeGreaterThan(0);
  });

  test('a replaced body stays for its readers for a while', async () => {
    const [former, next] = [randomBytes(6 * MIB), randomBytes(MIB)];
    await put('k', former);
    const reading = (await (await store.get(namespace, 'k'))!.stream())!;
    await put('k', next);
    expect(Buffer.from((await (await store.get(namespace, 'k'))!.bytes())!).equals(next)).toBe(true);
    expect((await buffer(reading)).equals(former)).toBe(true);
    const ttls = await Promise.all((await keysOf('body:*')).map((key) => link.send(['PTTL', key])));
    expect(ttls.map(Number).sort((a, b) => a - b)[0]).toBeLessThanOrEqual(30_000);
  });

  test('metadata is replaced only for the same body', async () => {
    await put('k', randomBytes(10));
    const entry = (await store.get(namespace, 'k'))!;
    expect(await entry.setMetadata({ name: 'new' })).toBe(true);
    expect((await store.get(namespace, 'k'))!.metadata).toEqual({ name: 'new' });
    await put('k', randomBytes(10));
    expect(await entry.setMetadata({ name: 'late' })).toBe(false);
    expect((await store.get(namespace, 'k'))!.metadata).toEqual({ name: 'k' });
  });

  test('a corrupt body is never returned, and is removed', async () => {
    for (const read of ['bytes', 'stream'] as const) {
      await put('k', randomBytes(MIB));
      const entry = (await store.get(namespace, 'k'))!;
      const [body] = await keysOf('body:*');
      await link.send(['HSET', body!, '0', 'x'.repeat(512 * 1024)]);
      expect(await entry[read]()).toBeUndefined();
      expect(await store.get(namespace, 'k')).toBeUndefined();
    }
    expect(await store.usage()).toContainEqual(
      expect.objectContaining({ namespace, entries: 0, storeBytes: 0 }),
    );
  });

  test('an entry whose body Redis has evicted is a miss, and no longer counted', async () => {
    await put('k', randomBytes(MIB));
    await link.send(['DEL', (await keysOf('body:*'))[0]!]);
    expect(await store.get(namespace, 'k')).toBeUndefined();
    expect(await store.usage()).toContainEqual(
      expect.objectContaining({ namespace, entries: 0, storeBytes: 0 }),
    );
  });

  test('memory is bounded for each namespace: those not used for the longest time are evicted', async () => {
    const small = new RedisResponseStore(link, { maxBytes: 4 * MIB });
    for (const key of ['a', 'b', 'c']) {
      await put(key, randomBytes(MIB), small);
      await nextMillisecond();
    }
    await small.get(namespace, 'a');
    for (const key of ['d', 'e']) expect(await put(key, randomBytes(MIB), small)).toBe(true);
    const present = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((key) => small.get(namespace, key)));
    expect(present.map((entry) => entry?.key)).toEqual(['a', undefined, undefined, 'd', 'e']);
    expect(small.evictions).toBe(2);
    const [usage] = (await small.usage()).filter((one) => one.namespace === namespace);
    expect(usage).toMatchObject({ entries: 3, bodyBytes: 3 * MIB });
    expect(usage!.storeBytes).toBeGreaterThan(3 * MIB);
    expect(usage!.storeBytes).toBeLessThanOrEqual(4 * MIB);
    expect(await keysOf('body:*')).toHaveLength(3);
    expect(await put('f', randomBytes(5 * MIB), small)).toBe(false);
  });

  /** Times of use are those of Redis, in milliseconds. */
  async function nextMillisecond(): Promise<void> {
    const now = async () => {
      const [seconds, micros] = ((await link.send(['TIME'])) as Buffer[]).map(Number);
      return seconds! * 1000 + Math.floor(micros! / 1000);
    };
    const before = await now();
    await waitUntil('the clock of Redis has advanced', async () => (await now()) > before, SOON_MS);
  }

  test('bodies above maxEntryBytes are refused', async () => {
    const writer = await new RedisResponseStore(link, { maxEntryBytes: 10 }).writer(namespace, 'k', {});
    await expect(writer.write(randomBytes(11))).rejects.toThrow(RangeError);
    expect(() => new RedisResponseStore(link, { maxBytes: 0 })).toThrow(RangeError);
  });

  test('clear removes all entries, those being written too, and frees their bodies', async () => {
    for (let index = 0; index < 30; index += 1) await put(`k${index}`, randomBytes(10));
    const writer = await store.writer(namespace, 'late', {});
    await writer.write(randomBytes(10));
    await store.clearNamespace(namespace);
    expect(await store.get(namespace, 'k1')).toBeUndefined();
    expect(await writer.commit()).toBe(false);
    await waitUntil('the bodies are freed', async () => (await keysOf('body:*')).length === 0, SOON_MS);
    await waitUntil('nothing else is left', async () => (await keysOf('cleared:*')).length === 0, SOON_MS);
    expect(await put('k1', randomBytes(10))).toBe(true);
  });

  test('entries are listed in pages, while others are removed', async () => {
    for (let index = 0; index < 25; index += 1)
      await put(`k${String(index).padStart(2, '0')}`, randomBytes(1));
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.list(namespace, { limit: 10, ...(cursor && { cursor }) });
      for (const { key } of page.entries) {
        seen.push(key);
        expect(await store.delete(namespace, key)).toBe(true);
      }
      cursor = page.cursor;
    } while (cursor);
    expect(seen).toEqual(Array.from({ length: 25 }, (_, index) => `k${String(index).padStart(2, '0')}`));
    expect(await store.delete(namespace, 'k00')).toBe(false);
  });

  test('one caller has the lease of a key, and others notice its end', async () => {
    const lease = (await store.tryLease(namespace, 'k'))!;
    expect(await store.tryLease(namespace, 'k')).toBeUndefined();
    expect(await store.leaseEnded(namespace, 'k', { timeoutMs: 60 })).toBe(false);
    const ended = store.leaseEnded(namespace, 'k', { timeoutMs: SOON_MS });
    await lease.release();
    expect(await ended).toBe(true);
    await (await store.tryLease(namespace, 'k'))!.release();
  });

  test('two gateways share it: one request to the origin, then none', async () => {
    await using origin = await startOrigin((_request, response) => {
      setTimeout(() => response.end('shared'), 300);
    });
    await using first = await openGateway({ store });
    await using second = await openGateway({ store: new RedisResponseStore(link) });
    const open = (gateway: typeof first) =>
      gateway.openLane({ namespace, allow: ['127.0.0.1'], rules: FORCED });
    const lanes = [await open(first), await open(second)];
    const replies = await Promise.all(lanes.flatMap((lane) => [1, 2, 3].map(() => send(lane, origin.url))));
    expect(new Set(replies.map(({ text }) => text))).toEqual(new Set(['shared']));
    expect(origin.requests).toHaveLength(1);
    expect((await first.list(namespace)).resources).toMatchObject([{ url: `${origin.url}/`, bytes: 6 }]);
    await first.clear(namespace);
    expect((await send(lanes[0]!, origin.url)).text).toBe('shared');
    expect(origin.requests).toHaveLength(2);
    expect([first.storeErrors, second.storeErrors]).toEqual([0, 0]);
  });

  test('pages load while Redis is down, and are stored again afterwards', async () => {
    await using other = await startRedis();
    const own = await connectedLink(other.url);
    await using origin = await startOrigin((_request, response) => response.end('content'));
    await using gateway = await openGateway({ store: new RedisResponseStore(own), memoryBytes: 0 });
    const lane = await gateway.openLane({ allow: ['127.0.0.1'], rules: FORCED });
    const load = async () => expect((await send(lane, origin.url)).text).toBe('content');
    await load();
    await load();
    expect(origin.requests).toHaveLength(1);
    await other.kill('SIGKILL');
    await load();
    expect(origin.requests).toHaveLength(2);
    await other.start();
    await waitUntil('the link is connected again', () => own.state === 'connected', SOON_MS);
    await load();
    await load();
    expect(origin.requests).toHaveLength(3);
    expect(gateway.storeErrors).toBeGreaterThan(0);
    own.close();
  });
});
