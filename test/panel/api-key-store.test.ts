import { expect, test } from 'vitest';
import { ApiKeyStore } from '../../src/panel/lib/api-key-store.ts';
import { ProblemError } from '../../src/panel/lib/errors.ts';
import { settle } from '../support/fake-clock.ts';
import { MemoryStorage } from './fixtures.ts';

test('prompts for the key once and reuses it', async () => {
  const store = new ApiKeyStore(new MemoryStorage());
  const keys: (string | null)[] = [];
  const request = async () => keys.push(store.key.value);
  const first = store.withKey(request);
  expect(keys).toEqual([]);
  store.prompt.value!.answer('k');
  await first;
  await store.withKey(request);
  expect(keys).toEqual(['k', 'k']);
  expect(store.prompt.value).toBeNull();
});

test('concurrent requests share one prompt', async () => {
  const store = new ApiKeyStore(new MemoryStorage());
  const both = [store.withKey(async () => 1), store.withKey(async () => 2)];
  store.prompt.value!.answer('k');
  expect(await Promise.all(both)).toEqual([1, 2]);
});

test('forgets a rejected key and prompts again', async () => {
  const storage = new MemoryStorage();
  const store = new ApiKeyStore(storage);
  const result = store.withKey(async () => {
    if (store.key.value !== 'right') throw new ProblemError(401, 'wrong_key', 'The key is wrong');
    return 'done';
  });
  store.prompt.value!.answer('wrong');
  await settle();
  expect(store.prompt.value).toMatchObject({ rejected: true });
  expect(storage.items.size).toBe(0);
  store.prompt.value!.answer('right');
  expect(await result).toBe('done');
  expect([...storage.items.values()]).toEqual(['right']);
});

test('returns null without sending the request if the user cancels', async () => {
  const store = new ApiKeyStore(new MemoryStorage());
  let sent = false;
  const canceled = store.withKey(async () => {
    sent = true;
  });
  store.prompt.value!.answer(null);
  expect(await canceled).toBeNull();
  expect(sent).toBe(false);
});

test('keeps the key and rejects if the request fails for another reason', async () => {
  const store = new ApiKeyStore(new MemoryStorage());
  const failing = store.withKey(async () => {
    throw new ProblemError(503, 'no_free_port', 'No free port');
  });
  store.prompt.value!.answer('k');
  await expect(failing).rejects.toMatchObject({ code: 'no_free_port' });
  expect(store.key.value).toBe('k');
});

test('reads the key from the session storage, and removes it', () => {
  const storage = new MemoryStorage();
  storage.setItem('roundhouse-key', 'stored');
  const store = new ApiKeyStore(storage);
  expect(store.key.value).toBe('stored');
  store.forget();
  expect([store.key.value, storage.items.size]).toEqual([null, 0]);
});
