/**
 * A walk through `roundhouse/redis` and `roundhouse/result-cache`, with a Redis at REDIS_URL. From the root
 * of the project:
 *
 *     REDIS_URL=redis://localhost node --conditions=roundhouse:source examples/redis.ts
 */
import { setTimeout as delay } from 'node:timers/promises';
import { LeaderLease, RedisLink, TieredCache } from 'roundhouse/redis';
import { type Boxed, cachedResult } from 'roundhouse/result-cache';

const say = (line: string) => process.stdout.write(`${line}\n`);
const until = async (done: () => boolean) => {
  while (!done()) await delay(10);
};

/** Two processes would look like this; here they are two halves of one. */
function connect() {
  const link = new RedisLink({ url: process.env.REDIS_URL ?? 'redis://localhost', prefix: 'example' });
  const cache = new TieredCache<Boxed>(link, { namespace: `yard-${process.pid}` });
  return { link, cache };
}
const north = connect();
const south = connect();
await until(() => north.cache.connected && south.cache.connected);

let counted = 0;
async function countEngines(yard: string) {
  counted += 1;
  await delay(30);
  return { yard, engines: 3 };
}
const countNorth = cachedResult(countEngines, { ttlS: 60, cache: north.cache });
const countSouth = cachedResult(countEngines, { ttlS: 60, cache: south.cache });

say('A hundred people ask, half of them in the north and half in the south.');
await Promise.all(Array.from({ length: 100 }, (_, i) => (i % 2 ? countNorth : countSouth)('main')));
say(`  The yard was counted ${counted} time.`);

say('An engine leaves; the north says so.');
countNorth.invalidate('main');
await until(() => south.cache.get(countSouth.keyOf('main') ?? '') === undefined);
await countSouth('main');
say(`  The south has heard of it: the yard was counted ${counted} times.`);

say('One of them is to move the engines.');
const name = `yard-${process.pid}`;
const leaders = [north, south].map(({ link }) => new LeaderLease(link, { name, leaseS: 2 }));
await until(() => leaders.some(({ term }) => term !== undefined));
say(`  ${leaders.filter(({ term }) => term !== undefined).length} leads.`);
const first = leaders.find(({ term }) => term !== undefined);
const fence = first?.term?.fence ?? 0;
await first?.close();
await until(() => leaders.some(({ term }) => term !== undefined));
const second = leaders.find(({ term }) => term !== undefined);
say(`  It resigns, the other one leads, with a higher fence: ${(second?.term?.fence ?? 0) > fence}.`);

for (const leader of leaders) await leader.close();
for (const { cache, link } of [north, south]) {
  cache.close();
  link.close();
}
