import { randomUUID } from 'node:crypto';
import { probeStore } from './drivers/probe.ts';
import { StorageError } from './errors.ts';
import type { ObjectStore } from './object-store.ts';

const UUID = /^[0-9a-f-]{36}$/;

/**
 * Returns the ID of a store, which is created when the store is first used. It keeps the cached objects of different
 * stores apart that have users and sessions with the same IDs. The first use also checks that the store is suitable.
 * @throws BrowserStateError `UNSUPPORTED_STORE`
 */
export async function openStoreId(store: ObjectStore, prefix: string): Promise<string> {
  const key = `${prefix}~store/id`;
  const existing = await store.get(key);
  if (existing) return parse(key, existing);
  await probeStore(store, prefix);
  const id = randomUUID();
  if (await store.create(key, Buffer.from(id))) return id;
  const created = await store.get(key);
  if (!created) throw new StorageError(`${key} exists but cannot be read`, { transient: true });
  return parse(key, created);
}

function parse(key: string, bytes: Uint8Array): string {
  const id = Buffer.from(bytes).toString();
  if (!UUID.test(id))
    throw new StorageError(`${key} is damaged: it is not the ID of a store`, { transient: false });
  return id;
}
