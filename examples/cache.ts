/**
 * A tour of `roundhouse/cache`. Run it in the root of the project:
 *
 *     node --conditions=roundhouse:source examples/cache.ts
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Cache, cacheKey } from 'roundhouse/cache';

const print = (line: string) => process.stdout.write(`${line}\n`);

/** A source that takes 30 ms to count engines and can fail. */
const source = { engines: 3, reads: 0, available: true };
async function countEngines() {
  source.reads += 1;
  const { engines, available } = source;
  await delay(30);
  if (!available) throw new Error('the source is down');
  return { engines };
}

using cache = new Cache<{ engines: number }>({ staleIfErrorS: 30, refreshAheadS: 15 });
const key = cacheKey('stats', 'engines');
const read = () => cache.read(key, countEngines, { ttlS: 60 });

print('Single flight: 100 concurrent reads');
const results = await Promise.all(Array.from({ length: 100 }, read));
const byOutcome = Object.entries(Object.groupBy(results, ({ outcome }) => outcome));
const outcomes = byOutcome.map(([outcome, reads]) => `${reads.length} ${outcome}`).join(', ');
print(`  ${source.reads} load: ${outcomes}.`);

print('Hits: 1000 more reads');
let hits = 0;
for (let i = 0; i < 1000; i += 1) if ((await read()).outcome === 'hit') hits += 1;
print(`  ${source.reads} load: ${hits} hits.`);

print('Invalidation: the number of engines changes during a load');
cache.invalidate('stats:*');
const early = read();
await delay(5);
source.engines += 1;
cache.invalidate('stats:*');
const late = read();
print(
  `  A read before the change gets ${(await early).value.engines}, a read after it ${(await late).value.engines}.`,
);
print(`  The cached value is ${cache.get(key)?.engines}.`);

print('Stale if error: the source fails after another change');
source.available = false;
cache.invalidate('stats:*');
const fallback = await read();
print(`  ${fallback.value.engines} engines, ${fallback.outcome}, ${fallback.ageS.toFixed(1)} s old.`);

print('Refresh-ahead: a value with a TTL of 0.3 s');
let loads = 0;
const readRefreshed = () => cache.read('stats:loads', () => ({ engines: ++loads }), { ttlS: 0.3 });
await readRefreshed();
while (loads < 3) await delay(20);
print(`  After two refreshes in the background the next read is a ${(await readRefreshed()).outcome}.`);

const { misses, collapsed, stale, hitRate, ...stats } = cache.stats();
print(
  `${stats.hits} hits and ${misses} misses (${collapsed} collapsed, ${stale} stale): hit rate ${hitRate} %.`,
);
print(`${stats.loads} loads, ${stats.loadErrors} failed.`);
