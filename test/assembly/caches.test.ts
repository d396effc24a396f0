import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { createCaches } from '../../src/assembly/caches.ts';
import { readConfig } from '../../src/config/config.ts';
import { Metrics } from '../../src/metrics/metrics.ts';
import { RedisLink } from '../../src/redis/index.ts';
import { FakeClock } from '../support/fake-clock.ts';

test('while Redis is away, nothing is said of answers that the source has given', async () => {
  const lines: { level: number; key: string }[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const clock = new FakeClock();
  const metrics = new Metrics(clock);
  const link = new RedisLink({ url: 'redis://127.0.0.1:1', prefix: 'test', clock });
  const caches = createCaches(readConfig({}), { clock, metrics, log, link });
  onTestFinished(() => {
    caches.stats.close();
    caches.results.close();
    link.close();
    metrics.close();
  });

  caches.stats.invalidate('stats:*');
  const total = await caches.stats.getOrLoad('stats:total', async () => 1, { ttlS: 3 });
  expect(total).toBe(1);
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.filter(({ level }) => level >= 40)).toEqual([]);
});
