import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { ObjectStore } from '../object-store.ts';

/** A check of what {@link ObjectStore} promises, for any test framework. */
export interface StoreCheck {
  /** What is checked. */
  readonly name: string;
  /** Runs the check. @throws AssertionError if the store does not keep the promise */
  readonly run: (store: ObjectStore) => Promise<void>;
}

/**
 * The checks that every driver must pass. Each uses a folder of its own and removes its objects.
 * @example
 * for (const { name, run } of storeContract) test(name, () => run(store));
 */
export const storeContract: readonly StoreCheck[] = [
  check('a missing object is undefined, and an empty folder has no objects', async (store, folder) => {
    assert.equal(await store.get(`${folder}none`), undefined);
    assert.deepEqual(await store.list(folder), []);
  }),
  check('an object has the bytes that were put: none, text, all values, 3 MB', async (store, folder) => {
    const contents = [
      Buffer.alloc(0),
      Buffer.from('text\r\n'),
      Buffer.from(Array.from({ length: 256 }, (_, i) => i)),
    ];
    for (const bytes of [...contents, Buffer.alloc(3_000_000, 'content ')]) {
      await store.put(`${folder}object`, bytes);
      assert.deepEqual(Buffer.from((await store.get(`${folder}object`))!), bytes);
    }
  }),
  check('put replaces an object; its time does not go back', async (store, folder) => {
    await store.put(`${folder}object`, Buffer.from('a longer first value'));
    const [before] = await store.list(folder);
    await store.put(`${folder}object`, Buffer.from('second'));
    const [after] = await store.list(folder);
    assert.equal(String(Buffer.from((await store.get(`${folder}object`))!)), 'second');
    assert.equal(after?.size, 6);
    assert.ok(after.modifiedMs >= before!.modifiedMs);
  }),
  check('create succeeds once, and again after a deletion', async (store, folder) => {
    assert.equal(await store.create(`${folder}object`, Buffer.from('first')), true);
    assert.equal(await store.create(`${folder}object`, Buffer.from('second')), false);
    assert.equal(String(Buffer.from((await store.get(`${folder}object`))!)), 'first');
    await store.delete(`${folder}object`);
    assert.equal(await store.get(`${folder}object`), undefined);
    assert.equal(await store.create(`${folder}object`, Buffer.from('third')), true);
  }),
  check(
    'of 20 concurrent creations exactly one succeeds, and its bytes are stored',
    async (store, folder) => {
      const writers = Array.from({ length: 20 }, (_, index) => Buffer.from(`writer ${index}`));
      const created = await Promise.all(writers.map((bytes) => store.create(`${folder}object`, bytes)));
      const winners = writers.filter((_, index) => created[index]);
      assert.equal(winners.length, 1);
      assert.deepEqual(Buffer.from((await store.get(`${folder}object`))!), winners[0]);
    },
  ),
  check(
    'a listing has the keys with the prefix only, in byte order, with sizes, at once',
    async (store, folder) => {
      const keys = ['s1/m/1', 's1/p/a', 's10/m/1', 's1.x/m/1', 'S1/m/1', 's1@~_-/m/1'];
      for (const key of keys) await store.put(folder + key, Buffer.alloc(key.length));
      const listed = async (prefix: string) =>
        (await store.list(folder + prefix)).map(({ key, size }) => [key.slice(folder.length), size]);
      const sized = (names: string[]) => names.map((name) => [name, name.length]);
      assert.deepEqual(await listed('s1/'), sized(['s1/m/1', 's1/p/a']));
      assert.deepEqual(await listed('s1/p/a'), sized(['s1/p/a']));
      assert.deepEqual(await listed('s1/p/b'), []);
      assert.deepEqual(await listed(''), sized([...keys].sort()));
    },
  ),
  check('a listing has all of 1,100 objects, or those after a key', async (store, folder) => {
    const keys = Array.from({ length: 1100 }, (_, index) => `${folder}m/${String(index).padStart(8, '0')}`);
    await inGroups(keys, (key) => store.put(key, Buffer.from('x')));
    assert.deepEqual(
      (await store.list(folder)).map(({ key }) => key),
      keys,
    );
    const rest = await store.list(`${folder}m/`, { after: keys[1050]! });
    assert.deepEqual(
      rest.map(({ key }) => key),
      keys.slice(1051),
    );
    assert.deepEqual(await store.list(`${folder}m/`, { after: keys.at(-1)! }), []);
  }),
  check('delete removes one object, and does nothing if there is none', async (store, folder) => {
    await store.put(`${folder}a`, Buffer.from('a'));
    await store.put(`${folder}ab`, Buffer.from('ab'));
    await store.delete(`${folder}a`);
    await store.delete(`${folder}a`);
    assert.deepEqual(
      (await store.list(folder)).map(({ key }) => key),
      [`${folder}ab`],
    );
  }),
];

function check(name: string, run: (store: ObjectStore, folder: string) => Promise<void>): StoreCheck {
  return {
    name,
    run: async (store) => {
      const folder = `contract/${randomUUID()}/`;
      try {
        await run(store, folder);
      } finally {
        const left = await store.list(folder);
        await inGroups(left, ({ key }) => store.delete(key));
      }
    },
  };
}

/** Runs calls, 50 at once. */
async function inGroups<T>(items: readonly T[], call: (item: T) => Promise<void>): Promise<void> {
  for (let start = 0; start < items.length; start += 50) {
    await Promise.all(items.slice(start, start + 50).map(call));
  }
}
