import { createCache } from 'async-cache-dedupe';
import { cachedResult } from '../../src/library/result-cache/index.ts';
import type { Bench, Row } from '../row.ts';
import { atLeast, type Finding } from '../support/measure.ts';
import { VALUE, type Value } from '../support/peers.ts';
import { type Contender, race, speedRatios, timeFindings } from '../support/race.ts';

/** Different arguments, a power of two. */
const CALLS = 16;
const MASK = CALLS - 1;
const TTL_S = 3600;
const PEER = 'async-cache-dedupe';

interface Query {
  id: number;
  lang: string;
  page: number;
}

const NUMBERS = Array.from({ length: CALLS }, (_, id) => id);
const QUERIES: Query[] = NUMBERS.map((id) => ({ id, lang: 'en', page: 1 }));

async function find(_argument: number | Query): Promise<Value> {
  return VALUE;
}

export const resultHits: Row = {
  name: 'result-hits',
  title: 'A hit of a cached function, in process',
  async run({ quick }: Bench): Promise<Finding[]> {
    // Each contender has its own cache and loop: see `Loop`.
    const number = { ours: ourNumbers(), peer: peerNumbers() };
    const object = { ours: ourObjects(), peer: peerObjects() };
    await race([number.ours, number.peer], quick ? 2 : 15, quick ? 2000 : 100_000);
    await race([object.ours, object.peer], quick ? 2 : 15, quick ? 2000 : 100_000);
    return [
      {
        what: `cachedResult, a number as its argument: speed ÷ ${PEER}`,
        unit: '×',
        target: atLeast(2),
        rounds: speedRatios(number.ours, number.peer),
      },
      {
        what: `cachedResult, an object of 3 properties: speed ÷ ${PEER}`,
        unit: '×',
        target: atLeast(2),
        rounds: speedRatios(object.ours, object.peer),
      },
      ...timeFindings({
        'cachedResult, a number': number.ours,
        [`${PEER}, a number`]: number.peer,
        'cachedResult, an object': object.ours,
        [`${PEER}, an object`]: object.peer,
      }),
    ];
  },
};

function ourNumbers(): Contender {
  const cached = cachedResult(find, { ttlS: TTL_S });
  return {
    ns: [],
    loop: async (reads) => {
      let sum = 0;
      for (let i = 0; i < reads; i += 1) sum += (await cached(NUMBERS[i & MASK]!)).container_count;
      return sum;
    },
  };
}

function ourObjects(): Contender {
  const cached = cachedResult(find, { ttlS: TTL_S });
  return {
    ns: [],
    loop: async (reads) => {
      let sum = 0;
      for (let i = 0; i < reads; i += 1) sum += (await cached(QUERIES[i & MASK]!)).container_count;
      return sum;
    },
  };
}

function peerNumbers(): Contender {
  const cached = createCache({ ttl: TTL_S, storage: { type: 'memory' } }).define('find', (id: number) =>
    find(id),
  );
  return {
    ns: [],
    loop: async (reads) => {
      let sum = 0;
      for (let i = 0; i < reads; i += 1) sum += (await cached.find(NUMBERS[i & MASK]!)).container_count;
      return sum;
    },
  };
}

function peerObjects(): Contender {
  const cached = createCache({ ttl: TTL_S, storage: { type: 'memory' } }).define('find', (query: Query) =>
    find(query),
  );
  return {
    ns: [],
    loop: async (reads) => {
      let sum = 0;
      for (let i = 0; i < reads; i += 1) sum += (await cached.find(QUERIES[i & MASK]!)).container_count;
      return sum;
    },
  };
}
