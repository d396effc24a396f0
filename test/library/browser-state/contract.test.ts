import { rm } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { LocalStore, ProfileStore, storeContract } from '../../../src/library/browser-state/index.ts';
import { ReliableStore } from '../../../src/library/browser-state/reliable-store.ts';
import { commitFiles, MemoryStore, openHost, openLocalHosts, temporaryFolder } from './support.ts';

describe('the contract of drivers', () => {
  test.each(storeContract)('local folder: $name', async ({ run }) => {
    await run(new ReliableStore(new LocalStore({ folder: await temporaryFolder() })));
  });

  test.each(storeContract)('the store of the tests: $name', async ({ run }) => {
    await run(new MemoryStore());
  });

  test('finds stores that do not keep it', async () => {
    const broken = (change: (store: MemoryStore) => void) => {
      const store = new MemoryStore();
      change(store);
      return store;
    };
    const stores = [
      broken((store) => {
        store.create = async (key, bytes) => store.put(key, bytes).then(() => true);
      }),
      broken((store) => {
        const { list } = MemoryStore.prototype;
        store.list = async (prefix, options) => (await list.call(store, prefix, options)).slice(0, 1000);
      }),
      broken((store) => {
        const { list } = MemoryStore.prototype;
        store.list = (prefix, options) => list.call(store, prefix.replace(/\/$/, ''), options);
      }),
      broken((store) => {
        store.delete = async () => {};
      }),
    ];
    for (const store of stores) {
      const results = await Promise.allSettled(storeContract.map(({ run }) => run(store)));
      expect(results.filter(({ status }) => status === 'rejected')).not.toEqual([]);
    }
  });
});

test('a store that ignores the condition of a creation is refused when it is opened', async () => {
  const driver = new MemoryStore();
  driver.create = async (key, bytes) => driver.put(key, bytes).then(() => true);
  const opened = ProfileStore.open({ driver });
  await expect(opened).rejects.toMatchObject({ code: 'UNSUPPORTED_STORE' });
  await expect(opened).rejects.toThrow('cannot create an object only if it is absent');
  expect([...driver.objects.keys()]).toEqual([]);
});

test('a local folder that disappears is an error, not an empty store', async () => {
  const { folder, a } = await openLocalHosts();
  await commitFiles(a, 'user', 's1', { file: 'content' });
  await rm(folder, { recursive: true });
  await expect(a.mount('user', 's1')).rejects.toThrow('is its disk still mounted?');
  await expect(a.sessions('user')).rejects.toThrow('is its disk still mounted?');
  await expect(a.has('user', 's1')).rejects.toThrow('is its disk still mounted?');
});

test('hosts that open a new store at the same time use the same ID', async () => {
  const driver = new MemoryStore();
  await Promise.all(Array.from({ length: 5 }, () => openHost({ driver })));
  expect([...driver.objects.keys()]).toEqual(['browser-state/~store/id']);
});
