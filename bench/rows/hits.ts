import { LRUCache } from 'lru-cache';
import type { Bench, Row } from '../row.ts';
import { atLeast, type Finding } from '../support/measure.ts';
import { createBento, createDedupe, createOurs, VALUE, type Value } from '../support/peers.ts';
import { type Contender, race, speedRatios, timeFindings } from '../support/race.ts';

const TTL_S = 3600;
/** About as many as a panel reads, and a power of two. */
const KEYS = Array.from({ length: 16 }, (_, index) => `stats:engine:${index}`);
const MASK = KEYS.length - 1;

export const hits: Row = {
  name: 'hits',
  title: 'A hit, in process',
  async run({ quick }: Bench): Promise<Finding[]> {
    const rounds = quick ? 2 : 15;
    const scale = quick ? 0.05 : 1;
    const loading = await loadingContenders();
    await race(Object.values(loading), rounds, 300_000 * scale);
    const plain = plainContenders();
    await race(Object.values(plain), rounds, 4_000_000 * scale);
    const target = atLeast(3);
    return [
      {
        what: 'getOrLoad: speed ÷ BentoCache getOrSet (memory, values not serialised)',
        unit: '×',
        target,
        rounds: speedRatios(loading.ours, loading.bento),
      },
      {
        what: 'getOrLoad: speed ÷ async-cache-dedupe (memory)',
        unit: '×',
        target,
        rounds: speedRatios(loading.ours, loading.dedupe),
      },
      {
        what: 'get: speed ÷ lru-cache get with a TTL',
        unit: '×',
        target: atLeast(0.5),
        rounds: speedRatios(plain.ours, plain.lru),
      },
      ...timeFindings({ 'getOrLoad, awaited': loading.ours, 'BentoCache getOrSet, awaited': loading.bento }),
      ...timeFindings({
        'async-cache-dedupe, awaited': loading.dedupe,
        get: plain.ours,
        'lru-cache get': plain.lru,
      }),
    ];
  },
};

const fail = async (): Promise<Value> => {
  throw new Error('unexpected miss');
};

/** All caches are filled first. A later load throws. */
async function loadingContenders(): Promise<Record<'ours' | 'bento' | 'dedupe', Contender>> {
  const ours = createOurs({ refreshAhead: true });
  const bento = createBento();
  let load = async () => ({ ...VALUE });
  const dedupe = createDedupe(() => load(), TTL_S);
  for (const key of KEYS) {
    ours.set(key, { ...VALUE }, { ttlS: TTL_S });
    await bento.set({ key, value: { ...VALUE }, ttl: 1000 * TTL_S });
    await dedupe.read(key);
  }
  load = fail;
  const options = { ttlS: TTL_S };
  const bentoOptions = KEYS.map((key) => ({ key, ttl: 1000 * TTL_S, factory: fail }));
  return {
    ours: {
      ns: [],
      loop: async (reads) => {
        let sum = 0;
        for (let i = 0; i < reads; i += 1) {
          sum += (await ours.getOrLoad(KEYS[i & MASK]!, fail, options)).container_count;
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
    dedupe: {
      ns: [],
      loop: async (reads) => {
        let sum = 0;
        for (let i = 0; i < reads; i += 1) sum += (await dedupe.read(KEYS[i & MASK]!)).container_count;
        return sum;
      },
    },
  };
}

function plainContenders(): Record<'ours' | 'lru', Contender> {
  const ours = createOurs({ refreshAhead: true });
  const lru = new LRUCache<string, Value>({ max: 10_000, ttl: 1000 * TTL_S });
  for (const key of KEYS) {
    ours.set(key, { ...VALUE }, { ttlS: TTL_S });
    lru.set(key, { ...VALUE });
  }
  return {
    ours: {
      ns: [],
      loop: (reads) => {
        let sum = 0;
        for (let i = 0; i < reads; i += 1) sum += ours.get(KEYS[i & MASK]!)!.container_count;
        return sum;
      },
    },
    lru: {
      ns: [],
      loop: (reads) => {
        let sum = 0;
        for (let i = 0; i < reads; i += 1) sum += lru.get(KEYS[i & MASK]!)!.container_count;
        return sum;
      },
    },
  };
}
