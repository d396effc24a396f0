import { setTimeout as pause } from 'node:timers/promises';
import type { Bench, Row } from '../row.ts';
import { Cleanup } from '../support/cleanup.ts';
import { atMost, type Finding, type Target } from '../support/measure.ts';
import { startOrigin } from '../support/origin.ts';
import { type Reader, startReader } from '../support/reader.ts';
import { openRedis } from '../support/redis.ts';
import { GUARDED_SUBJECTS, OURS, SUBJECTS } from '../support/shared-subjects.ts';

const ORIGIN_MS = 10;
const TIMEOUT_MS = 5000;
/** Caches are measured one after another. The next one starts after this time, even if a cache hangs. */
const STAGGER_MS = 300;
const LATER = 5;

/** The command timeout, the origin's delay and a tolerance. */
const HANGS_TARGET = atMost(600);
/** Without a connection, a read does not wait for Redis. */
const HUNG_TARGET = atMost(100);

/** Reads of one cache while Redis hangs, with the durations of all rounds. */
interface Series {
  what: string;
  subject: string;
  target: Target | null;
  rounds: number[];
}

export const sharedHung: Row = {
  name: 'shared-hung',
  title: `A read while Redis hangs (SIGSTOP), origin ${ORIGIN_MS} ms, timeout ${TIMEOUT_MS / 1000} s`,
  async run({ quick, cleanup }: Bench): Promise<Finding[]> {
    const rounds = quick ? 1 : 3;
    const subjects = Object.keys({ ...SUBJECTS, ...GUARDED_SUBJECTS });
    const seriesOf = (what: string, target: Target) =>
      subjects.map(
        (subject): Series => ({
          what,
          subject,
          target: subject === OURS ? target : null,
          rounds: [],
        }),
      );
    const first = seriesOf('hangs while connected: first read', HANGS_TARGET);
    const later = seriesOf(`hangs while connected: read ${LATER} in sequence`, HUNG_TARGET);
    const atStart = seriesOf('hangs before the connection: first read', HUNG_TARGET);
    for (let round = 0; round < rounds; round += 1) await runRound(first, later, atStart, cleanup);
    return [first, later, atStart].flatMap((series) =>
      series.map(({ what, subject, target, rounds: measured }) => ({
        what: `${what}, ${subject}${measured.every((ms) => ms >= TIMEOUT_MS) ? ', timed out' : ''}`,
        unit: 'ms' as const,
        target,
        rounds: measured,
      })),
    );
  },
};

async function runRound(
  first: readonly Series[],
  later: readonly Series[],
  atStart: readonly Series[],
  rowCleanup: Cleanup,
): Promise<void> {
  const cleanup = new Cleanup();
  const end = rowCleanup.add(() => cleanup.run());
  const [hanging, hung] = [await openRedis(cleanup), await openRedis(cleanup)];
  const origin = await startOrigin(cleanup, ORIGIN_MS);
  const read = await startReader(cleanup, origin);
  for (const { subject } of first) {
    await read({ do: 'connect', subject, redisUrl: hanging.url });
    await timeOf(read, subject, hanging.url, 'before');
  }
  await hanging.kill('SIGSTOP');
  await hung.kill('SIGSTOP');
  const running: Promise<void>[] = [];
  for (const [index, series] of first.entries()) {
    running.push(readConnected(read, series, later[index]!, hanging.url));
    await Promise.race([running.at(-1), pause(STAGGER_MS)]);
  }
  for (const { subject, rounds } of atStart) {
    const timed = timeOf(read, subject, hung.url, 'first').then((ms) => void rounds.push(ms));
    running.push(timed);
    await Promise.race([timed, pause(STAGGER_MS)]);
  }
  await Promise.all(running);
  await end();
}

async function readConnected(read: Reader, first: Series, later: Series, url: string): Promise<void> {
  const { subject } = first;
  let ms = await timeOf(read, subject, url, 'read-1');
  first.rounds.push(ms);
  for (let count = 2; count <= LATER && ms < TIMEOUT_MS; count += 1) {
    ms = await timeOf(read, subject, url, `read-${count}`);
  }
  later.rounds.push(ms);
}

/** Duration in milliseconds of a read of an uncached key, or the timeout. */
async function timeOf(read: Reader, subject: string, redisUrl: string, name: string): Promise<number> {
  const key = `${subject}:${name}`;
  const command = { do: 'read', subject, redisUrl, key, readers: 1, timeoutMs: TIMEOUT_MS } as const;
  return (await read(command)).tookMs ?? TIMEOUT_MS;
}
