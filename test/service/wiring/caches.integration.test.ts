import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { RedisLink } from '../../../src/library/redis/index.ts';
import { readConfig } from '../../../src/service/config/config.ts';
import { Metrics } from '../../../src/service/metrics/metrics.ts';
import { createServiceCaches } from '../../../src/service/wiring/caches.ts';
import { FakeClock } from '../../support/fake-clock.ts';

test('while Redis is disconnected, failed loads are logged, but not each read that does without Redis', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => lines.push(line) });
  const clock = new FakeClock();
  const link = new RedisLink({ url: 'redis://127.0.0.1:1', clock });
  const caches = createServiceCaches(readConfig({}), {
    clock,
    metrics: new Metrics(clock),
    log,
    link,
    version: '0.0.0-test',
  });
  onTestFinished(() => {
    caches.stats.close();
    caches.results.close();
    link.close();
  });
  expect(caches.shared).not.toBeNull();
  expect(await caches.stats.getOrLoad('k', () => 1, { ttlS: 60 })).toBe(1);
  caches.stats.invalidate('*');
  expect(await caches.stats.getOrLoad('k', () => 2, { ttlS: 60 })).toBe(2);
  expect(lines).toEqual([]);
  const failing = () => Promise.reject(new Error('the source is down'));
  caches.stats.invalidate('*');
  expect(await caches.stats.getOrLoad('k', failing, { ttlS: 60 })).toBe(2);
  expect(lines.map((line) => JSON.parse(line).err.message)).toEqual(['the source is down']);
});
