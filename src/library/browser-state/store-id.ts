import { randomUUID } from 'node:crypto';
import { createsOnlyIfAbsent } from './drivers/probe.ts';
import { BrowserStateError, StorageError } from './errors.ts';
import type { ObjectStore } from './object-store.ts';

/** A UUID, and "locks" if every process must create objects of this store with a lock. */
const ID = /^([0-9a-f-]{36})( locks)?$/;

/** A store that was opened. */
export interface OpenedStore<Store> {
  /** Keeps the cached objects of different stores apart that have users and sessions with the same IDs. */
  readonly storeId: string;
  /** The store to use. */
  readonly store: Store;
}

/**
 * Opens a store: reads its ID, which is created when the store is first used. The first use also determines whether the
 * store creates objects only if they are absent.
 * @param locked the same store with a lock around each creation, for one that does not
 * @throws BrowserStateError `UNSUPPORTED_STORE` if locks are needed and there are none
 */
export async function openStoreId<Store extends ObjectStore>(
  plain: Store,
  locked: Store | undefined,
  prefix: string,
): Promise<OpenedStore<Store>> {
  const key = `${prefix}~store/id`;
  const existing = await plain.get(key);
  const needsLocks = existing ? parse(key, existing).needsLocks : !(await createsOnlyIfAbsent(plain, prefix));
  const store = needsLocks ? locked : plain;
  if (!store) throw unsupported(plain);
  if (existing) return { storeId: parse(key, existing).storeId, store };
  const storeId = randomUUID();
  if (await store.create(key, Buffer.from(needsLocks ? `${storeId} locks` : storeId)))
    return { storeId, store };
  const created = await store.get(key);
  if (!created) throw new StorageError(`${key} exists but cannot be read`, { transient: true });
  return { storeId: parse(key, created).storeId, store };
}

function parse(key: string, bytes: Uint8Array) {
  const [, storeId, locks] = ID.exec(Buffer.from(bytes).toString()) ?? [];
  if (storeId === undefined)
    throw new StorageError(`${key} is damaged: it is not the ID of a store`, { transient: false });
  return { storeId, needsLocks: locks !== undefined };
}

function unsupported({ kind }: ObjectStore): BrowserStateError {
  return new BrowserStateError(
    'UNSUPPORTED_STORE',
    `this ${kind} store cannot create an object only if it is absent: ` +
      'use another store, or leases in Redis (the option leases)',
  );
}
