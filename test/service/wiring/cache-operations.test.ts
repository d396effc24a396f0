import { pino } from 'pino';
import { describe, expect, onTestFinished, test } from 'vitest';
import { readConfig } from '../../../src/service/config/config.ts';
import { Metrics } from '../../../src/service/metrics/metrics.ts';
import { createServiceCaches } from '../../../src/service/wiring/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';

function setUp(level: string) {
  const lines: object[] = [];
  const write = (line: string) => {
    const { msg, key, age, outcome, ttl } = JSON.parse(line);
    lines.push(JSON.parse(JSON.stringify({ msg, key, age, outcome, ttl })));
  };
  const log = pino({ level }, { write });
  const clock = new FakeClock();
  const caches = createServiceCaches(readConfig({ LOG_LEVEL: level }), {
    clock,
    metrics: new Metrics(clock),
    log,
    link: null,
    version: '0.0.0-test',
  });
  onTestFinished(() => {
    caches.stats.close();
    caches.results.close();
  });
  return { cache: caches.stats, clock, lines };
}

async function useAll({ cache, clock }: ReturnType<typeof setUp>): Promise<void> {
  const read = (load: () => Promise<number>) => cache.getOrLoad('stats:total', load, { ttlS: 3 });
  await Promise.all([read(async () => 1), read(async () => 1)]);
  clock.advance(1500);
  await read(async () => 2);
  cache.invalidate('stats:*');
  await read(() => Promise.reject(new Error('no')));
}

describe('operations of the cache', () => {
  test.each(['debug', 'trace'])('are written with key and age at LOG_LEVEL=%s', async (level) => {
    const parts = setUp(level);
    await useAll(parts);
    const key = 'stats:total';
    expect(parts.lines).toEqual([
      { msg: 'Cache MISS', key, outcome: 'miss' },
      { msg: 'Cache MISS', key, outcome: 'collapsed' },
      { msg: 'Cache SET', key, age: 0, ttl: 3 },
      { msg: 'Cache HIT', key, age: 1.5, outcome: 'hit' },
      { msg: 'Cache DELETE', key, age: 1.5 },
      { msg: 'Cache MISS', key, outcome: 'miss' },
      { msg: 'load failed: serving the last good value', key },
      { msg: 'Cache STALE', key, age: 1.5, outcome: 'stale' },
    ]);
  });

  test('are not written at LOG_LEVEL=info', async () => {
    const parts = setUp('info');
    await useAll(parts);
    expect(parts.lines).toEqual([{ msg: 'load failed: serving the last good value', key: 'stats:total' }]);
  });

  test('loads that keep failing are logged once, and again when they succeed', async () => {
    const { cache, lines } = setUp('info');
    const read = (load: () => Promise<number>) => cache.getOrLoad('stats:total', load, { ttlS: 3 });
    const fail = (message: string) => read(() => Promise.reject(new Error(message))).catch(() => {});
    await read(async () => 1);
    for (const message of ['no agent', 'no agent', 'no manager']) {
      cache.invalidate('stats:*');
      await fail(message);
    }
    cache.invalidate('stats:*');
    await read(async () => 2);
    const key = 'stats:total';
    const failed = { msg: 'load failed: serving the last good value', key };
    expect(lines).toEqual([failed, failed, { msg: 'load succeeded again', key }]);
  });
});
