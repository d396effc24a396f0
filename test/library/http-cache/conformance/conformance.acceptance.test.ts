import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DiskByteStore, openDiskStore } from '../../../../src/library/disk-store/index.ts';
import { RedisByteStore, TieredByteStore } from '../../../../src/library/redis/index.ts';
import { describeWithRedis, startRedis } from '../../../support/redis/redis.ts';
import { connectedLink } from '../../redis/support.ts';
import { describeConformance } from './describe.ts';

describeConformance(
  { 'on disk': openDisk, 'in Redis': openInRedis, 'in memory and Redis': openTiered },
  describeWithRedis,
);

async function openDisk() {
  const dir = await mkdtemp(join(tmpdir(), 'roundhouse-conformance-'));
  const disk = await openDiskStore({ dir });
  const remove = async () => {
    await disk.close();
    await rm(dir, { recursive: true });
  };
  return { store: new DiskByteStore(disk), [Symbol.asyncDispose]: remove };
}

async function openInRedis() {
  const { link, close } = await openRedis();
  return { store: new RedisByteStore(link, 'http'), [Symbol.asyncDispose]: close };
}

async function openTiered() {
  const { link, close } = await openRedis();
  const store = new TieredByteStore(link, { namespace: 'http' });
  const closeAll = async () => {
    store.close();
    await close();
  };
  return { store, [Symbol.asyncDispose]: closeAll };
}

async function openRedis() {
  const redis = await startRedis();
  const link = await connectedLink(redis.url);
  const close = async () => {
    link.close();
    await redis[Symbol.asyncDispose]();
  };
  return { link, close };
}
