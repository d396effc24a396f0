/**
 * Shows `roundhouse/redis` and `roundhouse/result-cache`. Needs a Redis server at REDIS_URL. Run it from the root of
 * the project:
 *
 *     REDIS_URL=redis://localhost node --conditions=roundhouse:source examples/redis.ts
 */
import { setTimeout as delay } from 'node:timers/promises';
import { jsonCodec, LeaderLease, RedisLink, TieredCache } from 'roundhouse/redis';
import { cachedResult, isStoredResult, type StoredResult } from 'roundhouse/result-cache';

const print = (line: string) => process.stdout.write(`${line}\n`);
const until = async (condition: () => boolean) => {
  while (!condition()) await delay(10);
};

/** What each process would do. Here, both are in the same process. */
function connect() {
  const link = new RedisLink({ url: process.env.REDIS_URL ?? 'redis://localhost', prefix: 'example' });
  const cache = new TieredCache<StoredResult>(link, {
    namespace: `yard-${process.pid}`,
    codec: jsonCodec(isStoredResult),
  });
  return { link, cache };
}
const a = connect();
const b = connect();
await until(() => a.cache.connected && b.cache.connected);

let calls = 0;
async function countEngines(yard: string) {
  calls += 1;
  await delay(30);
  return { yard, engines: 3 };
}
const countFromA = cachedResult(countEngines, { ttlS: 60, cache: a.cache });
const countFromB = cachedResult(countEngines, { ttlS: 60, cache: b.cache });

print('100 concurrent calls, half of them in process A and half in process B:');
await Promise.all(Array.from({ length: 100 }, (_, i) => (i % 2 ? countFromA : countFromB)('main')));
print(`  function called ${calls} time`);

print('Process A invalidates the result, and process B calls the function again:');
countFromA.invalidate('main');
await until(() => b.cache.get(countFromB.keyOf('main') ?? '') === undefined);
await countFromB('main');
print(`  function called ${calls} times`);

print('Both processes are candidates for leadership:');
const name = `yard-${process.pid}`;
const leases = [a, b].map(({ link }) => new LeaderLease(link, { name, leaseS: 2 }));
const findLeader = () => leases.find(({ term }) => term !== undefined);
await until(() => findLeader() !== undefined);
print(`  leaders: ${leases.filter(({ term }) => term !== undefined).length}`);

print('The leader steps down, and the other process takes over:');
const first = findLeader();
const firstFence = first?.term?.fence ?? 0;
await first?.close();
await until(() => findLeader() !== undefined);
print(`  fencing token increased: ${(findLeader()?.term?.fence ?? 0) > firstFence}`);

for (const lease of leases) await lease.close();
for (const { cache, link } of [a, b]) {
  cache.close();
  link.close();
}
