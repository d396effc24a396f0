import { describe, expect, test } from 'vitest';
import { Cache } from '../../../src/library/cache/cache.ts';
import { deepFreeze } from '../../../src/library/cache/freeze.ts';
import { settle } from '../../support/fake-clock.ts';
import { ManualSource } from '../../support/service/manual-source.ts';

const TTL = { ttlS: 3 };

interface Total {
  cpu: number;
  engines: { id: string; labels: Record<string, string> }[];
}
const total = (): Total => ({ cpu: 1, engines: [{ id: 'a', labels: { app: 'x' } }] });

function expectFrozen(value: Total): void {
  expect(() => {
    value.cpu = 99;
  }).toThrow(TypeError);
  expect(() => value.engines.push({ id: 'b', labels: {} })).toThrow(TypeError);
  expect(() => {
    value.engines[0]!.labels.app = 'changed';
  }).toThrow(TypeError);
  expect(value).toEqual(total());
}

describe('a reader cannot change the value that other readers get', () => {
  test('from a miss, a collapsed read or a hit', async () => {
    const cache = new Cache<Total>();
    const first = cache.getOrLoad('k', total, TTL);
    const second = cache.getOrLoad('k', total, TTL);
    expectFrozen(await first);
    expectFrozen(await second);
    expectFrozen(await cache.getOrLoad('k', total, TTL));
    expectFrozen(cache.get('k')!);
  });

  test('from set', () => {
    const cache = new Cache<Total>();
    cache.set('k', total(), TTL);
    expectFrozen(cache.get('k')!);
  });

  test('from a superseded load', async () => {
    const cache = new Cache<Total>();
    const source = new ManualSource<Total>();
    const waiting = cache.getOrLoad('k', source.load, TTL);
    await settle();
    cache.invalidate('k');
    await source.latest.finish(total());
    expectFrozen(await waiting);
  });

  test('from a disabled cache, so that the mistake fails there too', async () => {
    const cache = new Cache<Total>({ enabled: false });
    expectFrozen(await cache.getOrLoad('k', total, TTL));
  });
});

describe('deepFreeze', () => {
  test('freezes objects inside objects that are already frozen', () => {
    const value = Object.freeze({ inner: { list: Object.freeze([{ n: 1 }]) } });
    deepFreeze(value);
    expect(Object.isFrozen(value.inner)).toBe(true);
    expect(Object.isFrozen(value.inner.list[0])).toBe(true);
  });

  test('returns its argument and accepts cycles', () => {
    interface Ring {
      next?: Ring;
    }
    const ring: Ring = {};
    ring.next = { next: ring };
    expect(deepFreeze(ring)).toBe(ring);
    expect(Object.isFrozen(ring.next)).toBe(true);
  });

  test('does not overflow the stack', () => {
    let deep: unknown = {};
    for (let i = 0; i < 100_000; i += 1) deep = [deep];
    expect(Object.isFrozen(deepFreeze(deep))).toBe(true);
  });

  test.each<[string, unknown]>([
    ['a buffer', Buffer.from('body')],
    ['a typed array', new Uint8Array(4)],
    ['a Map', new Map([['a', 1]])],
    ['a Date', new Date(0)],
    ['a class instance', new (class Engine {})()],
  ])('does not freeze %s', (_name, exotic) => {
    const value = deepFreeze({ exotic });
    expect(Object.isFrozen(value)).toBe(true);
    expect(Object.isFrozen(exotic)).toBe(false);
  });

  test('freezes objects without a prototype', () => {
    const bare = Object.assign(Object.create(null) as Record<string, unknown>, { inner: {} });
    deepFreeze(bare);
    expect(Object.isFrozen(bare)).toBe(true);
    expect(Object.isFrozen(bare.inner)).toBe(true);
  });

  test.each([[null], [undefined], [0], ['text'], [true], [1n]])('returns %s', (value) => {
    expect(deepFreeze(value)).toBe(value);
  });
});
