import { expect, test } from 'vitest';
import { Cache } from '../../../src/library/cache/cache.ts';
import { settle } from '../../support/fake-clock.ts';
import { ManualSource } from '../../support/service/manual-source.ts';

const TTL = { ttlS: 3 };

test('a waiter who gives up leaves the load running for the others, even the one who began it', async () => {
  const cache = new Cache<string>();
  const source = new ManualSource<string>();
  const leader = new AbortController();
  const first = cache.getOrLoad('k', source.load, { ...TTL, signal: leader.signal });
  const second = cache.getOrLoad('k', source.load, TTL);
  const gaveUp = first.catch((error: unknown) => error);
  await settle();
  leader.abort(new Error('client went away'));
  expect(await gaveUp).toMatchObject({ message: 'client went away' });
  expect(source.latest.signal.aborted).toBe(false);
  await source.latest.finish('v');
  expect(await second).toBe('v');
  expect(cache.get('k')).toBe('v');
});

test('a load that every waiter has left still ends and is kept', async () => {
  const cache = new Cache<string>();
  const source = new ManualSource<string>();
  const controller = new AbortController();
  const answer = cache.getOrLoad('k', source.load, { ...TTL, signal: controller.signal });
  const gaveUp = expect(answer).rejects.toThrow('gone');
  await settle();
  controller.abort(new Error('gone'));
  await gaveUp;
  await source.latest.finish('v');
  expect(cache.get('k')).toBe('v');
});

test('a load that fails after its waiters have left harms nobody', async () => {
  const cache = new Cache<string>();
  const source = new ManualSource<string>();
  const controller = new AbortController();
  const answer = cache.getOrLoad('k', source.load, { ...TTL, signal: controller.signal });
  const gaveUp = expect(answer).rejects.toThrow('gone');
  await settle();
  controller.abort(new Error('gone'));
  await gaveUp;
  await source.latest.fail(new Error('down'));
  expect(cache.stats()).toMatchObject({ loadErrors: 1, inFlight: 0 });
});

test('a signal that has aborted already ends the wait at once', async () => {
  const cache = new Cache<string>();
  const source = new ManualSource<string>();
  const signal = AbortSignal.abort(new Error('never mind'));
  await expect(cache.getOrLoad('k', source.load, { ...TTL, signal })).rejects.toThrow('never mind');
});

test('a signal does not matter to a hit, and one that is never used hears nothing more', async () => {
  const cache = new Cache<string>();
  const { signal } = new AbortController();
  const heard = { added: 0, removed: 0 };
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    heard.added += 1;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    heard.removed += 1;
    remove(...args);
  };
  await cache.getOrLoad('k', () => 'v', { ...TTL, signal });
  await settle();
  expect(heard).toEqual({ added: 1, removed: 1 });
  await cache.getOrLoad('k', () => 'w', { ...TTL, signal: AbortSignal.abort() });
  expect(cache.stats().hits).toBe(1);
});

test('with the cache off, a waiter can give up too', async () => {
  const cache = new Cache<string>({ enabled: false });
  const source = new ManualSource<string>();
  const controller = new AbortController();
  const answer = cache.getOrLoad('k', source.load, { ...TTL, signal: controller.signal });
  const gaveUp = expect(answer).rejects.toThrow('gone');
  await settle();
  controller.abort(new Error('gone'));
  await gaveUp;
  expect(source.latest.signal.aborted).toBe(false);
  await source.latest.finish('v');
});
