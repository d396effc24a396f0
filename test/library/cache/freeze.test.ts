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

describe('no reader can change what another gets', () => {
  test('whether it loaded the value, joined the load, or came later', async () => {
    const cache = new Cache<Total>();
    const first = cache.getOrLoad('k', total, TTL);
    const second = cache.getOrLoad('k', total, TTL);
    expectFrozen(await first);
    expectFrozen(await second);
    expectFrozen(await cache.getOrLoad('k', total, TTL));
    expectFrozen(cache.get('k')!);
  });

  test('where the value was set', () => {
    const cache = new Cache<Total>();
    cache.set('k', total(), TTL);
    expectFrozen(cache.get('k')!);
  });

  test('where the load was overtaken: its waiters share the answer too', async () => {
    const cache = new Cache<Total>();
    const source = new ManualSource<Total>();
    const waiting = cache.getOrLoad('k', source.load, TTL);
    await settle();
    cache.invalidate('k');
    await source.latest.finish(total());
    expectFrozen(await waiting);
  });

  test('with the cache off, so that a mistake shows there as well', async () => {
    const cache = new Cache<Total>({ enabled: false });
    expectFrozen(await cache.getOrLoad('k', total, TTL));
  });
});

describe('deepFreeze', () => {
  test('goes on below what its owner had frozen already', () => {
    const value = Object.freeze({ inner: { list: Object.freeze([{ n: 1 }]) } });
    deepFreeze(value);
    expect(Object.isFrozen(value.inner)).toBe(true);
    expect(Object.isFrozen(value.inner.list[0])).toBe(true);
  });

  test('returns its argument, cycles and all', () => {
    interface Ring {
      next?: Ring;
    }
    const ring: Ring = {};
    ring.next = { next: ring };
    expect(deepFreeze(ring)).toBe(ring);
    expect(Object.isFrozen(ring.next)).toBe(true);
  });

  test('has no stack to overflow', () => {
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
  ])('leaves %s alone, wherever it is', (_name, exotic) => {
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

  test.each([[null], [undefined], [0], ['text'], [true], [1n]])('takes %s as it is', (value) => {
    expect(deepFreeze(value)).toBe(value);
  });
});
