import { describe, expect, test } from 'vitest';
import { cacheKey } from '../../../src/library/cache/index.ts';
import { createKeyClasses } from '../../../src/service/metrics/key-classes.ts';

describe('the class of a cache key', () => {
  test.each([
    [cacheKey('stats', 'total'), 'stats:total'],
    [cacheKey('stats', 'engine', 'f'.repeat(64)), 'stats:engine'],
    [cacheKey('vpn', 'port', null, 1), 'vpn:port'],
    ['without-a-name', 'other'],
    ['', 'other'],
  ])('%s is %s', (key, keyClass) => {
    expect(createKeyClasses()(key)).toBe(keyClass);
  });

  test('is one of at most 33', () => {
    const classOf = createKeyClasses();
    expect(classOf('stats:total')).toBe('stats:total');
    const classes = new Set(Array.from({ length: 10_000 }, (_, index) => classOf(`flood:${index}`)));
    expect(classes.size).toBe(32);
    expect(classes).toContain('other');
    expect(classOf('stats:total')).toBe('stats:total');
    expect(classOf('flood:0')).toBe('flood:0');
  });

  test('does not depend on the arguments', () => {
    const classOf = createKeyClasses();
    const keys = Array.from({ length: 1000 }, (_, index) => cacheKey('stats', 'engine', index));
    expect(new Set(keys.map(classOf))).toEqual(new Set(['stats:engine']));
  });
});
