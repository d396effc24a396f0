import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  openResponseStores,
  type ResponseStores,
  type StoreLocation,
} from '../../../../src/service/browser/cache/response-stores.ts';
import { describeWithRedis, startRedis } from '../../../support/redis/redis.ts';
import { waitUntil } from '../../../support/wait-until.ts';

const MIB = 1024 * 1024;
const MAX_BYTES = 2 * MIB;
const WAIT_MS = 20_000;

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
      await withStores({ kind: 'disk', dir, totalMaxBytes: 100 * MIB }, async (stores) => {
        await expectBounds(stores);
        expect(await readdir(dir)).toHaveLength(1);
      });
      await withStores({ kind: 'disk', dir, totalMaxBytes: 100 * MIB }, async (stores) => {
        expect((await stores.usageOf('small'))!.entries).toBe(1);
        await stores.remove('small');
        expect(await readdir(dir)).toEqual([]);
      });
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});

describe('the caches of all apps on disk', () => {
  const entriesOf = async (stores: ResponseStores, namespaces: readonly string[]) =>
    await Promise.all(namespaces.map(async (name) => (await stores.usageOf(name))?.entries ?? 0));

  test('are bounded together: that of the app that was not used for the longest time is cleared', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'response-stores-'));
    const location = { kind: 'disk', dir, totalMaxBytes: 3 * MIB } as const;
    const fill = async (stores: ResponseStores, name: string) => {
      for (const key of ['1', '2']) await put(stores, name, key, 500_000);
    };
    try {
      await withStores(location, async (stores) => {
        for (const name of ['a', 'b', 'c']) await fill(stores, name);
        expect(await entriesOf(stores, ['a', 'b', 'c'])).toEqual([2, 2, 2]);
        await stores.get('a', '1');
        await fill(stores, 'd');
        await waitUntil('b is cleared', async () => stores.evictionsOf('b') === 2, WAIT_MS);
        expect(await entriesOf(stores, ['a', 'b', 'c', 'd'])).toEqual([2, 0, 2, 2]);
        expect(stores.evictions).toBe(2);
      });
      // After a restart, those that are not used are removed first, in the order of their last write.
      await withStores(location, async (stores) => {
        await put(stores, 'd', '3', 500_000);
        await waitUntil('one is removed', async () => (await readdir(dir)).length === 3, WAIT_MS);
        expect(await entriesOf(stores, ['d', 'c'])).toEqual([3, 2]);
        expect(await entriesOf(stores, ['a'])).toEqual([0]);
      });
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});

test('the limit of all caches on disk applies although a folder among them is not a cache', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'response-stores-'));
  await mkdir(join(dir, 'other'));
  await writeFile(join(dir, 'other', 'file'), '');
  const errors: unknown[] = [];
  const stores = await openResponseStores({
    location: { kind: 'disk', dir, totalMaxBytes: 800_000 },
    maxBytes: MAX_BYTES,
    onError: (error) => errors.push(error),
  });
  try {
    for (const name of ['a', 'b', 'c']) await put(stores, name, '1', 300_000);
    await waitUntil('a is cleared', async () => stores.evictionsOf('a') === 1, WAIT_MS);
    expect(errors).toHaveLength(1);
    expect(await readdir(join(dir, 'other'))).toContain('file');
  } finally {
    await stores.close();
    await rm(dir, { recursive: true, force: true });
  }
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
