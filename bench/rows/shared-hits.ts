import { createClient } from '@redis/client';
import type { Bench, Row } from '../row.ts';
import type { Cleanup } from '../support/cleanup.ts';
import { atLeast, type Finding, type Target } from '../support/measure.ts';
import { VALUE, type Value } from '../support/peers.ts';
import { type Contender, race, speedRatios, timeFindings } from '../support/race.ts';
import { openRedis } from '../support/redis.ts';
import { openBento, openCacheable, openOurs, TTL_S } from '../support/shared-peers.ts';
import {
  BENTO,
  CACHEABLE,
  DEDUPE,
  KEYV,
  type OpenSubject,
  OURS,
  openKeyvSubject,
  SUBJECTS,
} from '../support/shared-subjects.ts';

/** About as many as a panel reads, and a power of two. */
const MEMORY_KEYS = Array.from({ length: 16 }, (_, index) => `stats:engine:${index}`);
const MASK = MEMORY_KEYS.length - 1;
/** Reads of one cache before the next one takes its turn. */
const TURN = 50;
const BARE = 'a plain GET and JSON.parse';

const fail = async (): Promise<Value> => {
  throw new Error('unexpected miss');
};

export const sharedHits: Row = {
  name: 'shared-hits',
  title: 'A hit: in memory in front of Redis, and in Redis only',
  async run({ quick, cleanup }: Bench): Promise<Finding[]> {
    const redis = await openRedis(cleanup);
    const memory = await memoryContenders(redis.url, cleanup);
    await race(Object.values(memory), quick ? 2 : 9, quick ? 2000 : 100_000);
    const settings = { url: redis.url, rounds: quick ? 2 : 9, reads: quick ? 50 : 2000, cleanup };
    const inRedis = await redisTimes({ ...settings, atOnce: false });
    const atOnce = await redisTimes({ ...settings, atOnce: true });
    return [
      speed(`in memory: speed ÷ ${BENTO}`, memory.ours, memory.bento),
      speed(`in memory: speed ÷ ${CACHEABLE}`, memory.ours, memory.cacheable),
      { what: `in memory: speed ÷ ${DEDUPE}`, missing: 'with Redis, it stores nothing in memory' },
      ...[BENTO, DEDUPE, CACHEABLE, KEYV, BARE].map((peer) =>
        speed(
          `in Redis only: speed ÷ ${peer}`,
          inRedis[OURS]!,
          inRedis[peer]!,
          peer === DEDUPE ? atLeast(1) : null,
        ),
      ),
      ...[DEDUPE, BARE].map((peer) =>
        speed(
          `in Redis only, ${TURN} at once: speed ÷ ${peer}`,
          atOnce[OURS]!,
          atOnce[peer]!,
          peer === DEDUPE ? atLeast(1) : null,
        ),
      ),
      ...timeFindings({
        [`in memory: ${OURS}`]: memory.ours,
        [`in memory: ${BENTO}`]: memory.bento,
        [`in memory: ${CACHEABLE}`]: memory.cacheable,
      }),
      ...timeFindings(
        Object.fromEntries(Object.entries(inRedis).map(([name, ns]) => [`in Redis only: ${name}`, ns])),
      ),
      ...timeFindings(
        Object.fromEntries(
          [OURS, DEDUPE, BARE].map((name) => [`in Redis only, ${TURN} at once: ${name}`, atOnce[name]!]),
        ),
      ),
    ];
  },
};

function speed(
  what: string,
  ours: Pick<Contender, 'ns'>,
  peer: Pick<Contender, 'ns'>,
  target: Target | null = null,
): Finding {
  return { what, unit: '×', target, rounds: speedRatios(ours, peer) };
}

/** All caches are connected and filled first. A later load throws. */
async function memoryContenders(
  url: string,
  cleanup: Cleanup,
): Promise<Record<'ours' | 'bento' | 'cacheable', Contender>> {
  const { cache: ours, ready, close } = openOurs(url);
  cleanup.add(close);
  const bento = openBento(url, { serialize: false });
  cleanup.add(() => bento.disconnectAll());
  const cacheable = openCacheable(url);
  cleanup.add(() => cacheable.disconnect());
  await ready();
  for (const key of MEMORY_KEYS) {
    ours.set(key, { ...VALUE }, { ttlS: TTL_S });
    await bento.set({ key, value: { ...VALUE }, ttl: TTL_S * 1000 });
    await cacheable.set(key, { ...VALUE }, TTL_S * 1000);
  }
  const options = { ttlS: TTL_S };
  const bentoOptions = MEMORY_KEYS.map((key) => ({ key, ttl: TTL_S * 1000, factory: fail }));
  const cacheableOptions = { ttl: TTL_S * 1000, throwErrors: true };
  return {
    ours: {
      ns: [],
      loop: async (reads) => {
        let sum = 0;
        for (let i = 0; i < reads; i += 1) {
          sum += (await ours.getOrLoad(MEMORY_KEYS[i & MASK]!, fail, options)).container_count;
        }
        return sum;
      },
    },
    bento: {
      ns: [],
      loop: async (reads) => {
        let sum = 0;
        for (let i = 0; i < reads; i += 1) {
          sum += (await bento.getOrSet(bentoOptions[i & MASK]!)).container_count;
        }
        return sum;
      },
    },
    cacheable: {
      ns: [],
      loop: async (reads) => {
        let sum = 0;
        for (let i = 0; i < reads; i += 1) {
          sum += (await cacheable.getOrSet(MEMORY_KEYS[i & MASK]!, fail, cacheableOptions))!.container_count;
        }
        return sum;
      },
    },
  };
}

