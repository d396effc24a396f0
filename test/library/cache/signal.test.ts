import { expect, test } from 'vitest';
import { Cache } from '../../../src/library/cache/cache.ts';
import { settle } from '../../support/fake-clock.ts';
import { ManualSource } from '../../support/service/manual-source.ts';

const TTL = { ttlS: 3 };

test('a reader that aborts does not abort the load for other readers, even if it started it', async () => {
  const cache = new Cache<string>();
  const source = new ManualSource<string>();
  const controller = new AbortController();
  const first = cache.getOrLoad('k', source.load, { ...TTL, signal: controller.signal });
  const second = cache.getOrLoad('k', source.load, TTL);
  const aborted = first.catch((error: unknown) => error);
  await settle();
  controller.abort(new Error('client went away'));
  expect(await aborted).toMatchObject({ message: 'client went away' });
  expect(source.latest.signal.aborted).toBe(false);
  await source.latest.finish('v');
  expect(await second).toBe('v');
  expect(cache.get('k')).toBe('v');
});

test('a load that no reader waits for any more is still cached', async () => {
  const cache = new Cache<string>();
  const source = new ManualSource<string>();
  const controller = new AbortController();
  const result = cache.getOrLoad('k', source.load, { ...TTL, signal: controller.signal });
  const aborted = expect(result).rejects.toThrow('gone');
  await settle();
  controller.abort(new Error('gone'));
  await aborted;
  await source.latest.finish('v');
  expect(cache.get('k')).toBe('v');
});

test('a load that fails after its readers have aborted is no unhandled rejection', async () => {
  const cache = new Cache<string>();
  const source = new ManualSource<string>();
  const controller = new AbortController();
  const result = cache.getOrLoad('k', source.load, { ...TTL, signal: controller.signal });
  const aborted = expect(result).rejects.toThrow('gone');
  await settle();
  controller.abort(new Error('gone'));
  await aborted;
  await source.latest.fail(new Error('down'));
  expect(cache.stats()).toMatchObject({ loadErrors: 1, inFlight: 0 });
});

test('an already aborted signal rejects the read', async () => {
  const cache = new Cache<string>();
  const source = new ManualSource<string>();
  const signal = AbortSignal.abort(new Error('never mind'));
  await expect(cache.getOrLoad('k', source.load, { ...TTL, signal })).rejects.toThrow('never mind');
});

test('a hit ignores the signal, and a settled read removes its listener', async () => {
  const cache = new Cache<string>();
  const { signal } = new AbortController();
  const listeners = { added: 0, removed: 0 };
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners.added += 1;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners.removed += 1;
    remove(...args);
  };
  await cache.getOrLoad('k', () => 'v', { ...TTL, signal });
  await settle();
  expect(listeners).toEqual({ added: 1, removed: 1 });
  await cache.getOrLoad('k', () => 'w', { ...TTL, signal: AbortSignal.abort() });
  expect(cache.stats().hits).toBe(1);
});

test('a reader of a disabled cache can abort', async () => {
  const cache = new Cache<string>({ enabled: false });
  const source = new ManualSource<string>();
  const controller = new AbortController();
  const result = cache.getOrLoad('k', source.load, { ...TTL, signal: controller.signal });
  const aborted = expect(result).rejects.toThrow('gone');
  await settle();
  controller.abort(new Error('gone'));
  await aborted;
  expect(source.latest.signal.aborted).toBe(false);
  await source.latest.finish('v');
});
