/**
 * `roundhouse/byte-store-contract`: checks that an implementation of `ByteStore` behaves as the caches expect, for any
 * test framework.
 *
 * @example
 * for (const { name, check } of byteStoreContract) test(name, () => check(() => new MyStore()));
 */
import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict';
import type { ByteStore } from './byte-store.ts';

/** One check of the contract. */
export interface ByteStoreCheck {
  /** What a store must do, as the name of a test. */
  readonly name: string;
  /**
   * Runs the check.
   * @param open returns an empty store, which the caller closes if it needs to be closed. Called once.
   * @throws AssertionError if the store does not conform, or the error of the store
   */
  check(open: () => ByteStore | Promise<ByteStore>): Promise<void>;
}

const HOUR_MS = 3_600_000;
/** Keys that a store could take for something else: a path, a pattern, a property of objects, a separator. */
const ODD_KEYS = ['', ' ', 'a/../b', '*', 'a?b', 'a:b{c}', '__proto__', 'ä€😀', 'k'.repeat(1000), 'a\nb'];

async function expectBytes(store: ByteStore, key: string, expected: Uint8Array | undefined): Promise<void> {
  const stored = await store.get(key);
  deepStrictEqual(stored && [...stored.bytes], expected && [...expected], `bytes of ${JSON.stringify(key)}`);
}

/** The checks. Each opens a store of its own. The last one waits for some milliseconds, the others do not wait. */
export const byteStoreContract: readonly ByteStoreCheck[] = [
  {
    name: 'get resolves with undefined for a key without bytes',
    async check(open) {
      await expectBytes(await open(), 'none', undefined);
    },
  },
  {
    name: 'get resolves with the bytes that set has stored, and the remaining time',
    async check(open) {
      const store = await open();
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
      await store.set('k', bytes, HOUR_MS);
      await expectBytes(store, 'k', bytes);
      const { ttlMs } = (await store.get('k'))!;
      ok(ttlMs > HOUR_MS - 60_000 && ttlMs <= HOUR_MS, `ttlMs is ${ttlMs}`);
    },
  },
  {
    name: 'set replaces the bytes and the time of a key',
    async check(open) {
      const store = await open();
      await store.set('k', Uint8Array.of(1), HOUR_MS);
      await store.set('k', Uint8Array.of(2, 3), 2 * HOUR_MS);
      await expectBytes(store, 'k', Uint8Array.of(2, 3));
      ok((await store.get('k'))!.ttlMs > HOUR_MS, 'the time is that of the second call');
    },
  },
  {
    name: 'delete removes one key, and does nothing for a key without bytes',
    async check(open) {
      const store = await open();
      await store.set('a', Uint8Array.of(1), HOUR_MS);
      await store.set('b', Uint8Array.of(2), HOUR_MS);
      await store.delete('a');
      await store.delete('none');
      await expectBytes(store, 'a', undefined);
      await expectBytes(store, 'b', Uint8Array.of(2));
    },
  },
  {
    name: 'no bytes at all are distinguished from no key',
    async check(open) {
      const store = await open();
      await store.set('empty', new Uint8Array(), HOUR_MS);
      await expectBytes(store, 'empty', new Uint8Array());
    },
  },
  {
    name: 'a view is stored without the rest of its buffer',
    async check(open) {
      const store = await open();
      await store.set('view', Uint8Array.of(0, 1, 2, 3, 4).subarray(1, 3), HOUR_MS);
      await expectBytes(store, 'view', Uint8Array.of(1, 2));
    },
  },
  {
    name: 'keys are distinguished whatever they contain',
    async check(open) {
      const store = await open();
      for (const [index, key] of ODD_KEYS.entries()) await store.set(key, Uint8Array.of(index), HOUR_MS);
      for (const [index, key] of ODD_KEYS.entries()) await expectBytes(store, key, Uint8Array.of(index));
    },
  },
  {
    name: 'concurrent calls for different keys do not affect each other',
    async check(open) {
      const store = await open();
      const keys = Array.from({ length: 50 }, (_, index) => `k${index}`);
      await Promise.all(keys.map((key, index) => store.set(key, Uint8Array.of(index), HOUR_MS)));
      await Promise.all(keys.map((key, index) => expectBytes(store, key, Uint8Array.of(index))));
      await Promise.all(keys.slice(1).map((key) => store.delete(key)));
      const left = await Promise.all(keys.map((key) => store.get(key)));
      strictEqual(left.filter((stored) => stored !== undefined).length, 1);
    },
  },
  {
    name: 'getLatest, if there is one, returns what get returns',
    async check(open) {
      const store = await open();
      if (!store.getLatest) return;
      strictEqual(await store.getLatest('k'), undefined);
      await store.set('k', Uint8Array.of(1, 2), HOUR_MS);
      const latest = await store.getLatest('k');
      deepStrictEqual([...latest!.bytes], [1, 2]);
      ok(latest!.ttlMs > HOUR_MS - 60_000 && latest!.ttlMs <= HOUR_MS, `ttlMs is ${latest!.ttlMs}`);
      await store.delete('k');
      strictEqual(await store.getLatest('k'), undefined);
    },
  },
  {
    name: 'getSync, if there is one, returns what get returns, or undefined',
    async check(open) {
      const store = await open();
      if (!store.getSync) return;
      ok(!store.getSync('k'), 'there are no bytes yet');
      await store.set('k', Uint8Array.of(1, 2), HOUR_MS);
      const stored = await store.get('k');
      const found = store.getSync('k');
      // In this process: null would mean that there are no bytes.
      ok(found !== null, 'null although there are bytes');
      if (found) strictEqual(found.bytes, stored!.bytes);
      store.addCost?.('k', stored!.bytes, 1000);
      await expectBytes(store, 'k', Uint8Array.of(1, 2));
      await store.delete('k');
      ok(!store.getSync('k'), 'the bytes were deleted');
    },
  },
  {
    name: 'add, if there is one, stores bytes only for a key without bytes, one of concurrent calls',
    async check(open) {
      const store = await open();
      if (!store.add) return;
      const calls = Array.from({ length: 10 }, (_, index) => store.add!('k', Uint8Array.of(index), HOUR_MS));
      const added = await Promise.all(calls);
      strictEqual(added.filter(Boolean).length, 1);
      await expectBytes(store, 'k', Uint8Array.of(added.indexOf(true)));
      await store.set('k', Uint8Array.of(100), HOUR_MS);
      strictEqual(await store.add('k', Uint8Array.of(101), HOUR_MS), false);
      await expectBytes(store, 'k', Uint8Array.of(100));
      await store.delete('k');
      strictEqual(await store.add('k', Uint8Array.of(102), HOUR_MS), true);
      await expectBytes(store, 'k', Uint8Array.of(102));
    },
  },
  {
    name: 'bytes expire after their time, fractions and years included',
    async check(open) {
      const store = await open();
      await store.set('soon', Uint8Array.of(1), 20.5);
      await store.set('late', Uint8Array.of(2), 100 * 365 * 24 * HOUR_MS);
      const deadline = Date.now() + 20_000;
      while ((await store.get('soon')) !== undefined && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      await expectBytes(store, 'soon', undefined);
      await expectBytes(store, 'late', Uint8Array.of(2));
    },
  },
];
