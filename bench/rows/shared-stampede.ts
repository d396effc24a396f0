import type { Bench, Row } from '../row.ts';
import { atMost, type Finding } from '../support/measure.ts';
import { startOrigin } from '../support/origin.ts';
import { type Reader, startReader } from '../support/reader.ts';
import { openRedis } from '../support/redis.ts';
import { OURS, SUBJECTS } from '../support/shared-subjects.ts';

const PROCESSES = 4;
const READERS = 50;
const ORIGIN_MS = 200;
const TIMEOUT_MS = 10_000;

export const sharedStampede: Row = {
  name: 'shared-stampede',
  title: `${PROCESSES} processes with ${READERS} concurrent reads each of one uncached key, origin ${ORIGIN_MS} ms`,
  async run({ quick, cleanup }: Bench): Promise<Finding[]> {
    const rounds = quick ? 2 : 11;
    const redisUrl = (await openRedis(cleanup)).url;
    const origin = await startOrigin(cleanup, ORIGIN_MS);
    const readers = await Promise.all(Array.from({ length: PROCESSES }, () => startReader(cleanup, origin)));
    const subjects = Object.keys(SUBJECTS).map((subject) => ({
      subject,
      calls: [] as number[],
      waits: [] as number[],
    }));
    await Promise.all(
      readers.flatMap((read) => subjects.map(({ subject }) => read({ do: 'connect', subject, redisUrl }))),
    );
    // The first round is a warm-up.
    for (let round = -1; round < rounds; round += 1) {
      for (const { subject, calls, waits } of subjects) {
        const key = `stampede:${subject}:${round}`;
        const longest = await stampede(readers, { subject, redisUrl, key });
        if (round < 0) continue;
        calls.push(origin.requestCount(`/${encodeURIComponent(key)}`));
        waits.push(longest);
      }
    }
    return subjects.flatMap(({ subject, calls, waits }): Finding[] => [
      {
        what: `${subject}: requests to the origin`,
        unit: 'count',
        target: subject === OURS ? atMost(1) : null,
        rounds: calls,
      },
      { what: `${subject}: longest wait`, unit: 'ms', target: null, rounds: waits },
    ]);
  },
};

/** @returns the longest wait of all readers in all processes, in milliseconds */
async function stampede(
  readers: readonly Reader[],
  { subject, redisUrl, key }: { subject: string; redisUrl: string; key: string },
): Promise<number> {
  const results = await Promise.all(
    readers.map((read) =>
      read({ do: 'read', subject, redisUrl, key, readers: READERS, timeoutMs: TIMEOUT_MS }),
    ),
  );
  return Math.max(
    ...results.map(({ tookMs }) => {
      if (tookMs === null) throw new Error(`${subject}: timed out after ${TIMEOUT_MS / 1000} s`);
      return tookMs;
    }),
  );
}
