import { type Dispatcher, request, fetch as undiciFetch } from 'undici';
import type { RedisServer } from '../../test/support/redis/redis.ts';
import type { Bench, Row } from '../row.ts';
import * as peers from '../support/http-peers.ts';
import { atLeast, atMost, type Finding, type Target } from '../support/measure.ts';
import { startOrigin } from '../support/origin.ts';
import { VALUE, type Value } from '../support/peers.ts';
import { type Contender, race, speedRatios, timeFindings } from '../support/race.ts';
import { openRedis } from '../support/redis.ts';

/** Keys of other programs in the same Redis. */
const OTHER_KEYS = 10_000;
const READERS = 50;
const ORIGIN_MS = 200;
/** Longer than what is stored within a record, so that a hit takes two reads of the store. */
const LARGE_BYTES = 100_000;
const TARGET = atLeast(1);

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
    const largeOrigin = await startOrigin(cleanup, 0, LARGE_BYTES);
    const hits = await hitFindings(`${fastOrigin.url}/hit`, `${largeOrigin.url}/hit`, caches, quick);
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
  largeUrl: string,
  { dispatchers, fetch }: Awaited<ReturnType<typeof peers.openHttpCaches>>,
  quick: boolean,
): Promise<Finding[]> {
  const through = (name: keyof typeof dispatchers, target = url, read: Read = readJson) =>
    reading(async () => read((await request(target, { dispatcher: dispatchers[name] })).body));
  const inMemory = (target: string, read: Read) => ({
    ours: through(peers.OURS, target, read),
    undici: through(peers.UNDICI, target, read),
    oursFetch: reading(async () => read(await fetch(target))),
    undiciFetch: reading(async () =>
      read(await undiciFetch(target, { dispatcher: dispatchers[peers.UNDICI] })),
    ),
  });
  const memory = inMemory(url, readJson);
  const large = inMemory(largeUrl, readBytes);
  const inRedis = {
    ours: through(peers.OURS_REDIS),
    peer: { ...through(peers.UNDICI_REDIS), slowness: 100 },
    tracking: through(peers.UNDICI_REDIS_TRACKING),
  };
  const all = [memory, large, inRedis].flatMap((group) => Object.values(group));
  // The first request stores the response.
  for (const { loop } of all) await loop(1);
  await race(Object.values(memory), quick ? 2 : 15, quick ? 50 : 2000);
  await race(Object.values(large), quick ? 2 : 9, quick ? 10 : 300);
  await race(Object.values(inRedis), quick ? 1 : 5, quick ? 20 : 1000);
  const speed = (what: string, ours: Contender, peer: Contender, target: Target | null = null): Finding => ({
    what: `hit, speed ÷ ${what}`,
    unit: '×',
    target,
    rounds: speedRatios(ours, peer),
  });
  const besideUndici = (what: string, { ours, undici, oursFetch, undiciFetch }: typeof memory) => [
    speed(`${peers.UNDICI}, ${what}, both as interceptors`, ours, undici, TARGET),
    speed(`${peers.UNDICI}, ${what}, both through fetch`, oursFetch, undiciFetch, TARGET),
  ];
  return [
    ...besideUndici('in memory', memory),
    ...besideUndici(`in memory, bodies of ${LARGE_BYTES / 1000} kB`, large),
    speed(`${peers.UNDICI_REDIS}; Roundhouse in Redis`, inRedis.ours, inRedis.peer),
    speed(`${peers.UNDICI_REDIS_TRACKING}; Roundhouse in Redis`, inRedis.ours, inRedis.tracking),
    ...timeFindings({
      [`hit: ${peers.OURS}, in memory`]: memory.ours,
      [`hit: ${peers.UNDICI}, in memory`]: memory.undici,
      [`hit: ${peers.OURS}, in memory, fetch`]: memory.oursFetch,
      [`hit: ${peers.UNDICI}, in memory, fetch`]: memory.undiciFetch,
      [`hit of ${LARGE_BYTES / 1000} kB: ${peers.OURS}, in memory`]: large.ours,
      [`hit of ${LARGE_BYTES / 1000} kB: ${peers.UNDICI}, in memory`]: large.undici,
      [`hit of ${LARGE_BYTES / 1000} kB: ${peers.OURS}, in memory, fetch`]: large.oursFetch,
      [`hit of ${LARGE_BYTES / 1000} kB: ${peers.UNDICI}, in memory, fetch`]: large.undiciFetch,
      [`hit: ${peers.OURS_REDIS}`]: inRedis.ours,
      [`hit: ${peers.UNDICI_REDIS}`]: inRedis.peer,
      [`hit: ${peers.UNDICI_REDIS_TRACKING}`]: inRedis.tracking,
    }),
  ];
}

type Read = (body: Record<'json' | 'arrayBuffer', () => Promise<unknown>>) => Promise<unknown>;

const readJson: Read = (body) => body.json();

/** Parsing a large body as JSON would take longer than the hit. */
const readBytes: Read = async (body) => {
  const { byteLength } = (await body.arrayBuffer()) as ArrayBuffer;
  return byteLength >= LARGE_BYTES ? VALUE : undefined;
};

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