interface RedisReads {
  readonly url: string;
  readonly rounds: number;
  readonly reads: number;
  readonly cleanup: Cleanup;
  /** Whether the reads of a turn are started together or one after another. */
  readonly atOnce: boolean;
}

/**
 * Reads keys that are in Redis but not in memory: each round uses a newly opened cache. The plain GET is the lower
 * bound of reads one after another.
 */
async function redisTimes({
  url,
  rounds,
  reads,
  cleanup,
  atOnce,
}: RedisReads): Promise<Record<string, Pick<Contender, 'ns'>>> {
  const opens: Record<string, OpenSubject> = { ...SUBJECTS, [KEYV]: openKeyvSubject, [BARE]: openBare };
  const keys = Array.from({ length: reads }, (_, index) => `in-redis:${index}`);
  const results: Record<string, { ns: number[] }> = {};
  for (const [name, open] of Object.entries(opens)) {
    results[name] = { ns: [] };
    await fill(open, url, prefixed(name, keys), cleanup);
  }
  // The first round is a warm-up.
  for (let round = -1; round < rounds; round += 1) {
    const tookMs = await readAlternately(opens, { url, keys, cleanup, atOnce });
    if (round < 0) continue;
    for (const [name, ms] of Object.entries(tookMs)) results[name]!.ns.push((ms * 1e6) / reads);
  }
  return results;
}

/**
 * Reads all keys through each of the caches, opened for this call, in turns of {@link TURN} reads: a slower moment of
 * the machine affects all of them.
 * @returns duration in milliseconds, by cache
 */
async function readAlternately(
  opens: Readonly<Record<string, OpenSubject>>,
  {
    url,
    keys,
    cleanup,
    atOnce,
  }: Pick<RedisReads, 'url' | 'cleanup' | 'atOnce'> & { keys: readonly string[] },
): Promise<Record<string, number>> {
  const contenders = Object.entries(opens).map(([name, open]) => {
    const { read, ready, close } = open(url, fail);
    return { name, read, ready, end: cleanup.add(close), keys: prefixed(name, keys), tookMs: 0 };
  });
  await Promise.all(contenders.map(({ ready }) => ready()));
  globalThis.gc?.();
  for (let start = 0; start < keys.length; start += TURN) {
    for (const contender of contenders) {
      const startedAt = performance.now();
      const turn = contender.keys.slice(start, start + TURN);
      if (atOnce) await Promise.all(turn.map((key) => contender.read(key)));
      else for (const key of turn) await contender.read(key);
      contender.tookMs += performance.now() - startedAt;
    }
  }
  await Promise.all(contenders.map(({ end }) => end()));
  return Object.fromEntries(contenders.map(({ name, tookMs }) => [name, tookMs]));
}

function prefixed(name: string, keys: readonly string[]): string[] {
  return keys.map((key) => `${name}:${key}`);
}

/** Reads each key once through a newly opened cache, so that it loads and stores them. */
async function fill(
  open: OpenSubject,
  url: string,
  keys: readonly string[],
  cleanup: Cleanup,
): Promise<void> {
  const { read, ready, close } = open(url, async () => ({ ...VALUE }));
  const end = cleanup.add(close);
  await ready();
  for (const key of keys) await read(key);
  await end();
}

/** The Redis client that Roundhouse uses, without a cache. */
const openBare: OpenSubject = (url, load) => {
  const client = createClient({ url });
  return {
    async read(key) {
      const text = await client.get(key);
      if (text !== null) return JSON.parse(text);
      const value = await load(key);
      await client.set(key, JSON.stringify(value), { EX: TTL_S });
      return value;
    },
    ready: () => client.connect(),
    close: () => client.close(),
  };
};
