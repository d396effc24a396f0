import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  openResponseStores,
  type ResponseStores,
  type StoreLocation,
} from '../../../src/service/browser/response-stores.ts';
import { describeWithRedis, startRedis } from '../../support/redis/redis.ts';

const MIB = 1024 * 1024;
const MAX_BYTES = 2 * MIB;

async function put(stores: ResponseStores, namespace: string, key: string, bytes: number): Promise<void> {
  const writer = await stores.writer(namespace, key, {});
  await writer.write(new Uint8Array(bytes));
  await writer.commit();
}

/** Each namespace has its own limit: that of one does not push out the responses of another. */
async function expectBounds(stores: ResponseStores): Promise<void> {
  await put(stores, 'small', 'kept', 100_000);
  for (let index = 0; index < 30; index += 1) await put(stores, 'large', `key-${index}`, 200_000);
  const large = (await stores.usageOf('large'))!;
  expect(large.bodyBytes).toBeLessThanOrEqual(MAX_BYTES);
  expect(large.entries).toBeGreaterThanOrEqual(5);
  expect(stores.evictionsOf('large')).toBe(30 - large.entries);
  expect([stores.evictionsOf('small'), stores.evictions]).toEqual([0, 30 - large.entries]);
  expect((await stores.usageOf('small'))!.entries).toBe(1);
  expect((await stores.get('small', 'kept'))!.size).toBe(100_000);
  expect(await stores.get('large', 'kept')).toBeUndefined();
  expect((await stores.usage()).map(({ namespace }) => namespace).sort()).toEqual(['large', 'small']);
  await stores.clearNamespace('large');
  expect((await stores.list('large')).entries).toEqual([]);
  await stores.remove('large');
  expect([stores.has('large'), stores.has('small')]).toEqual([false, true]);
}

async function withStores(location: StoreLocation, use: (stores: ResponseStores) => Promise<void>) {
  const errors: unknown[] = [];
  const stores = await openResponseStores({
    location,
    maxBytes: MAX_BYTES,
    onError: (error) => errors.push(error),
  });
  try {
    await use(stores);
  } finally {
    await stores.close();
  }
  expect(errors).toEqual([]);
}

describe('caches of apps on disk', () => {
  test('are bounded each by itself, stay after a restart, and leave no folder', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'response-stores-'));
    try {
      await withStores({ kind: 'disk', dir }, async (stores) => {
        await expectBounds(stores);
        expect(await readdir(dir)).toHaveLength(1);
      });
      await withStores({ kind: 'disk', dir }, async (stores) => {
        expect((await stores.usageOf('small'))!.entries).toBe(1);
        await stores.remove('small');
        expect(await readdir(dir)).toEqual([]);
      });
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});

describeWithRedis('caches of apps in Redis', () => {
  test('are bounded each by itself, and shared', async () => {
    await using redis = await startRedis();
    const location = { kind: 'redis', url: redis.url, prefix: 'test', connectTimeoutMs: 5000 } as const;
    await withStores(location, expectBounds);
    await withStores(location, async (stores) => {
      expect((await stores.usageOf('small'))!.entries).toBe(1);
    });
  });

  test('fail at once while Redis is down', async () => {
    const location = {
      kind: 'redis',
      url: 'redis://127.0.0.1:1',
      prefix: 'test',
      connectTimeoutMs: 200,
    } as const;
    const errors: unknown[] = [];
    const stores = await openResponseStores({
      location,
      maxBytes: MAX_BYTES,
      onError: (error) => errors.push(error),
    });
    await expect(stores.usageOf('a')).rejects.toThrow(/Redis/);
    await stores.close();
    expect(errors).toHaveLength(1);
  });
});
