import { setTimeout as pause } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { Bench, Row } from '../row.ts';
import { atMost, type Finding, type Target } from '../support/measure.ts';
import { createBento, createDedupe, createOurs, type Load, VALUE, type Value } from '../support/peers.ts';

const KEY = 'stats:total';
const TTL_S = 1;
const JUST_AFTER_MS = 1000 * TTL_S + 20;
/** Typical duration of a read of many engines. */
const LOAD_MS = 200;
/** A read waits at least as long as the load takes; the rest is calling and settling all reads. */
const ONE_LOAD = atMost(1.1);

/** A cache under test. */
interface Subject {
  name: string;
  /** Time after which an entry has certainly expired. */
  expiredAfterMs: number;
  targets: { loads: Target; wait: Target } | null;
  open(load: Load): { read(): Promise<unknown>; close(): unknown };
}

const SUBJECTS: readonly Subject[] = [
  ours('getOrLoad', { refreshAhead: false }),
  ours('getOrLoad with refresh-ahead', { refreshAhead: true }),
  {
    name: 'BentoCache getOrSet',
    expiredAfterMs: JUST_AFTER_MS,
    targets: null,
    open(load) {
      const bento = createBento();
      const options = { key: KEY, ttl: 1000 * TTL_S, factory: load };
      return { read: () => bento.getOrSet(options), close: () => bento.disconnectAll() };
    },
  },
  {
    name: 'async-cache-dedupe',
    // Its TTLs are whole seconds, and it reads the clock once a second.
    expiredAfterMs: 1000 * TTL_S + 1050,
    targets: null,
    open(load) {
      const cache = createDedupe(load, TTL_S);
      return { read: () => cache.read(KEY), close() {} };
    },
  },
  {
    name: 'lru-cache fetch',
    expiredAfterMs: JUST_AFTER_MS,
    targets: null,
    open(load) {
      const cache = new LRUCache<string, Value>({ max: 100, ttl: 1000 * TTL_S, fetchMethod: load });
      return { read: () => cache.fetch(KEY), close() {} };
    },
  },
];

function ours(name: string, options: { refreshAhead: boolean }): Subject {
  return {
    name,
    expiredAfterMs: JUST_AFTER_MS,
    targets: { loads: atMost(1), wait: ONE_LOAD },
    open(load) {
      const cache = createOurs(options);
      return { read: () => cache.getOrLoad(KEY, load, { ttlS: TTL_S }), close: () => cache.close() };
    },
  };
}

export const expiry: Row = {
  name: 'expiry',
  title: '10,000 concurrent reads of an expired entry, in process',
  async run({ quick }: Bench): Promise<Finding[]> {
    const rounds = quick ? 1 : 3;
    const calls = quick ? 1000 : 10_000;
    const bursts = SUBJECTS.map((subject) => ({ subject, loads: [] as number[], waits: [] as number[] }));
    for (let round = 0; round < rounds; round += 1) {
      for (const { subject, loads, waits } of bursts) {
        const burst = await runBurst(subject, calls);
        loads.push(burst.loads);
        waits.push(burst.longestWaitMs / burst.loadMs);
      }
    }
    return bursts.flatMap(({ subject: { name, targets }, loads, waits }): Finding[] => [
      { what: `${name}: loads`, unit: 'count', target: targets?.loads ?? null, rounds: loads },
      { what: `${name}: longest wait ÷ load`, unit: '×', target: targets?.wait ?? null, rounds: waits },
    ]);
  },
};

/** A slow source that records the duration of each load. */
class SlowSource {
  readonly tookMs: number[] = [];
  #last: Promise<Value> | undefined;

  readonly load: Load = () => {
    this.#last = this.#run();
    return this.#last;
  };

  /** Resolves when the latest load has ended. */
  async idle(): Promise<void> {
    await this.#last;
  }

  async #run(): Promise<Value> {
    const startedAt = performance.now();
    await pause(LOAD_MS);
    this.tookMs.push(performance.now() - startedAt);
    return { ...VALUE };
  }
}

async function runBurst(subject: Subject, calls: number) {
  const source = new SlowSource();
  const { read, close } = subject.open(source.load);
  await read();
  source.tookMs.length = 0;
  await pause(subject.expiredAfterMs);
  const longestWaitMs = await longestOf(read, calls);
  await source.idle();
  await close();
  if (source.tookMs.length === 0) throw new Error(`${subject.name}: the entry had not expired`);
  return { loads: source.tookMs.length, loadMs: Math.max(...source.tookMs), longestWaitMs };
}

/** Makes all calls in one turn of the event loop. Returns the longest time from a call to its result. */
async function longestOf(read: () => Promise<unknown>, calls: number): Promise<number> {
  let longest = 0;
  const results = Array.from({ length: calls }, async () => {
    const startedAt = performance.now();
    await read();
    longest = Math.max(longest, performance.now() - startedAt);
  });
  await Promise.all(results);
  return longest;
}
