/**
 * A walk through `roundhouse/cache`. From the root of the project:
 *
 *     node --conditions=roundhouse:source examples/cache.ts
 */
import { setTimeout as delay } from 'node:timers/promises';
import { Cache, cacheKey } from 'roundhouse/cache';

const say = (line: string) => process.stdout.write(`${line}\n`);

/** A yard of engines that takes its time to count them, and can lose its telephone line. */
const yard = { engines: 3, counted: 0, connected: true };
async function countEngines() {
  yard.counted += 1;
  const { engines, connected } = yard;
  await delay(30);
  if (!connected) throw new Error('the line is dead');
  return { engines };
}

using cache = new Cache<{ engines: number }>({ staleIfErrorS: 30, refreshAheadS: 15 });
const key = cacheKey('yard', 'engines');
const ask = () => cache.read(key, countEngines, { ttlS: 60 });

say('A hundred people ask at once.');
const answers = await Promise.all(Array.from({ length: 100 }, ask));
const outcomes = Object.entries(Object.groupBy(answers, ({ outcome }) => outcome));
const told = outcomes.map(([outcome, reads]) => `${reads.length} ${outcome}`).join(', ');
say(`  The yard was counted ${yard.counted} time: ${told}.`);

say('A thousand more ask, one after another.');
let hits = 0;
for (let i = 0; i < 1000; i += 1) if ((await ask()).outcome === 'hit') hits += 1;
say(`  The yard was counted ${yard.counted} time: ${hits} hits.`);

say('An engine arrives while somebody counts.');
cache.invalidate('yard:*');
const early = ask();
await delay(5);
yard.engines += 1;
cache.invalidate('yard:*');
const late = ask();
say(
  `  Who asked before is told ${(await early).value.engines}, who asked after ${(await late).value.engines}.`,
);
say(`  The cache has kept ${cache.get(key)?.engines}.`);

say('The line goes dead, and something changes.');
yard.connected = false;
cache.invalidate('yard:*');
const old = await ask();
say(
  `  ${old.value.engines} engines, ${old.outcome}, ${old.ageS.toFixed(1)} s old: better than nothing, and it says so.`,
);

say('Somebody keeps looking at a figure that is good for 0.3 s.');
let ticks = 0;
const look = () => cache.read('yard:ticks', () => ({ engines: ++ticks }), { ttlS: 0.3 });
await look();
while (ticks < 3) await delay(20);
const fresh = await look();
say(`  Loaded again twice in the background; the next look is a ${fresh.outcome}.`);

const { misses, collapsed, stale, hitRate, ...stats } = cache.stats();
say(`${stats.hits} hits and ${misses} misses (${collapsed} collapsed, ${stale} stale): ${hitRate} % hits.`);
say(`${stats.loads} loads, ${stats.loadErrors} failed.`);
