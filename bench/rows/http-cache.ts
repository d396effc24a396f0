import { type Dispatcher, request, fetch as undiciFetch } from 'undici';
import type { RedisServer } from '../../test/support/redis/redis.ts';
import type { Bench, Row } from '../row.ts';
import * as peers from '../support/http-peers.ts';
import { atMost, type Finding } from '../support/measure.ts';
import { startOrigin } from '../support/origin.ts';
import type { Value } from '../support/peers.ts';
import { type Contender, race, speedRatios, timeFindings } from '../support/race.ts';
import { openRedis } from '../support/redis.ts';

/** Keys of other programs in the same Redis. */
const OTHER_KEYS = 10_000;
const READERS = 50;
const ORIGIN_MS = 200;

type Dispatchers = Readonly<Record<string, Dispatcher>>;

export const httpCache: Row = {
  name: 'http-cache',
  title: `HTTP cache: a hit, with ${OTHER_KEYS.toLocaleString('en')} other keys in Redis; ${READERS} concurrent requests on a cold cache, origin ${ORIGIN_MS} ms`,
  async run({ quick, cleanup }: Bench): Promise<Finding[]> {
    const redis = await openRedis(cleanup);
    await addOtherKeys(redis);
    const fastOrigin = await startOrigin(cleanup, 0);
    const slowOrigin = await startOrigin(cleanup, ORIGIN_MS);
    const caches = await peers.openHttpCaches(redis.url, cleanup);
    const hits = await hitFindings(`${fastOrigin.url}/hit`, caches, quick);
    const calls = await stampedes(caches.dispatchers, slowOrigin, quick ? 1 : 3);
    return [...hits, ...calls];
  },
};

async function addOtherKeys(redis: RedisServer): Promise<void> {
  const script = `for i = 1, ${OTHER_KEYS} do redis.call('SET', 'other:' .. i, 'x') end`;
  await redis.command('EVAL', script, '0');
}

async function hitFindings(
  url: string,
  { dispatchers, fetch }: Awaited<ReturnType<typeof peers.openHttpCaches>>,
  quick: boolean,
): Promise<Finding[]> {
  const through = (name: keyof typeof dispatchers) =>
    reading(async () => (await request(url, { dispatcher: dispatchers[name] })).body.json());
  const memory = {
    ours: through(peers.OURS),
    undici: through(peers.UNDICI),
    oursFetch: reading(async () => (await fetch(url)).json()),
    undiciFetch: reading(async () =>
      (await undiciFetch(url, { dispatcher: dispatchers[peers.UNDICI] })).json(),
    ),
  };
  const inRedis = {
    ours: through(peers.OURS_REDIS),
    peer: { ...through(peers.UNDICI_REDIS), slowness: 100 },
    tracking: through(peers.UNDICI_REDIS_TRACKING),
  };
  const all = [...Object.values(memory), ...Object.values(inRedis)];
  // The first request stores the response.
  for (const { loop } of all) await loop(1);
  await race(Object.values(memory), quick ? 2 : 9, quick ? 50 : 2000);
  await race(Object.values(inRedis), quick ? 1 : 5, quick ? 20 : 1000);
  const speed = (what: string, ours: Contender, peer: Contender): Finding => ({
    what: `hit, speed ÷ ${what}`,
    unit: '×',
    target: null,
    rounds: speedRatios(ours, peer),
  });
  return [
    speed(`${peers.UNDICI}, in memory, both as interceptors`, memory.ours, memory.undici),
    speed(`${peers.UNDICI}, in memory, both through fetch`, memory.oursFetch, memory.undiciFetch),
    speed(`${peers.UNDICI_REDIS}; Roundhouse in Redis`, inRedis.ours, inRedis.peer),
    speed(`${peers.UNDICI_REDIS_TRACKING}; Roundhouse in Redis`, inRedis.ours, inRedis.tracking),
    ...timeFindings({
      [`hit: ${peers.OURS}, in memory`]: memory.ours,
      [`hit: ${peers.UNDICI}, in memory`]: memory.undici,
      [`hit: ${peers.OURS}, in memory, fetch`]: memory.oursFetch,
      [`hit: ${peers.UNDICI}, in memory, fetch`]: memory.undiciFetch,
      [`hit: ${peers.OURS_REDIS}`]: inRedis.ours,
      [`hit: ${peers.UNDICI_REDIS}`]: inRedis.peer,
      [`hit: ${peers.UNDICI_REDIS_TRACKING}`]: inRedis.tracking,
    }),
  ];
}

/** All reads use the same code of undici, so they can share one loop. */
function reading(read: () => Promise<unknown>): Contender {
  const loop = async (reads: number) => {
    let sum = 0;
    for (let i = 0; i < reads; i += 1) sum += ((await read()) as Value).container_count;
    return sum;
  };
  return { ns: [], loop };
}

async function stampedes(
  dispatchers: Dispatchers,
  origin: Awaited<ReturnType<typeof startOrigin>>,
  rounds: number,
): Promise<Finding[]> {
  const names = Object.keys(dispatchers);
  const calls = names.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, name] of names.entries()) {
      const path = `/cold/${index}/${round}`;
      const dispatcher = dispatchers[name]!;
      const reads = Array.from({ length: READERS }, async () => {
        const { body } = await request(origin.url + path, { dispatcher });
        return await body.json();
      });
      await Promise.all(reads);
      calls[index]!.push(origin.requestCount(path));
    }
  }
  return names.map((name, index) => ({
    what: `${READERS} concurrent requests: requests to the origin, ${name}`,
    unit: 'count',
    target: name === peers.OURS || name === peers.OURS_REDIS ? atMost(1) : null,
    rounds: calls[index]!,
  }));
}
