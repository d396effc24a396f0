import { describe, expect, test } from 'vitest';
import { byteStoreContract } from '../../../src/library/cache/byte-store-contract.ts';
import { type ByteStore, MemoryByteStore, type StoredBytes } from '../../../src/library/cache/index.ts';

describe('MemoryByteStore', () => {
  for (const { name, check } of byteStoreContract) test(name, () => check(() => new MemoryByteStore()));
});

/** A store that conforms, apart from what a test replaces. */
function storeWith(replaced: (entries: Map<string, StoredBytes>) => Partial<ByteStore>): ByteStore {
  const entries = new Map<string, StoredBytes>();
  return {
    get: async (key) => entries.get(key),
    set: async (key, bytes, ttlMs) => void entries.set(key, { bytes, ttlMs }),
    delete: async (key) => void entries.delete(key),
    ...replaced(entries),
  };
}

test.each<[string, ByteStore]>([
  ['deletes nothing', storeWith(() => ({ delete: async () => {} }))],
  ['ignores spaces in keys', storeWith((entries) => ({ get: async (key) => entries.get(key.trim()) }))],
  [
    'stores the whole buffer of a view',
    storeWith((entries) => ({
      set: async (key, bytes, ttlMs) => void entries.set(key, { bytes: new Uint8Array(bytes.buffer), ttlMs }),
    })),
  ],
  [
    'takes no bytes for no key',
    storeWith((entries) => ({
      get: async (key) => (entries.get(key)?.bytes.length ? entries.get(key) : undefined),
    })),
  ],
  [
    'reports a wrong time',
    storeWith((entries) => ({
      set: async (key, bytes) => void entries.set(key, { bytes, ttlMs: 1 }),
    })),
  ],
])('a store that %s fails a check', async (_, store) => {
  // Without the last check, which waits for an expiry.
  const results = await Promise.allSettled(
    byteStoreContract.slice(0, -1).map(({ check }) => check(() => store)),
  );
  expect(results.filter(({ status }) => status === 'rejected').length).toBeGreaterThan(0);
});
